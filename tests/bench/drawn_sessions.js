// Sessions drawn from a snapshot: different items by popularity, as visitors choose them. The same
// snapshot and seed give the same sessions.
import { randomFrom } from '../data/generated_log.js';
import { readSnapshot } from '../reader/reader.js';

/** Endless lists of { item, event }. Lengths are drawn from `least` to `most`, events from `among` or all types. */
export function* drawSessions(snapshotBytes, { seed, least, most, among }) {
  const { items, types: all, popularity } = readSnapshot(snapshotBytes);
  const types = among ?? all;
  const random = randomFrom(seed);
  const below = (count) => Math.floor(count * random());
  const drawItem = byWeight(popularity, random);
  for (;;) {
    const length = Math.min(least + below(most - least + 1), items.length);
    const chosen = new Set();
    // Where few items have all the popularity, the rest is drawn evenly.
    for (let tries = 0; chosen.size < length; tries++) {
      chosen.add(tries < 100 ? drawItem() : below(items.length));
    }
    yield [...chosen].map((item) => ({ item: items[item], event: types[below(types.length)] }));
  }
}

function byWeight(weights, random) {
  let sum = 0;
  const cumulative = Float64Array.from(weights, (weight) => (sum += weight));
  return () => {
    const target = random() * sum;
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
