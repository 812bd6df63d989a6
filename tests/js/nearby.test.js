// `nearby` where crowds differ: what is next door, a village beside a city. The random catalogues of the C
// tests are smaller than what one query looks at; this one is not.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createEngine } from 'reckon';
import { folderFor, reckon, write } from './helpers/command_line.js';

const VILLAGE = 40;
const CITY = 8000;
const HERE = { latitude: 10.005, longitude: 10.005 };

/** A village around 10, 10 and a city of many more places 40 to 50 km south of it. */
function places() {
  let state = 7;
  const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const around = (name, latitude, longitude, side) =>
    [name, latitude + random() * side, longitude + random() * side].join();
  const village = Array.from({ length: VILLAGE }, (_, n) => around(`v${n}`, 10, 10, 0.01));
  const city = Array.from({ length: CITY }, (_, n) => around(`c${n}`, 9.55, 9.95, 0.1));
  return [...village, ...city];
}

test('a city further out does not hide a village next door, at any quota', async (t) => {
  const folder = folderFor(t);
  const rows = places();
  const visits = rows.map((row, n) => `u${n >> 2},${row.split(',')[0]}`);
  write(folder, {
    'items.csv': ['item,lat,lon', ...rows].join('\n'),
    'visits.csv': ['user,item', ...visits].join('\n'),
    'fast.json': JSON.stringify({ train: { encoderEpochs: 0, sgnsEpochs: 1, validationCases: 0 } }),
  });
  const options = ['--items', 'items.csv', '--config', 'fast.json', '--out', 'city.rk'];
  const built = reckon(folder, ['build', 'visits.csv', ...options]);
  assert.equal(built.status, 0, built.stderr);
  const engine = await createEngine({ snapshot: readFileSync(path.join(folder, 'city.rk')) });
  t.after(() => engine.dispose());
  for (const quota of [20, 100, 500, 1000]) {
    const { items } = engine.session().recommend({
      count: 20,
      location: HERE,
      sourceWeights: { popular: 0, trending: 0, explore: 0, nearby: 1 },
      quotas: { popular: 0, trending: 0, explore: 0, nearby: quota },
    });
    const names = items.map(({ item }) => item);
    assert.equal(names.length, 20);
    assert.ok(
      names.every((name) => name.startsWith('v')),
      `quota ${quota}: ${names.join()}`,
    );
  }
});

test('a location weighs in the answer to a new visitor, of a snapshot whose log knew of none', async (t) => {
  const folder = folderFor(t);
  const rows = places().slice(0, VILLAGE + 200);
  const visits = rows.map((row, n) => `u${n % 60},${row.split(',')[0]}`);
  write(folder, {
    'items.csv': ['item,lat,lon', ...rows].join('\n'),
    'visits.csv': ['user,item', ...visits].join('\n'),
  });
  const options = ['--items', 'items.csv', '--out', 'city.rk', '--seed', '1'];
  const built = reckon(folder, ['build', 'visits.csv', ...options]);
  assert.equal(built.status, 0, built.stderr);
  const top = (latitude, longitude) => {
    const location = `--location=${latitude},${longitude}`;
    const { stdout } = reckon(folder, ['recommend', 'city.rk', '-n', '5', '--json', location]);
    return JSON.parse(stdout).items.map(({ item }) => item[0]);
  };
  assert.deepEqual(top(10.005, 10.005), ['v', 'v', 'v', 'v', 'v']);
  assert.deepEqual(top(9.6, 10), ['c', 'c', 'c', 'c', 'c']);
});
