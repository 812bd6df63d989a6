// The snapshot that tests of the engine share: a generated log through the public command, once.
// Rebuilt when the trainer or the generator is newer. Test files run at the same time, so the first one
// to take the lock builds and the others wait.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generatedItems, generatedLog } from './generated_log.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const run = promisify(execFile);

export const SHAPE = { seed: 1, items: 300, clusters: 12, sessions: 1200 };
const FOLDER = path('build/test');
const SNAPSHOT = `${FOLDER}/generated.rk`;
const LOCK = `${FOLDER}/generated.lock`;
const INPUTS = [path('build/native/reckon-cli'), path('tests/data/generated_log.js')];

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
const isFresh = () => INPUTS.every((input) => modified(input) < modified(SNAPSHOT));

function tryLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function ownerIsGone() {
  try {
    process.kill(Number(readFileSync(LOCK, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function build() {
  writeFileSync(`${FOLDER}/generated.csv`, generatedLog(SHAPE));
  writeFileSync(`${FOLDER}/generated_items.csv`, generatedItems(SHAPE));
  const command = path('js-bindings/cli/bin/reckon.js');
  const files = ['generated.csv', '--items', 'generated_items.csv', '--out', 'generated.rk'];
  await run(process.execPath, [command, 'build', ...files, '--region', 'test', '--seed', '1'], {
    cwd: FOLDER,
  });
}

/** Path of the snapshot. */
export async function generatedSnapshot() {
  mkdirSync(FOLDER, { recursive: true });
  while (!isFresh()) {
    if (tryLock()) {
      try {
        if (!isFresh()) await build();
        return SNAPSHOT;
      } finally {
        rmSync(LOCK, { force: true });
      }
    }
    if (ownerIsGone()) rmSync(LOCK, { force: true });
    await sleep(100);
  }
  return SNAPSHOT;
}

/** A new seed a run, printed so that a failure can be repeated: TEST_SEED=… */
export function runSeed() {
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`seed of this run: ${seed} (repeat with TEST_SEED=${seed})`);
  return seed;
}
