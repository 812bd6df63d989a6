// The snapshots that several tests share: a generated log through the public command, once.
// Rebuilt when the trainer or the generator is newer. Test files run at the same time, so the first one
// to take the lock builds and the others wait.
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generatedItems, generatedLog } from './generated_log.js';
import { tasteItems, tasteLog } from './taste_log.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const run = promisify(execFile);

export const SHAPE = { seed: 1, items: 300, clusters: 12, sessions: 1200 };
const FOLDER = path('build/test');

const GENERATED = {
  name: 'generated',
  generator: 'generated_log.js',
  log: () => generatedLog(SHAPE),
  items: () => generatedItems(SHAPE),
  // They would not ship: where clusters are all there is to learn they do not beat the blend.
  config: { train: { rankerCases: 0 } },
};

// The rankers are made short: what is told of them is what they have learnt, not how well.
const TASTE = {
  name: 'taste',
  generator: 'taste_log.js',
  log: () => tasteLog(),
  items: () => tasteItems(),
  config: {
    train: {
      ...{ dim: 16, sgnsEpochs: 1, encoderEpochs: 0, validationCases: 100 },
      ...{ rankerCases: 500, rankerEpochs: 20 },
    },
  },
};

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isFresh({ name, generator }) {
  const inputs = [
    path('build/native/reckon-cli'),
    path(`tests/data/${generator}`),
    fileURLToPath(import.meta.url),
  ];
  return inputs.every((input) => modified(input) < modified(`${FOLDER}/${name}.rk`));
}

function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function ownerIsGone(lock) {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function build({ name, log, items, config }) {
  const write = (suffix, text) => {
    writeFileSync(`${FOLDER}/${name}${suffix}`, text);
    return `${name}${suffix}`;
  };
  const files = [write('.csv', log()), '--items', write('_items.csv', items())];
  if (config) files.push('--config', write('.config.json', JSON.stringify(config)));
  const command = path('js-bindings/cli/bin/reckon.js');
  const options = ['--out', `${name}.rk`, '--region', 'test', '--seed', '1'];
  await run(process.execPath, [command, 'build', ...files, ...options], { cwd: FOLDER });
}

async function built(what) {
  const lock = `${FOLDER}/${what.name}.lock`;
  mkdirSync(FOLDER, { recursive: true });
  while (!isFresh(what)) {
    if (tryLock(lock)) {
      try {
        if (!isFresh(what)) await build(what);
      } finally {
        rmSync(lock, { force: true });
      }
      break;
    }
    if (ownerIsGone(lock)) rmSync(lock, { force: true });
    await sleep(100);
  }
  return `${FOLDER}/${what.name}.rk`;
}

/** Path of the snapshot of generated_log.js. */
export const generatedSnapshot = () => built(GENERATED);

/** Path of the snapshot of taste_log.js, which has rankers: tasks like, click and see_less, attribute kind. */
export const tasteSnapshot = () => built(TASTE);

/** A new seed a run, printed so that a failure can be repeated: TEST_SEED=… */
export function runSeed() {
  const seed = Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`seed of this run: ${seed} (repeat with TEST_SEED=${seed})`);
  return seed;
}
