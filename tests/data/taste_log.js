// A log of people with tastes: everybody has a category that they like, and two that they look at twice and then
// have had enough of: from then on they ask to see less of whatever they are shown of it. What is seen together
// cannot tell the one from the others; who hides an item of a category will hide the next.
import { randomFrom } from './generated_log.js';

export const CATEGORIES = 10;
export const ITEMS = 16; // of each category
const START_S = Date.UTC(2025, 0, 1) / 1000;

export const tasteItem = (category, i) => `k${category}-${String(i).padStart(2, '0')}`;
export const tasteCategory = (item) => item.slice(0, item.indexOf('-'));

export function tasteItems() {
  const rows = ['item,kind'];
  for (let c = 0; c < CATEGORIES; c++)
    for (let i = 0; i < ITEMS; i++) rows.push(`${tasteItem(c, i)},k${c}`);
  return `${rows.join('\n')}\n`;
}

/** CSV user,item,event,time. */
export function tasteLog({ seed = 1, users = 300, length = 18 } = {}) {
  const random = randomFrom(seed);
  const below = (n) => Math.floor(n * random());
  const rows = ['user,item,event,time'];
  for (let user = 0; user < users; user++) {
    const order = Array.from({ length: CATEGORIES }, (_, c) => [random(), c]).sort(
      ([a], [b]) => a - b,
    );
    const [a, ...rest] = order.map(([, category]) => category);
    const person = { liked: [a], tiring: rest.slice(0, 2), met: new Map() };
    const seen = new Set();
    for (let i = 0; i < length; i++) {
      const pool = [person.liked, person.tiring, person.tiring, rest][below(4)];
      const category = pool[below(pool.length)];
      const item = tasteItem(category, Math.floor(ITEMS * random() ** 1.5));
      if (seen.has(item)) continue;
      seen.add(item);
      const event = eventOf(person, category, random());
      rows.push(`u${user},${item},${event},${START_S + user * 3600 + i * 60}`);
    }
  }
  return `${rows.join('\n')}\n`;
}

function eventOf({ liked, tiring, met }, category, chance) {
  const times = met.get(category) ?? 0;
  met.set(category, times + 1);
  if (liked.includes(category)) return chance < 0.5 ? 'like' : 'click';
  if (tiring.includes(category) && times >= 2) return 'see_less';
  return chance < 0.1 ? 'like' : 'click';
}
