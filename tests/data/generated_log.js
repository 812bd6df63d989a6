// A synthetic event log with structure a recommender can find: items lie in clusters, a session mostly
// stays in one, items are popular by a power law. The same seed gives the same bytes everywhere.
//
//   node tests/data/generated_log.js [SEED] > log.csv
//
// Some ids are awkward on purpose (quotes, commas, emoji), as real ones are.
import { fileURLToPath } from 'node:url';

const START_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;

/** A counter-based generator: uniform in [0, 1). */
export function randomFrom(seed) {
  let counter = seed >>> 0;
  return () => {
    counter = (counter + 0x6d2b79f5) >>> 0;
    let x = counter;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const EVENT_TYPES = ['view', 'buy'];
const FAITHFUL = 0.8;
const ANNOYED = 0.3;
const AWKWARD = ['a,b', 'say "hi"', '🦊 fox', "it's", 'ünï/code'];

/** Item ids by cluster: clusters[c][i], most popular first. */
export function generatedClusters({ items = 600, clusters = 12 } = {}) {
  const perCluster = Math.ceil(items / clusters);
  return Array.from({ length: clusters }, (_, c) =>
    Array.from({ length: perCluster }, (_, i) => {
      const suffix = i === 3 ? ` ${AWKWARD[c % AWKWARD.length]}` : '';
      return `c${String(c).padStart(2, '0')}-item${String(i).padStart(3, '0')}${suffix}`;
    }),
  );
}

/**
 * Rows [session, item, event, time in Unix ms], in order of time within a session. A session begins every
 * `minutes`; those of the last week are at home in the `rising` last clusters, which few visited before.
 *
 * With `brands`, who visits is faithful to one of them: wherever a session goes, it mostly takes the item of its
 * brand that is next to the one it would have taken, and may show that it wants to see less of another brand's.
 */
export function* generatedRows(options = {}) {
  const { seed = 1, sessions = 3000, minutes = 10, rising = 0, brands = 0, ...shape } = options;
  const random = randomFrom(seed);
  const clusters = generatedClusters(shape);
  const lastWeek = rising > 0 ? sessions - (7 * 24 * 60) / minutes : sessions;
  const pick = (list) => list[Math.floor(list.length * random() ** 2)];
  const branded = brands > 0 ? numbered(clusters) : new Map();
  for (let s = 0; s < sessions; s++) {
    const home = pick(s < lastWeek ? clusters : clusters.slice(-rising));
    const faithful = brands > 0 ? Math.floor(brands * random()) : NaN;
    const length = 2 + Math.floor(10 * random() ** 2);
    let time = START_MS + s * minutes * MINUTE_MS;
    for (let n = 0; n < length; n++) {
      const cluster = random() < 0.85 ? home : pick(clusters);
      time += Math.floor(5 * MINUTE_MS * random());
      let item = pick(cluster);
      let event = random() < 0.2 ? 'buy' : 'view';
      if (brands > 0) {
        const [c, i] = branded.get(item);
        const off = (brandOf(c, i, brands) - faithful + brands) % brands;
        if (random() < FAITHFUL && i - off >= 0) item = cluster[i - off];
        else if (off !== 0 && random() < ANNOYED) event = 'see_less';
      }
      yield [`s${s}`, item, event, time];
    }
  }
}

const csvField = (value) =>
  /[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
const csvLine = (fields) => `${fields.map(csvField).join(',')}\n`;

/** Item -> [cluster, place in it]. */
const numbered = (clusters) =>
  new Map(clusters.flatMap((cluster, c) => cluster.map((item, i) => [item, [c, i]])));

/** Brands take turns along a cluster, each cluster beginning with another. */
const brandOf = (cluster, place, brands) => (7 * cluster + place) % brands;

export const COUNTRIES = ['DE', 'FR', 'JP', 'BR'];
export const DEVICES = ['phone', 'desktop'];

/** With `features`, two more columns of what is known of the user: country and device. */
export function generatedLog(options) {
  const columns = options?.features ? ['country', 'device'] : [];
  let text = csvLine(['session', 'item', 'event', 'timestamp', ...columns]);
  for (const row of generatedRows(options)) {
    const user = Number(row[0].slice(1));
    const known = [COUNTRIES[user % COUNTRIES.length], DEVICES[user % 7 === 0 ? 1 : 0]];
    text += csvLine(options?.features ? [...row, ...known] : row);
  }
  return text;
}

/**
 * The items file: a title for four items in five; with `towns`, also places and the cluster as a category; with
 * `brands`, also the brand.
 */
export function generatedItems(options) {
  const { towns = 0, brands = 0 } = options ?? {};
  const columns = [...(towns ? ['lat', 'lon', 'category'] : []), ...(brands ? ['brand'] : [])];
  const category = (item) => (towns ? [item.slice(0, item.indexOf('-'))] : []);
  const brand = brands > 0 ? numbered(generatedClusters(options)) : new Map();
  const brandName = (item) => (brands ? [`brand ${brandOf(...brand.get(item), brands)}`] : []);
  const places = towns ? generatedPlaces(options) : [];
  let text = csvLine(['item', 'title', ...columns]);
  generatedClusters(options)
    .flat()
    .forEach((item, i) => {
      text += csvLine([
        item,
        i % 5 === 4 ? '' : `Title of ${item}`,
        ...(places[i] ?? []),
        ...category(item),
        ...brandName(item),
      ]);
    });
  return text;
}

/**
 * [latitude, longitude] of each item, in the order of the items file. A cluster lies in one of `towns` towns,
 * some of them much larger than others, its items denser towards the centre; one item in ten has no place.
 */
export function generatedPlaces({ seed = 1, towns, ...shape }) {
  const random = randomFrom(seed + 1);
  const spread = () => 0.1 * (random() + random() + random() - 1.5);
  const centres = Array.from({ length: towns }, () => [120 * random() - 55, 340 * random() - 170]);
  return generatedClusters(shape).flatMap((cluster) => {
    const [latitude, longitude] = centres[Math.floor(towns * random() ** 2)];
    return cluster.map(() => {
      const place = [(latitude + spread()).toFixed(5), (longitude + spread()).toFixed(5)];
      return random() < 0.1 ? ['', ''] : place;
    });
  });
}

/** Sessions drawn from a seed: lists of {item, event, at}, some empty, some with unknown items. */
export function generatedSessions({ seed, count = 20, ...shape }) {
  const random = randomFrom(seed);
  const ids = generatedClusters(shape).flat();
  return Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(8 * random()) }, (_, n) => ({
      item: random() < 0.05 ? `unknown-${n}` : ids[Math.floor(ids.length * random())],
      event: EVENT_TYPES[Math.floor(EVENT_TYPES.length * random())],
      at: START_MS + n * MINUTE_MS,
    })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(generatedLog({ seed: Number(process.argv[2] ?? 1) }));
}
