// reckon off-policy: estimates of generated logs whose answer and effective size are known, what the log cannot say,
// refusals by row and column; and the Open Bandit logs where they lie.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import path from 'node:path';
import { existsSync } from 'node:fs';
import { folderFor, reckon, root, trainersBuilt, write } from './helpers/command_line.js';

/** `shown` rows of arm a, the rest of arm b; each arm's propensity is its share. */
function twoArms(rows, shown, reward = (i) => Number(i % 7 === 0)) {
  const lines = Array.from({ length: rows }, (_, i) =>
    i < shown ? `a,${shown / rows},${reward(i)}` : `b,${1 - shown / rows},${reward(i)}`,
  );
  return `arm,pscore,clicked\n${lines.join('\n')}\n`;
}
const ONLY_A = 'action,probability\na,1\n';

function ask(folder, log, ...args) {
  const answer = reckon(folder, ['off-policy', log, '--json', ...args]);
  assert.equal(answer.status, 0, answer.stderr);
  return JSON.parse(answer.stdout);
}
function refused(folder, files, args, message, status = 1) {
  write(folder, files);
  const answer = reckon(folder, ['off-policy', ...args]);
  assert.equal(answer.status, status, answer.stderr);
  assert.equal(answer.stdout, '');
  assert.match(answer.stderr.split('\n')[0], message);
}
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a}, expected ${b}`);

test('a log of known effective size: the mean of the rows that the policy keeps', (t) => {
  const folder = folderFor(t);
  write(folder, { 'log.csv': twoArms(4000, 300), 'few.csv': twoArms(4000, 60), 'p.csv': ONLY_A });
  const good = ask(folder, 'log.csv', '--policy', 'p.csv');
  near(good.effective, 300);
  near(good.mean_weight, 1);
  near(good.largest_share, 1 / 300);
  near(good.logged, 572 / 4000);
  near(good.estimates.ips.value, 43 / 300); // 0, 7, …, 294
  near(good.estimates.snips.value, 43 / 300);
  assert.ok(good.estimates.dr.low < 43 / 300 && good.estimates.dr.high > 43 / 300);
  assert.deepEqual(good.warnings, []);
  const few = ask(folder, 'few.csv', '--policy', 'p.csv');
  near(few.effective, 60);
  assert.match(few.warnings.join(), /worth 60\.0 of its 4000 rows .* cannot say/);
  // The policy that made the log: every weight is 1, every estimate what was earned.
  const own = ask(folder, 'log.csv', '--policy', 'column:pscore');
  near(own.effective, 4000);
  for (const name of ['ips', 'snips']) near(own.estimates[name].value, own.logged);
  assert.deepEqual(own.estimates.dm, { value: null, low: null, high: null });
  const uniform = ask(folder, 'log.csv', '--policy', 'uniform');
  write(folder, { 'half.csv': 'item,prob\nb,0.5\na,0.5\n' });
  assert.deepEqual(ask(folder, 'log.csv', '--policy', 'half.csv').estimates, uniform.estimates);
});

test('what the log never shows is said', (t) => {
  const folder = folderFor(t);
  write(folder, {
    'log.csv': twoArms(1000, 500),
    'p.csv': 'action,probability\na,0.4\nb,0.35\nz,0.25\n',
  });
  const answer = ask(folder, 'log.csv', '--policy', 'p.csv');
  assert.equal(answer.unsupported, 0.25);
  assert.match(answer.warnings.at(-1), /25 % of its choices to actions that the log never shows/);
  assert.match(answer.warnings[0], /mean of 0\.8 instead of 1/);
  const { stdout } = reckon(folder, ['off-policy', 'log.csv', '--policy', 'p.csv']);
  assert.match(stdout, /^warning: the policy gives 25 %/m);
  assert.match(stdout, /^SNIPS +0\.\d+ +0\.\d+ +0\.\d+$/m);
});

test('columns, formats, positions', (t) => {
  const folder = folderFor(t);
  const rows = ['x,0.5,true,1', 'y,0.5,false,1', 'x,0.5,false,2', 'x,0.25,true,2'];
  write(folder, {
    'log.csv.gz': `it,p,good,slot\n${rows.join('\n')}\n`,
    'log.jsonl': rows
      .map((row) => row.split(','))
      .map(([action, propensity, reward, position]) =>
        JSON.stringify({
          action,
          propensity: Number(propensity),
          reward: reward === 'true',
          position,
        }),
      )
      .join('\n'),
  });
  const map = ['--map', 'action=it,propensity=p,reward=good'];
  const all = ask(folder, 'log.csv.gz', '--policy', 'uniform', ...map);
  near(all.estimates.ips.value, (1 + 0 + 0 + 2) / 4);
  assert.deepEqual(ask(folder, 'log.jsonl', '--policy', 'uniform').estimates, all.estimates);
  const query = `SELECT it AS item, p AS propensity, good AS click FROM 'log.csv.gz'`;
  assert.deepEqual(ask(folder, query, '--policy', 'uniform').estimates, all.estimates);
  const first = ask(folder, 'log.csv.gz', '--policy', 'uniform', ...map, '--position', '1');
  assert.equal(first.rows, 2);
  near(first.estimates.ips.value, 0.5);
});

test('refusals name file, row and column', (t) => {
  const folder = folderFor(t);
  const log = (...rows) => ({ 'log.csv': `item,propensity,click\na,0.5,1\n${rows.join('\n')}\n` });
  const uniform = ['log.csv', '--policy', 'uniform'];
  for (const bad of ['0', '1.5', ''])
    refused(
      folder,
      log(`a,${bad},1`),
      uniform,
      /log\.csv, row 2 \(line 3\), column propensity: ".*" is no propensity/,
    );
  for (const bad of ['inf', 'yellow'])
    refused(
      folder,
      log(`a,0.5,${bad}`),
      uniform,
      /row 2 \(line 3\), column click: ".*" is no reward/,
    );
  refused(folder, log(',0.5,1'), uniform, /row 2 \(line 3\), column item: the action is missing/);
  refused(folder, { 'log.csv': 'item,click\na,1\n' }, uniform, /no column looks like propensities/);
  refused(folder, log('b,0.5,1'), ['log.csv', '--policy', 'column:other'], /no column "other"/);
  refused(
    folder,
    { 'log.csv': 'item,propensity,click,q\na,1,1,1\na,1,0,1.2\n' },
    ['log.csv', '--policy', 'column:q'],
    /row 2 .*column q: "1\.2" is no probability/,
  );
  const policy = (text, message) =>
    refused(
      folder,
      { ...log('b,0.5,0'), 'p.csv': text },
      ['log.csv', '--policy', 'p.csv'],
      message,
    );
  policy(
    'action,probability\na,0.5\nb,0.4\n',
    /p\.csv, column probability: the probabilities sum to 0\.9 instead of 1/,
  );
  policy(
    'action,probability\na,0.5\na,0.5\n',
    /p\.csv, row 2 \(line 3\), column action: "a" is there twice/,
  );
  policy(
    'action,probability\na,1.5\nb,-0.5\n',
    /row 1 .*column probability: "1\.5" is no probability/,
  );
  policy('action,weight\na,1\n', /no column looks like probabilities/);
  refused(
    folder,
    log('b,0.5,0'),
    [
      'log.csv',
      '--policy',
      'uniform',
      '--map',
      'action=item',
      '--map',
      'position=item',
      '--position',
      '9',
    ],
    /no row has the position "9"/,
  );
  refused(folder, {}, ['log.csv'], /--policy is missing/, 2);
  refused(
    folder,
    {},
    ['log.csv', '--policy', 'uniform', '--map', 'user=u'],
    /is not ROLE=COLUMN/,
    2,
  );
});

test('native and WASI say the same', (t) => {
  assert.deepEqual(trainersBuilt(), { native: true, wasi: true });
  const folder = folderFor(t);
  write(folder, { 'log.csv': twoArms(500, 123) });
  const [native, wasi] = ['native', 'wasi'].map((trainer) =>
    ask(folder, 'log.csv', '--policy', 'uniform', '--trainer', trainer),
  );
  assert.deepEqual(native, wasi);
});

test('Open Bandit: women, BTS asked about uniform choice cannot answer, men can', (t) => {
  const data = path.join(
    process.env.RECKON_SHARED_DATA ?? path.join(root, '../shared/data'),
    'open_bandit',
  );
  if (!existsSync(data)) return t.skip('open_bandit is not there');
  const folder = folderFor(t);
  const [men, women] = ['men', 'women'].map((who) =>
    ask(folder, path.join(data, `${who}_bts.csv.gz`), '--policy', 'uniform'),
  );
  assert.deepEqual(men.warnings, []);
  assert.equal(Math.round(men.effective), 656);
  assert.equal(women.effective.toFixed(1), '2.1');
  assert.match(women.warnings.join(), /worth 2\.1 of its 10000 rows/);
});
