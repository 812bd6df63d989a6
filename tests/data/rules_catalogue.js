// The small catalogue of the rules' golden cases: tests/data/rules/catalogue.json through the public command, and the same
// as the independent reader sees it.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readSnapshot } from '../reader/reader.js';
import { folderFor, reckon, write } from '../js/helpers/command_line.js';

/** `at` of the golden cases: ages are counted from it. */
export const NOW = Date.UTC(2026, 0, 31, 12, 30);
const DAY = 86400e3;
const rows = JSON.parse(readFileSync(new URL('rules/catalogue.json', import.meta.url), 'utf8'));

/** Bytes of the snapshot: the first event of an item is `days` and some minutes old, the others are of the last hour. */
export function rulesSnapshot(t) {
  const folder = folderFor(t);
  const items = rows.map(({ item, author, kind, tags, price }) =>
    [item, author ?? '', kind ?? '', tags.join('|'), price ?? ''].join(),
  );
  const events = rows.flatMap(({ item, days, events }, n) =>
    Array.from({ length: events }, (_, e) => {
      const time = e === 0 ? NOW - days * DAY - n * 60e3 : NOW - (e * 40 + n) * 60e3;
      return { user: `u${(n + 3 * e) % 11}`, item, time: Math.round(time / 1000) };
    }),
  );
  events.sort((a, b) => a.time - b.time);
  write(folder, {
    'items.csv': ['item,author,kind,tags,price', ...items].join('\n'),
    'log.csv': ['user,item,time', ...events.map((e) => `${e.user},${e.item},${e.time}`)].join('\n'),
    'fast.json': JSON.stringify({ train: { encoderEpochs: 0, sgnsEpochs: 1, validationCases: 0 } }),
  });
  const options = ['--items', 'items.csv', '--config', 'fast.json', '--out', 'shop.rk'];
  const { status, stderr } = reckon(folder, ['build', 'log.csv', ...options]);
  if (status !== 0) throw new Error(stderr);
  return readFileSync(path.join(folder, 'shop.rk'));
}

/** What naive_rules.js reads: of the snapshot, by the second reader. */
export function naiveCatalogue(bytes) {
  const { items, attributes, born, popularity, vectors } = readSnapshot(bytes);
  const top = Math.max(...popularity);
  return new Map(
    items.map((id, i) => [
      id,
      {
        attributes: attributes.ofItems[i],
        ...(born?.[i] && { born: born[i] * 60e3 }),
        popularity: top > 0 ? Math.fround(popularity[i] / top) : 0,
        vector: [...vectors.rows[i]].map((value, d) => value - vectors.mean[d]),
      },
    ]),
  );
}
