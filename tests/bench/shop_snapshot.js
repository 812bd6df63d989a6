// A shop of 100,000 items of 64 dimensions, with what every source works from: clock times with something
// rising, places, features of users, new items; and categories of items, for rules. Built once by the public
// command from a generated log and kept under build/bench (a few minutes).
import { existsSync, writeFileSync } from 'node:fs';
import {
  COUNTRIES,
  DEVICES,
  generatedClusters,
  generatedItems,
  generatedLog,
  generatedPlaces,
  randomFrom,
} from '../data/generated_log.js';
import { WORK, reckon } from './bench_tools.js';

const SHAPE = {
  seed: 1,
  items: 100_000,
  clusters: 1000,
  sessions: 250_000,
  towns: 100,
  features: true,
  minutes: 2,
  rising: 40,
  brands: 20,
};
/** Learning is cut short: what was learnt does not change the time. */
const CONFIG = {
  events: { see_less: { weight: -1 } },
  map: { 'feature.country': 'country', 'feature.device': 'device' },
  train: {
    sgnsEpochs: 2,
    encoderEpochs: 1,
    towerEpochs: 1,
    rankerCases: 6000,
    rankerEpochs: 10,
  },
};
/** Quotas by source, in the order they are added. Together about 1,000 different items. */
export const QUOTAS = {
  popular: 250,
  trending: 200,
  nearby: 200,
  explore: 170,
  similar: 200,
  session: 100,
  user: 100,
};

/** What visitors like; the shop's log also has see_less. */
export const LIKED = ['view', 'buy'];

export function buildShop() {
  const [file, log, items, config] = ['rk', 'csv', 'items.csv', 'config.json'].map(
    (end) => `${WORK}/shop.${end}`,
  );
  if (existsSync(file)) return file;
  writeFileSync(log, generatedLog(SHAPE));
  writeFileSync(items, generatedItems(SHAPE));
  writeFileSync(config, JSON.stringify(CONFIG));
  const names = ['--region', 'bench', '--seed', '1'];
  reckon('build', log, '--items', items, '--config', config, '--out', file, ...names);
  return file;
}

/** Where visitors are, near one of the items of the session, and who they are. */
export function visitorsOf(seed) {
  const random = randomFrom(seed + 1);
  const pick = (list) => list[Math.floor(list.length * random())];
  const ids = generatedClusters(SHAPE).flat();
  const places = new Map(generatedPlaces(SHAPE).map((place, i) => [ids[i], place.map(Number)]));
  const hasPlace = ([latitude, longitude]) => latitude !== 0 || longitude !== 0;
  return (events) => {
    const near = events.map(({ item }) => places.get(item)).find(hasPlace) ?? [48.1, 11.6];
    const [latitude, longitude] = near.map((degrees) => degrees + 0.02 * (random() - 0.5));
    const user = { country: pick(COUNTRIES), device: pick(DEVICES) };
    return { location: { latitude, longitude }, user };
  };
}
