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
const beauty = join(data, 's3rec_beauty/interactions.csv.gz');
const skip = existsSync(beauty) ? false : 'the data set s3rec_beauty is not beside the project';

test(
  'Beauty, leave-one-out: the blend beats its floor, popularity, the vectors alone and co-occurrence',
  { skip },
  (t) => {
    // The floor is the blend's, which is the same with rankers; they would double the time.
    const folder = folderFor(t);
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ train: { rankerCases: 0 } }));
    const args = [
      ...['--config', join(folder, 'config.json')],
      '--map',
      'time=pos',
      '--protocol',
      'leave-one-out',
      '--k',
      '10',
      '--sample',
      '0.2',
    ];
    const printed = execFileSync(
      process.execPath,
      [
        path('js-bindings/cli/bin/reckon.js'),
        'evaluate',
        beauty,
        ...args,
        '--threads',
        '2',
        '--json',
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const { cases, metrics } = JSON.parse(printed);
    assert.ok(cases > 4000);
    assert.ok(metrics.blend['hr@10'] >= 0.08, `HR@10 ${metrics.blend['hr@10']}`);
    assert.ok(metrics.blend['ndcg@10'] >= 0.05, `NDCG@10 ${metrics.blend['ndcg@10']}`);
    for (const other of ['popular', 'session', 'cooccurrence']) {
      assert.ok(metrics.blend['hr@10'] > metrics[other]['hr@10'], other);
    }
  },
);
