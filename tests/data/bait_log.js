// A log in which half of every category is bait: opened as often as the rest, and then hidden. Users
// have a category of their own, and stray. Who counts hiding as a success recommends the bait.
const CATEGORIES = 12;
const ITEMS = 40; // of each category

/** Uniform numbers in [0, 1). */
function draws(seed) {
  let state = BigInt(seed) * 2654435761n + 777n;
  return () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n);
    return Number(state >> 33n) / 2 ** 31;
  };
}

export function baitItems() {
  const rows = ['item,genre'];
  for (let c = 0; c < CATEGORIES; c++)
    for (let i = 0; i < ITEMS; i++) rows.push(`c${c}-${i},genre${c}`);
  return `${rows.join('\n')}\n`;
}

/** CSV user,item,event,time; the users' names begin with the seed. */
export function baitLog({ seed, users, start, length = 24 }) {
  const next = draws(seed);
  const rows = ['user,item,event,time'];
  for (let user = 0; user < users; user++) {
    const seen = new Set();
    for (let i = 0; i < length; i++) {
      const strays = next() < 0.4;
      const category = strays ? Math.floor(next() * CATEGORIES) : user % CATEGORIES;
      const item = Math.floor(next() * next() * ITEMS);
      const id = `c${category}-${item}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const event = eventOf(item % 2 === 0, next());
      rows.push(`${seed}-${user},${id},${event},${start + user * 100 + i}`);
    }
  }
  return `${rows.join('\n')}\n`;
}

function eventOf(isBait, chance) {
  if (isBait) return chance < 0.6 ? 'hide' : 'view';
  if (chance < 0.3) return 'like';
  return chance < 0.35 ? 'hide' : 'view';
}
