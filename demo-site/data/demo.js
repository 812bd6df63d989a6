// `make demo`, once the toolchain is there: the npm dependency graph into a snapshot, through the public
// command; what was built; and what it recommends for three projects.
//
//   node demo-site/data/demo.js [FOLDER]         default: build/demo
//
// A second run builds nothing as long as the snapshot is newer than what it was made from.
import { spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpmGraph } from './npm-graph.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const RECKON = path.join(root, 'js-bindings/cli/bin/reckon.js');
const CONFIG = path.join(here, 'npm.config.json');
const TRAINERS = ['build/native/reckon-cli', 'build/wasi/reckon-cli.wasm'];

const PROJECTS = [
  { title: 'An Express server', event: 'depend', items: ['express', 'body-parser', 'mongoose'] },
  { title: 'A React app', event: 'depend', items: ['react', 'react-dom', 'redux'] },
  { title: 'A gulp build', event: 'dev', items: ['gulp', 'gulp-sass', 'gulp-uglify'] },
];
const ANSWERS = 8;

const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR;
const bold = (text) => (isTerminal ? `\x1b[1m${text}\x1b[0m` : text);
const dim = (text) => (isTerminal ? `\x1b[2m${text}\x1b[0m` : text);
const number = (value) => value.toLocaleString('en-US');

/** Runs the public command; its stderr (progress, notes) is shown, its stdout is JSON. */
function reckon(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [RECKON, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(Buffer.concat(chunks).toString()));
      else reject(new Error(`reckon ${args[0]} ended with status ${status}`));
    });
  });
}

const changedMs = (file) =>
  stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

async function isUpToDate(made, inputs) {
  const times = await Promise.all(made.map(changedMs));
  if (times.includes(undefined)) return false;
  const newest = Math.max(...(await Promise.all(inputs.map(changedMs))).map((ms) => ms ?? 0));
  return Math.min(...times) >= newest;
}

/** What was built, now or by an earlier run, as `reckon build --json` says it. */
async function build(folder) {
  const events = path.join(folder, 'npm-events.csv.gz');
  const snapshot = path.join(folder, 'npm.rk');
  const summary = path.join(folder, 'npm.json');
  const graph = await writeNpmGraph(path.join(root, events));
  console.log(`${events}: ${number(graph.rows)} rows${graph.written ? '' : ', already there'}`);
  const inputs = [events, ...TRAINERS].map((file) => path.join(root, file));
  if (await isUpToDate([snapshot, summary], [CONFIG, ...inputs])) {
    console.log(`${snapshot}: up to date`);
    return JSON.parse(await readFile(summary, 'utf8'));
  }
  const config = path.relative('', CONFIG);
  console.log(`reckon build ${events} --config ${config} --out ${snapshot}`);
  const built = await reckon('build', events, '--config', config, '--out', snapshot, '--json');
  await writeFile(summary, JSON.stringify(built));
  return built;
}

function printBuilt({ snapshot, items, events, sessions, bytes, bytesPerItem, ...rest }) {
  const megabytes = (bytes / 1e6).toFixed(1);
  const { core, vectors, text, all } = bytesPerItem;
  console.log(`\n${bold(snapshot)}`);
  printFact('events', `${number(events)} in ${number(sessions)} packages`);
  printFact('items', number(items));
  printFact(
    'size',
    `${megabytes} MB, ${all} bytes an item (core ${core}, vectors ${vectors}, text ${text})`,
  );
  const stages = rest.stages.map(({ stage, seconds }) => `${stage} ${seconds.toFixed(1)}`);
  printFact('seconds', `${stages.join(', ')} (${rest.trainer})`);
  const { validation } = rest.report;
  const quality = ['blend', 'cooccurrence', 'popular'].flatMap((method) => {
    const rate = validation[method]?.['hr@10'];
    return rate === undefined ? [] : `${method} ${rate.toFixed(3)}`;
  });
  printFact(
    'HR@10',
    `${quality.join(', ')}, one item of ${number(validation.cases)} packages hidden`,
  );
}

const printFact = (name, value) => console.log(`  ${dim(name.padEnd(8))} ${value}`);

async function printProject(snapshot, { title, event, items }) {
  const session = items.map((item) => `${event}:${item}`).join(' ');
  const args = ['recommend', snapshot, '--session', session, '-n', String(ANSWERS), '--json'];
  const answer = await reckon(...args);
  console.log(`\n${bold(title)}  ${dim(items.join('  '))}`);
  const width = Math.max(...answer.items.map(({ item }) => item.length));
  for (const { rank, item, score, sources } of answer.items) {
    const why = sources.map(({ name, rank }) => `${name} #${rank}`).join(', ');
    const cells = [String(rank).padStart(4), item.padEnd(width), score.toFixed(3).padStart(6)];
    console.log(`${cells.join('  ')}  ${dim(why)}`);
  }
}

async function main() {
  process.chdir(root);
  const folder = process.argv[2] ?? 'build/demo';
  await mkdir(folder, { recursive: true });
  const built = await build(folder);
  printBuilt(built);
  for (const project of PROJECTS) await printProject(built.snapshot, project);
  console.log(
    dim('\nTry your own: npx reckon recommend ' + built.snapshot + ' --session "koa koa-router"'),
  );
}

// A reader that went away (`make demo | head`) is no failure.
process.stdout.on('error', () => process.exit());
try {
  await main();
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
}
