// A floor under ranking quality on real data, through the public command: far enough below what
// tests/bench/quality/quality.csv records that noise does not reach it, far enough above nothing that a mistake does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { folderFor } from './helpers/command_line.js';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const data = process.env.RECKON_SHARED_DATA ?? path('../shared/data');

/** What `evaluate --json` says of a log of a shared set. */
function evaluate(t, log, args, train) {
  const config = join(folderFor(t), 'config.json');
  writeFileSync(config, JSON.stringify({ train }));
  const printed = execFileSync(
    process.execPath,
    [
      ...[path('js-bindings/cli/bin/reckon.js'), 'evaluate', join(data, log), '--config', config],
      ...[...args, '--k', '10', '--threads', '2', '--json'],
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return JSON.parse(printed);
}
const skipWithout = (log) => ({
  skip: existsSync(join(data, log)) ? false : `the data set ${log} is not beside the project`,
});

const BEAUTY = 's3rec_beauty/interactions.csv.gz';
test(
  'Beauty, leave-one-out: the blend beats its floor, popularity, the vectors alone and co-occurrence',
  skipWithout(BEAUTY),
  (t) => {
    const args = ['--map', 'time=pos', '--protocol', 'leave-one-out', '--sample', '0.2'];
    // The blend is the same with rankers; they would double the time.
    const { cases, metrics } = evaluate(t, BEAUTY, args, { rankerCases: 0 });
    assert.ok(cases > 4000);
    assert.ok(metrics.blend['hr@10'] >= 0.08, `HR@10 ${metrics.blend['hr@10']}`);
    assert.ok(metrics.blend['ndcg@10'] >= 0.05, `NDCG@10 ${metrics.blend['ndcg@10']}`);
    for (const other of ['popular', 'session', 'cooccurrence']) {
      assert.ok(metrics.blend['hr@10'] > metrics[other]['hr@10'], other);
    }
  },
);

const FILMS = 'ml_latest_small/interactions.csv.gz';
test(
  'ml_latest_small, temporal: rankers ship, the funnel beats its floor, and its probabilities are right',
  skipWithout(FILMS),
  (t) => {
    const map = 'label.like=rating >= 4,label.see_less=rating <= 2';
    const { metrics, tasks } = evaluate(t, FILMS, ['--map', map, '--protocol', 'temporal']);
    assert.equal(Object.keys(metrics)[0], 'funnel');
    assert.ok(metrics.funnel['ndcg@10'] >= 0.14, `NDCG@10 ${metrics.funnel['ndcg@10']}`);
    for (const [task, auc] of Object.entries({ click: 0.74, like: 0.74, see_less: 0.8 })) {
      assert.ok(tasks[task].auc >= auc, `AUC of ${task}: ${tasks[task].auc}`);
      assert.ok(tasks[task].calibration_error <= 0.02, `calibration of ${task}`);
    }
  },
);
