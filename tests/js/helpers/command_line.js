// Runs the command as a user does, and its reading part by itself, each in a folder that goes away.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseMapOptions } from '../../../js-bindings/cli/dist/column_map.js';
import { DEFAULT_CONFIG, parseConfig } from '../../../js-bindings/cli/dist/config.js';
import { Duck } from '../../../js-bindings/cli/dist/duck.js';
import { writeEventsFile } from '../../../js-bindings/cli/dist/events_file.js';
import { readEvents as readLog } from '../../../js-bindings/cli/dist/read_events.js';
import { readEvents } from '../../reader/reader.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
const RECKON = path.join(root, 'js-bindings/cli/bin/reckon.js');
export const NATIVE = path.join(root, 'build/native/reckon-cli');
export const WASI = path.join(root, 'build/wasi/reckon-cli.wasm');
export const goldenFolder = path.join(root, 'tests/golden');

/** A folder for one test. */
export function folderFor(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'reckon-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files: { name: content }; `.gz` names are compressed. */
export function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const bytes = name.endsWith('.gz') ? gzipSync(content) : content;
    writeFileSync(path.join(folder, name), bytes);
  }
}

/** Runs `reckon ARGS` in a folder and waits. */
export function reckon(folder, args, { env = {} } = {}) {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [RECKON, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

/** Starts `reckon ARGS` and leaves it running. */
export const startReckon = (folder, args, env = {}) =>
  spawn(process.execPath, [RECKON, ...args], { cwd: folder, env: { ...process.env, ...env } });

export const namesIn = (folder) => readdirSync(folder).sort();

/** Reads events as `reckon build` does, through an events file and the independent reader. */
export async function read(folder, events, { map = [], config, region = 'test', ...more } = {}) {
  const notes = [];
  const inFolder = (file) => (/^\s*select /i.test(file) ? file : path.join(folder, file));
  const duck = await Duck.open(path.join(folder, 'spill'));
  let log;
  try {
    log = await readLog(duck, {
      events: inFolder(events),
      ...(more.test && { test: inFolder(more.test) }),
      ...(more.items && { items: inFolder(more.items) }),
      map: parseMapOptions([map].flat()),
      config: config ? parseConfig(JSON.stringify(config), 'config') : DEFAULT_CONFIG,
      note: (text) => notes.push(text),
    });
  } finally {
    duck.close();
  }
  const file = path.join(folder, 'log.rkev');
  rmSync(file, { force: true });
  await writeEventsFile(file, log, region);
  return { ...readEvents(readFileSync(file)), notes: notes.join('\n'), log };
}

/** Rows as a person sees them: [user, item, labels, time]. */
export function rowsOf({ user, item, label, time, users, items, types }) {
  return user.map((_, row) => [
    users[user[row]],
    items[item[row]],
    types.filter((_, type) => label[row] & (1 << type)).join('+'),
    ...(time ? [time[row]] : []),
  ]);
}

export const trainersBuilt = () => ({ native: existsSync(NATIVE), wasi: existsSync(WASI) });
