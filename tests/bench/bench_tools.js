// What every bench shares: where things are, inputs made through the public command, one line about the
// machine, and CSV files beside the scripts. Numbers of different runs are never compared.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

export const inRepository = (place) => fileURLToPath(new URL(`../../${place}`, import.meta.url));
const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
export const WORK = inRepository('build/bench');

// ---- running things ------------------------------------------------------------------------------

/** Runs a program; its stderr is ours. Returns stdout; a failure ends the bench. */
export function run(program, args, env = {}) {
  const { status, signal, stdout, error } = spawnSync(program, args, {
    cwd: inRepository('.'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  const how = error?.message ?? `ended with ${status ?? signal}`;
  throw new Error(`${program} ${args.join(' ')}: ${how}`);
}

/** The Makefile's targets. */
export const make = (...targets) => run('make', ['--no-print-directory', '-s', ...targets]);

const RECKON = inRepository('js-bindings/cli/bin/reckon.js');
/** The public command. */
export const reckon = (...args) => run(process.execPath, [RECKON, ...args]);

/** One of the C programs under build/: native, or a module under WASI. */
export function runC(program, ...args) {
  const file = inRepository(`build/${program}`);
  if (!file.endsWith('.wasm')) return run(file, args);
  return run(process.execPath, [
    '--no-warnings',
    inRepository('tests/bench/wasi_main.js'),
    file,
    ...args,
  ]);
}

export const THREADS = availableParallelism();

/** What `--name value` says, else `fallback`. */
export function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? fallback : process.argv[at + 1];
}

/** --seed, else a new one; always printed. */
export function benchSeed() {
  const seed = Number(option('seed', Math.floor(Math.random() * 2 ** 32)));
  console.log(`seed ${seed} (again: --seed ${seed})`);
  return seed;
}

// ---- numbers -------------------------------------------------------------------------------------

/** Value below which `share` of the values lie. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
export const median = (values) => quantile(values, 0.5);

// ---- tables --------------------------------------------------------------------------------------

/** Cores, processor and Node: what a figure depends on. No host name, no path. */
export function machineLine() {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return `${THREADS} cores, ${model}, Node ${process.version}, ${process.platform} ${process.arch}`;
}

const csvField = (value) =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);

/** Prints rows as a table and writes them to tests/bench/`name`. `about`: more of the first line. */
export function report(name, columns, rows, about = '') {
  const widths = columns.map((column, c) =>
    Math.max(column.length, ...rows.map((row) => String(row[c]).length)),
  );
  const line = (row) =>
    row
      .map((value, c) => String(value).padEnd(widths[c]))
      .join('  ')
      .trimEnd();
  const first = `# ${machineLine()}${about === '' ? '' : `; ${about}`}`;
  console.log([first, line(columns), ...rows.map(line), ''].join('\n'));
  const lines = [columns, ...rows].map((row) => row.map(csvField).join(','));
  writeFileSync(beside(name), `${[first, ...lines].join('\n')}\n`);
}

// ---- inputs --------------------------------------------------------------------------------------

/** The npm graph as CSV, where the demo keeps it: both events or one of them. */
export async function npmGraph(event) {
  const { writeNpmGraph } = await import('../../demo-site/data/npm-graph.js');
  const file = event ? `${WORK}/npm-${event}.csv.gz` : inRepository('build/demo/npm-events.csv.gz');
  await writeNpmGraph(file, event && [event]);
  return file;
}

/** A shared data set's file, or undefined where the folder is absent. */
export function sharedData(place) {
  const folder = process.env.RECKON_SHARED_DATA ?? inRepository('../shared/data');
  const file = `${folder}/${place}`;
  return existsSync(file) ? file : undefined;
}

/** How the demo reads and trains. */
export const NPM_CONFIG = inRepository('demo-site/data/npm.config.json');

/** The demo's snapshot, built if it is not there or old. */
export function npmSnapshot() {
  run(process.execPath, [inRepository('demo-site/data/demo.js')]);
  return inRepository('build/demo/npm.rk');
}

/** The events file that the command makes of a log for the trainer, kept. `options`: the command's. */
export function eventsFile(log, name, ...options) {
  const file = `${WORK}/${name}.rkev`;
  if (modified(file) > modified(log)) return file;
  const env = {
    RECKON_NATIVE_CLI: inRepository('tests/bench/keep_events.sh'),
    KEEP_EVENTS_AS: file,
    KEEP_EVENTS_TRAINER: inRepository('build/native/reckon-cli'),
  };
  const args = ['evaluate', log, '--protocol', 'sessions', '--trainer', 'native', '--json'];
  run(process.execPath, [RECKON, ...args, ...options], env);
  return file;
}

const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** The lines of a program's CSV, split. */
export const csvRows = (text) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.split(','));

mkdirSync(WORK, { recursive: true });
