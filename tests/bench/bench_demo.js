// What `make demo` costs in a fresh clone: seconds, and memory of all its processes together.
//
//   node tests/bench/bench_demo.js                               -> demo.csv
//
// The clone is of HEAD, so what is not committed is not measured. Memory is sampled from /proc, so it
// needs Linux; elsewhere, or to check one process:  /usr/bin/time -v make demo
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WORK, inRepository, report, run } from './bench_tools.js';

const LIMIT = { seconds: 300, megabytes: 2000 };
const SAMPLE_MS = 100;
const CLONE = `${WORK}/demo_clone`;

const read = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process has ended
  }
};

/** Name, parent and resident megabytes (now, and at most so far) of every process. */
function* processes() {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = read(`/proc/${pid}/status`);
    const field = (name) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    const megabytes = (name) => (Number(field(name) ?? 0) * 1024) / 1e6; // given in KiB
    yield {
      pid: Number(pid),
      parent: Number(field('PPid')),
      name: field('Name'),
      now: megabytes('VmRSS'),
      most: megabytes('VmHWM'),
    };
  }
}

function familyOf(pid) {
  const all = [...processes()];
  const family = all.filter((process) => process.pid === pid);
  for (const member of family) {
    family.push(...all.filter(({ parent }) => parent === member.pid));
  }
  return family;
}

rmSync(CLONE, { recursive: true, force: true });
run('git', ['clone', '--quiet', inRepository('.'), CLONE]);
const begin = performance.now();
const child = spawn('make', ['demo'], { cwd: CLONE, stdio: ['ignore', 'inherit', 'inherit'] });
let status;
child.on('close', (code, signal) => (status = code ?? signal));
let together = 0;
const most = new Map(); // of one process, by name
while (status === undefined) {
  const family = familyOf(child.pid);
  together = Math.max(
    together,
    family.reduce((sum, { now }) => sum + now, 0),
  );
  for (const process of family) {
    most.set(process.name, Math.max(most.get(process.name) ?? 0, process.most));
  }
  await sleep(SAMPLE_MS);
}
const seconds = (performance.now() - begin) / 1000;
if (status !== 0) throw new Error(`make demo ended with ${status}`);

const { stages } = JSON.parse(readFileSync(`${CLONE}/build/demo/npm.json`, 'utf8'));
const largest = [...most].sort(([, a], [, b]) => b - a).slice(0, 4);
report(
  'demo.csv',
  ['what', 'value', 'unit', 'limit'],
  [
    ['make demo in a fresh clone', seconds.toFixed(0), 's', LIMIT.seconds],
    ...stages.map(({ stage, seconds }) => [`stage ${stage}`, seconds.toFixed(1), 's', '']),
    ['memory of all processes together', together.toFixed(0), 'MB', LIMIT.megabytes],
    ...largest.map(([name, value]) => [`memory of ${name}, at most`, value.toFixed(0), 'MB', '']),
  ],
);
rmSync(CLONE, { recursive: true, force: true });
