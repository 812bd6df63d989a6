// A large synthetic log for measuring time and memory of learning: a million events of a hundred thousand items,
// with clock times, places, attributes and a feature of the user. Structure enough that every learner has
// something to find, so that none of them stops early or degenerates:
//
//   country (20)  ⊃ city (50)  ⊃ cluster of items (400 of 250)       popularity in a cluster: a power law
//   user: lives in a country, has two home clusters, mostly in it; comes back for visits over 90 days
//   visit: stays in one cluster; the next item follows the one before it half of the time
//
//   node tests/data/large_log.js [SEED] [EVENTS] > log.csv
//
// The same seed gives the same bytes everywhere.
import { fileURLToPath } from 'node:url';
import { randomFrom } from './generated_log.js';

const START_MS = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;
const DAYS = 90;
const CLUSTER_ITEMS = 250;
const CITIES = 50;
const COUNTRIES = 20;
const CATEGORIES = 40;
const CHUNK_ROWS = 5_000;

const itemId = (cluster, i) => `i${cluster * CLUSTER_ITEMS + i}`;
const cityOf = (cluster) => cluster % CITIES;
const countryOf = (city) => city % COUNTRIES;

/** Lines in chunks: one string a line would be slow to write. */
function* chunked(lines) {
  let chunk = [];
  for (const line of lines) {
    chunk.push(line);
    if (chunk.length < CHUNK_ROWS) continue;
    yield `${chunk.join('\n')}\n`;
    chunk = [];
  }
  if (chunk.length > 0) yield `${chunk.join('\n')}\n`;
}

/** Items of one visit, as numbers in their cluster. */
function* visitItems(random, length) {
  let item = 0;
  for (let n = 0; n < length; n++) {
    const follows = n > 0 && random() < 0.5;
    item = follows
      ? (item * 7 + 1 + Math.floor(3 * random())) % CLUSTER_ITEMS
      : Math.floor(CLUSTER_ITEMS * random() ** 3);
    yield item;
  }
}

function* visitLines(random, user, clusters) {
  const { id, country, homes } = user;
  const cluster =
    random() < 0.8 ? homes[random() < 0.7 ? 0 : 1] : Math.floor(clusters * random() ** 2);
  let time = START_MS + Math.floor(DAYS * DAY_MS * random());
  for (const item of visitItems(random, 1 + Math.floor(10 * random() ** 2))) {
    time += 1_000 + Math.floor(120_000 * random());
    const event = random() < 0.1 ? 'buy' : 'view';
    yield `u${id},${itemId(cluster, item)},${event},${time},c${country}`;
  }
}

function* eventLines({ seed, events, clusters }) {
  const random = randomFrom(seed);
  yield 'user,item,event,timestamp,country';
  for (let id = 0, left = events; left > 0; id++) {
    const country = Math.floor(COUNTRIES * random() ** 1.5);
    const inCountry = () => {
      const city = country + COUNTRIES * Math.floor((CITIES / COUNTRIES) * random());
      return (city + CITIES * Math.floor((clusters / CITIES) * random())) % clusters;
    };
    const user = { id, country, homes: [inCountry(), inCountry()] };
    for (let visit = Math.floor(1 + 10 * random() ** 2); visit > 0 && left > 0; visit--) {
      for (const line of visitLines(random, user, clusters)) {
        if (left-- > 0) yield line;
      }
    }
  }
}

function* itemLines({ seed, clusters }) {
  const random = randomFrom(seed + 1);
  yield 'item,title,category,tags,price,lat,lon';
  for (let cluster = 0; cluster < clusters; cluster++) {
    const city = cityOf(cluster);
    const [lat, lon] = [40 + (countryOf(city) % 5) + city / 25, countryOf(city) + city / 40];
    const category = `kind${cluster % CATEGORIES}`;
    for (let i = 0; i < CLUSTER_ITEMS; i++) {
      const place = [lat, lon].map((degrees) => (degrees + 0.1 * (random() - 0.5)).toFixed(5));
      const tags = `t${cluster % 97}|t${100 + (i % 13)}`;
      const price = (1 + (cluster % 17) + 4 * random()).toFixed(2);
      const title = `Item ${i} of cluster ${cluster}`;
      yield [itemId(cluster, i), title, category, tags, price, ...place].join();
    }
  }
}

const shapeOf = ({ seed = 1, events = 1_000_000, items = 100_000 } = {}) => ({
  seed,
  events,
  clusters: Math.ceil(items / CLUSTER_ITEMS),
});

/** The log as CSV, in chunks of text: user, item, event, timestamp (Unix ms), country. */
export const largeLog = (options) => chunked(eventLines(shapeOf(options)));

/** The items of it: item, title, category, tags, price, lat, lon. */
export const largeItems = (options) => chunked(itemLines(shapeOf(options)));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seed = 1, events = 1_000_000] = process.argv.slice(2).map(Number);
  for (const chunk of largeLog({ seed, events })) process.stdout.write(chunk);
}
