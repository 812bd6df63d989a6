// What js-bindings/engine/RULES.md says, as directly as it can be said: every question is answered by looking at
// everything again. Shares no code with the engine. Where chance or rounding decides (explore draws, MMR), the answer under
// test is asked what it chose, and it is checked that it could.
import assert from 'node:assert/strict';

const HOUR = 3600e3;
const MANY = 1e9;
const f32 = Math.fround;

/** A catalogue is a Map from id to { attributes, born, popularity (a share), vector }. */
function holds(condition, id, { catalogue, now }) {
  const item = catalogue.get(id);
  const again = (inner) => holds(inner, id, { catalogue, now });
  if (condition.and) return condition.and.every(again);
  if (condition.or) return condition.or.some(again);
  if (condition.not) return !again(condition.not);
  if (condition.items) return condition.items.includes(id);
  if (condition.ageDays) {
    if (item.born === undefined) return false;
    const hours = Math.max(0, Math.floor(now / HOUR) - Math.floor(item.born / HOUR));
    const { min = 0, max = MANY } = condition.ageDays;
    return hours >= Math.round(min * 24) && hours <= Math.round(max * 24);
  }
  if (condition.popularity) {
    const { min = 0, max = 1 } = condition.popularity;
    return item.popularity >= f32(min) && item.popularity <= f32(max);
  }
  const value = item.attributes[condition.attribute];
  const values = value === undefined ? [] : [value].flat();
  const has = (wanted) =>
    values.some((mine) => (typeof mine === 'number' ? mine === f32(wanted) : mine === wanted));
  if ('known' in condition) return values.length > 0 === condition.known;
  if ('equals' in condition) return has(condition.equals);
  if (condition.range) {
    const { min = -1e30, max = 1e30 } = condition.range;
    return values.some((number) => number >= f32(min) && number <= f32(max));
  }
  if (condition.all) return condition.all.every(has);
  return (condition.in ?? condition.any).some(has);
}

const partsOf = (share) => Math.max(1, Math.round(share * 10000));

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const length = Math.sqrt(dot(a, a) * dot(b, b));
  return length > 1e-12 ? dot(a, b) / length : 0;
}

/**
 * The list for `items`, and what is said of it, in the form of rules.apply(). `chosen(position)` tells what the answer
 * under test has at a 1-based position.
 */
export function naiveRules(document, world, chosen = () => undefined) {
  const { items, count, explore = [], seen = [] } = world;
  const rules = document.rules.map((rule, r) => ({
    ...rule,
    name: rule.name ?? `${rule.type} #${r + 1}`,
  }));
  const of = (...types) => rules.filter(({ type }) => types.includes(type));
  const meets = (where, id) => holds(where, id, world);
  const shareWhere = (rule) =>
    rule.type === 'fresh' ? { ageDays: { min: 0, max: rule.days } } : rule.where;

  const removing = (id) =>
    rules.filter((rule) => {
      if (rule.type === 'filter') return !meets(rule.where, id);
      if (rule.type === 'exclude') return meets(rule.where ?? { items: rule.items }, id);
      if (rule.type === 'seen')
        return seen.includes(id) && (rule.where === undefined || meets(rule.where, id));
      return false;
    });
  const allowed = (id) => removing(id).length === 0;

  // ---- the order of candidates
  const candidates = items.filter(allowed);
  const touched = new Map();
  const touch = (id, ...by) => touched.set(id, new Set([...(touched.get(id) ?? []), ...by]));
  const key = new Map(
    candidates.map((id, place) => {
      const moving = of('boost', 'bury').filter(({ where }) => meets(where, id));
      touch(id, ...moving);
      const moved = moving.map(({ type, places }) => (type === 'boost' ? -places : places));
      const sum = moved.reduce((all, places) => all + places, 0);
      return [id, place + sum + Math.sign(sum) / 2]; // past what stays
    }),
  );
  const order = [...candidates].sort((a, b) => key.get(a) - key.get(b)); // stable
  const relevance = new Map(order.map((id, i) => [id, 1 - i / order.length]));

  // ---- pins
  const pins = [];
  for (const rule of of('pin')) {
    const usable = rule.position <= count && world.catalogue.has(rule.item) && allowed(rule.item);
    if (usable && !pins.some(({ item }) => item === rule.item)) pins.push(rule);
  }
  const outside = pins.filter(({ item }) => !candidates.includes(item)).length;
  const length = Math.min(count, candidates.length + outside);
  const at = []; // by position, 1-based
  const gaveWay = new Map();
  const give = (position, ...by) =>
    gaveWay.set(position, [...(gaveWay.get(position) ?? []), ...by]);
  const pinned = new Set();
  for (const rule of pins) {
    const wanted = Math.min(rule.position, length);
    const positions = Array.from({ length }, (_, i) => i + 1).filter((p) => at[p] === undefined);
    const position = positions.find((p) => p >= wanted) ?? positions.at(-1);
    at[position] = rule.item;
    pinned.add(position);
    touch(rule.item, rule);
    if (position !== rule.position) give(position, rule);
  }
  const isThere = (id) => at.includes(id);

  // ---- what a candidate would break
  const counted = (rule, id) => {
    if (rule.where) return meets(rule.where, id) ? ['it'] : [];
    const value = world.catalogue.get(id).attributes[rule.attribute];
    return value === undefined ? [] : [value].flat();
  };
  const breaksCap = (rule, id, position) =>
    counted(rule, id).some((value) => {
      const full = [...at];
      full[position] = id;
      const { window = MANY, most } = rule;
      const holders = Object.keys(full)
        .map(Number)
        .filter((p) => full[p] !== undefined && counted(rule, full[p]).includes(value));
      return holders.some((first) => {
        const inside = holders.filter((p) => p >= first && p < first + window);
        return inside.length > most && inside.includes(position);
      });
    });
  const [exploring] = of('explore');
  const reserved = (position) => {
    const { every, first = every } = exploring ?? { every: MANY };
    return position >= first && (position - first) % every === 0;
  };
  const isDue = (rule, position) => {
    const parts = partsOf(rule.share);
    const where = shareWhere(rule);
    const before = at.slice(1, position).filter((id) => meets(where, id)).length;
    let coming = 0;
    for (let p = position + 1; p <= length; p++) {
      coming += pinned.has(p) ? meets(where, at[p]) : !reserved(p);
    }
    return (
      before < Math.floor((parts * position) / 10000) ||
      before + coming < Math.ceil((parts * length) / 10000)
    );
  };
  const caps = of('cap');
  const shares = of('share', 'fresh');
  const brokenBy = (id, position) => [
    ...caps.map((rule) => breaksCap(rule, id, position)),
    ...shares.map((rule) => !meets(shareWhere(rule), id) && isDue(rule, position)),
  ];
  const worse = (a, b) => {
    const i = a.findIndex((broken, n) => broken !== b[n]);
    return i !== -1 && a[i];
  };

  // ---- diversity
  const [spread] = of('diversify');
  const value = (id) => {
    if (!spread) return 0;
    const strength = partsOf(spread.strength) / 10000;
    const vector = (other) => world.catalogue.get(other).vector;
    const similar = at
      .filter((other) => other !== undefined)
      .map((other) => cosine(vector(id), vector(other)));
    return (1 - strength) * relevance.get(id) - strength * Math.max(-1, ...similar);
  };

  const propensities = new Map();
  const left = () => order.filter((id) => !isThere(id));

  const draw = (position) => {
    const eligible = explore.filter(
      (id) => allowed(id) && !isThere(id) && !caps.some((rule) => breaksCap(rule, id, position)),
    );
    if (eligible.length === 0) return undefined;
    const drawn = chosen(position);
    assert.ok(eligible.includes(drawn), `${drawn} could not be drawn at ${position}`);
    touch(drawn, exploring);
    propensities.set(drawn, f32(1 / eligible.length));
    return drawn;
  };

  const best = (position) => {
    const queue = left();
    const broken = new Map(queue.map((id) => [id, brokenBy(id, position)]));
    let pick = queue[0];
    for (const id of queue.slice(1)) {
      if (worse(broken.get(pick), broken.get(id))) pick = id;
      else if (!worse(broken.get(id), broken.get(pick)) && value(id) > value(pick)) pick = id;
    }
    const mine = chosen(position);
    if (spread && mine !== pick && broken.has(mine)) {
      const equal = !worse(broken.get(mine), broken.get(pick));
      if (equal && value(mine) > value(pick) - 1e-5) pick = mine;
    }
    const all = [...caps, ...shares];
    const chosenBroken = broken.get(pick);
    for (const passed of queue.slice(0, queue.indexOf(pick))) {
      const because = all.filter((_, n) => broken.get(passed)[n] && !chosenBroken[n]);
      touch(passed, ...(because.length > 0 ? because : [spread]));
      touch(pick, ...(because.length > 0 ? because.filter((r) => shares.includes(r)) : [spread]));
    }
    give(position, ...all.filter((_, n) => chosenBroken[n]));
    return pick;
  };

  for (let position = 1; position <= length; position++) {
    if (pinned.has(position)) continue;
    if (reserved(position)) {
      at[position] = draw(position);
      if (at[position] !== undefined) continue;
      give(position, exploring);
    }
    at[position] = best(position);
  }

  // ---- what is said
  const names = (by) => {
    const set = new Set(by);
    return rules.filter((rule) => set.has(rule)).map(({ name }) => name);
  };
  const placeOf = (id) => (items.includes(id) ? { place: items.indexOf(id) + 1 } : {});
  const list = at.slice(1).map((item, i) => ({
    item,
    ...placeOf(item),
    rules: names(touched.get(item) ?? []),
    ...(names(gaveWay.get(i + 1) ?? []).length > 0 && { gaveWay: names(gaveWay.get(i + 1)) }),
    ...(propensities.has(item) && { propensity: propensities.get(item) }),
  }));
  const inList = (id) => items.indexOf(id) !== -1 && items.indexOf(id) < length;
  const pushing = at
    .slice(1)
    .filter((id) => !inList(id))
    .flatMap((id) => [...(touched.get(id) ?? [])]);
  const gone = new Map();
  const goes = (id, ...by) => gone.set(id, [...(gone.get(id) ?? []), ...by]);
  for (const id of items.filter((each) => !allowed(each))) goes(id, ...removing(id));
  for (const rule of of('pin')) {
    const known = rule.position <= count && world.catalogue.has(rule.item);
    if (known && !allowed(rule.item)) goes(rule.item, rule, ...removing(rule.item));
  }
  for (const id of candidates.filter((each) => inList(each) && !isThere(each))) {
    const own = [...(touched.get(id) ?? [])];
    goes(id, ...(own.length > 0 ? own : pushing));
  }
  const removed = [...gone].map(([item, by]) => ({ item, ...placeOf(item), rules: names(by) }));
  return { items: list, removed };
}
