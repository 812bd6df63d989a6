// A second reader of Reckon files, written from src/FORMAT.md alone. It shares no code with the C reader and
// is slow on purpose: where the two disagree about a file, one of them or FORMAT.md is wrong.
//
//     readEvents(bytes)    an events file as plain objects and arrays
//     readSnapshot(bytes)  a snapshot, its vectors decoded and its neighbours weighted
//     readDelta(bytes)     a delta, in delta.js
//
// A file that breaks the format throws a FormatError with the status, section and offset FORMAT.md asks for.
import {
  HEADER_BYTES,
  KINDS,
  decodeUtf8,
  fail,
  openContainer,
  resolve,
  verifyContainer,
  verifySection,
} from './container.js';

export { FormatError } from './container.js';

const FLOAT_LIMIT = 2 ** 20;

// ---- values -----------------------------------------------------------------------------------------------

const ARRAYS = {
  u8: Uint8Array,
  i8: Int8Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  f32: Float32Array,
};

/** A section's content as a typed array of its own; undefined for an absent section. */
function arrayOf(file, entry, type) {
  if (entry === undefined) return undefined;
  const content = file.bytes.slice(entry.offset, entry.offset + entry.bytes);
  return new ARRAYS[type](content.buffer);
}

function expectCount(entry, count, elemBytes = entry?.elemBytes) {
  if (entry === undefined) return;
  if (entry.elemBytes !== elemBytes)
    fail('SECTION_SHAPE', entry.type, entry.at + 12, `${entry.elemBytes}`);
  if (entry.count !== count)
    fail('SECTION_SHAPE', entry.type, entry.at + 32, `${entry.count}, not ${count}`);
}

function expectRange(entry, byte, value, low, high) {
  if (value < low || value > high) fail('VALUE_RANGE', entry.type, entry.offset + byte, `${value}`);
}

function expectFloat(entry, byte, value, low, high) {
  if (!Number.isFinite(value)) fail('NOT_FINITE', entry.type, entry.offset + byte, `${value}`);
  expectRange(entry, byte, value, low, high);
}

function expectZero(file, entry, from, to) {
  for (let byte = from; byte < to; byte++) {
    const value = file.bytes[entry.offset + byte];
    if (value !== 0) fail('RESERVED_NOT_ZERO', entry.type, entry.offset + byte, `byte ${value}`);
  }
}

function floatsOf(file, entry, low = -FLOAT_LIMIT, high = FLOAT_LIMIT) {
  const values = arrayOf(file, entry, 'f32');
  values.forEach((value, i) => expectFloat(entry, 4 * i, value, low, high));
  return values;
}

function indexesOf(file, entry, limit) {
  const values = arrayOf(file, entry, 'u32');
  values.forEach((value, i) => expectRange(entry, 4 * i, value, 0, limit - 1));
  return values;
}

function offsetsOf(file, entry, end) {
  const offsets = arrayOf(file, entry, 'u32');
  offsets.forEach((offset, i) => {
    if (offset < (i === 0 ? 0 : offsets[i - 1]) || (i === 0 && offset !== 0)) {
      fail('NOT_MONOTONE', entry.type, entry.offset + 4 * i, `${offset}`);
    }
  });
  const last = offsets.length - 1;
  if (offsets[last] !== end)
    fail('NOT_MONOTONE', entry.type, entry.offset + 4 * last, `${offsets[last]}, not ${end}`);
  return offsets;
}

/** Rows of a string table. Rules: ids (1 to 65,535 bytes), sorted, unique. */
function stringsOf(file, off, txt, { ids = false, sorted = false, unique = false } = {}) {
  if (off === undefined) return undefined;
  const offsets = offsetsOf(file, off, txt.bytes);
  const rows = [];
  const raw = [];
  for (let row = 0; row + 1 < offsets.length; row++) {
    const at = txt.offset + offsets[row];
    const bytes = Buffer.from(file.bytes.subarray(at, txt.offset + offsets[row + 1]));
    const text = decodeUtf8(bytes);
    if (text === null) fail('BAD_UTF8', txt.type, at, `row ${row}`);
    if (ids && (bytes.length < 1 || bytes.length > 65535))
      fail('VALUE_RANGE', txt.type, at, `${bytes.length} bytes`);
    if (sorted && row > 0 && Buffer.compare(raw[row - 1], bytes) >= 0)
      fail('NOT_SORTED', txt.type, at, `row ${row}`);
    if (unique && raw.some((before) => before.equals(bytes)))
      fail('NOT_SORTED', txt.type, at, `row ${row} again`);
    raw.push(bytes);
    rows.push(text);
  }
  return rows;
}

// ---- section 2: events files ------------------------------------------------------------------------------

const EVENTS_SPEC = {
  'ev.meta': ['core', 64],
  'ev.user': ['core', 4],
  'ev.item': ['core', 4],
  'ev.label': ['core', 4],
  'ev.time': ['core', 8, true],
  'ev.split': ['core', 1, true],
  'user.off': ['core', 4],
  'user.txt': ['core', 1],
  'item.off': ['core', 4],
  'item.txt': ['core', 1],
  'type.off': ['core', 4],
  'type.txt': ['core', 1],
  'type.wgt': ['core', 4],
  'name.off': ['core', 4, true],
  'name.txt': ['core', 1, true],
  'item.geo': ['core', 8, true],
  'attr.off': ['core', 4, true],
  'attr.txt': ['core', 1, true],
  'attr.knd': ['core', 1, true],
  'aval.off': ['core', 4, true],
  'aval.txt': ['core', 1, true],
  'feat.off': ['core', 4, true],
  'feat.txt': ['core', 1, true],
  'ctx.off': ['core', 4, true],
  'ctx.txt': ['core', 1, true],
  'ev.ctx': ['core', 4, true],
  'ev.prop': ['core', 4, true],
};

/** Sections that are there if and only if a number of the meta is not 0, with that number's place. */
const CONDITIONAL = [
  ['timeKind', 20, ['ev.time']],
  ['attributes', 28, ['attr.off', 'attr.txt', 'attr.knd', 'aval.off', 'aval.txt']],
  ['features', 32, ['feat.off', 'feat.txt', 'ctx.off', 'ctx.txt', 'ev.ctx']],
];

function expectConditional(found, conditional, meta, metaEntry) {
  for (const [field, byte, sections] of conditional) {
    for (const type of sections) {
      if (meta[field] !== 0 && !found[type])
        fail('SECTION_MISSING', type, HEADER_BYTES, `${field} ${meta[field]}`);
      if (meta[field] === 0 && found[type])
        fail('VALUE_RANGE', metaEntry.type, metaEntry.offset + byte, `${type} is there`);
    }
  }
}

const NO_PLACE = 999;
const KINDS_OF_ATTRIBUTES = ['category', 'tags', 'text', 'number'];
const NUMBER = /^-?\d+(\.\d+)?(e-?\d+)?$/;

function readEventsMeta(file, entry) {
  expectCount(entry, 1);
  const { view } = file;
  const at = entry.offset;
  const meta = {
    events: Number(view.getBigUint64(at, true)),
    users: view.getUint32(at + 8, true),
    items: view.getUint32(at + 12, true),
    types: view.getUint32(at + 16, true),
    timeKind: view.getUint32(at + 20, true),
    userKind: view.getUint32(at + 24, true),
    attributes: view.getUint32(at + 28, true),
    features: view.getUint32(at + 32, true),
    contexts: view.getUint32(at + 36, true),
  };
  expectRange(entry, 8, meta.users, 0, 2 ** 32 - 2);
  expectRange(entry, 12, meta.items, 0, 2 ** 24 - 1);
  expectRange(entry, 16, meta.types, 1, 32);
  expectRange(entry, 20, meta.timeKind, 0, 2);
  expectRange(entry, 24, meta.userKind, 0, 1);
  expectRange(entry, 28, meta.attributes, 0, 32);
  expectRange(entry, 32, meta.features, 0, 16);
  expectRange(entry, 36, meta.contexts, 0, meta.features === 0 ? 0 : 2 ** 24 - 1);
  expectZero(file, entry, 40, 64);
  return meta;
}

/** Of each item [latitude, longitude], or null. */
function placesOf(file, entry) {
  const values = arrayOf(file, entry, 'f32');
  if (values === undefined) return undefined;
  const places = [];
  for (let i = 0; i < values.length; i += 2) {
    const [latitude, longitude] = [values[i], values[i + 1]];
    const isNone = latitude === NO_PLACE && longitude === NO_PLACE;
    if (!isNone) {
      expectFloat(entry, 4 * i, latitude, -90, 90);
      expectFloat(entry, 4 * i + 4, longitude, -180, 180);
    }
    places.push(isNone ? null : [latitude, longitude]);
  }
  return places;
}

/** Rows of `width` texts, from a table that holds them one after the other. */
const inRows = (texts, width, rows) =>
  Array.from({ length: rows }, (_, row) => texts.slice(row * width, (row + 1) * width));

function attributesOf(file, found, { items, attributes }) {
  const entry = found['attr.knd'];
  if (entry === undefined) return undefined;
  const names = stringsOf(file, found['attr.off'], found['attr.txt'], { ids: true, unique: true });
  const kinds = arrayOf(file, entry, 'u8');
  kinds.forEach((kind, a) => expectRange(entry, a, kind, 0, KINDS_OF_ATTRIBUTES.length - 1));
  const [off, txt] = [found['aval.off'], found['aval.txt']];
  const values = stringsOf(file, off, txt);
  const offsets = arrayOf(file, off, 'u32');
  values.forEach((value, row) => {
    const isNumber = KINDS_OF_ATTRIBUTES[kinds[row % attributes]] === 'number';
    if (isNumber && value !== '' && !(NUMBER.test(value) && value.length <= 40))
      fail('VALUE_RANGE', txt.type, txt.offset + offsets[row], `"${value}"`);
  });
  return {
    names,
    kinds: [...kinds].map((kind) => KINDS_OF_ATTRIBUTES[kind]),
    values: inRows(values, attributes, items),
  };
}

function contextsOf(file, found, { features, contexts }) {
  if (found['ev.ctx'] === undefined) return undefined;
  const rules = { ids: true, unique: true };
  return {
    names: stringsOf(file, found['feat.off'], found['feat.txt'], rules),
    values: inRows(stringsOf(file, found['ctx.off'], found['ctx.txt']), features, contexts),
    ofEvent: [...indexesOf(file, found['ev.ctx'], contexts)],
  };
}

export function readEvents(input) {
  const file = openContainer(input, KINDS.events);
  const found = resolve(file, EVENTS_SPEC);
  verifyContainer(file);
  const meta = readEventsMeta(file, found['ev.meta']);
  for (const entry of Object.values(found)) {
    if (!entry.required) fail('VALUE_RANGE', entry.type, entry.at + 10, 'not flagged required');
  }
  expectConditional(found, CONDITIONAL, meta, found['ev.meta']);
  for (const type of ['ev.user', 'ev.item', 'ev.label', 'ev.time', 'ev.split', 'ev.ctx', 'ev.prop'])
    expectCount(found[type], meta.events);
  expectCount(found['user.off'], meta.users + 1);
  expectCount(found['item.off'], meta.items + 1);
  expectCount(found['type.off'], meta.types + 1);
  expectCount(found['type.wgt'], meta.types);
  expectCount(found['name.off'], meta.items + 1);
  expectCount(found['item.geo'], meta.items);
  expectCount(found['attr.off'], meta.attributes + 1);
  expectCount(found['attr.knd'], meta.attributes);
  expectCount(found['aval.off'], meta.items * meta.attributes + 1);
  expectCount(found['feat.off'], meta.features + 1);
  expectCount(found['ctx.off'], meta.contexts * meta.features + 1);

  const user = indexesOf(file, found['ev.user'], meta.users);
  const item = indexesOf(file, found['ev.item'], meta.items);
  const label = arrayOf(file, found['ev.label'], 'u32');
  label.forEach((mask, i) => expectRange(found['ev.label'], 4 * i, mask, 1, 2 ** meta.types - 1));
  const time = arrayOf(file, found['ev.time'], 'i64');
  time?.forEach((value, i) => expectRange(found['ev.time'], 8 * i, value, -(2n ** 53n), 2n ** 53n));
  const split = arrayOf(file, found['ev.split'], 'u8');
  split?.forEach((value, i) => expectRange(found['ev.split'], i, value, 0, 1));
  return {
    header: file.header,
    meta,
    user: [...user],
    item: [...item],
    label: [...label],
    time: time && [...time].map(Number),
    split: split && [...split],
    users: stringsOf(file, found['user.off'], found['user.txt'], { ids: true }),
    items: stringsOf(file, found['item.off'], found['item.txt'], { ids: true, sorted: true }),
    types: stringsOf(file, found['type.off'], found['type.txt'], { ids: true, unique: true }),
    typeWeights: [...floatsOf(file, found['type.wgt'])],
    titles: stringsOf(file, found['name.off'], found['name.txt']),
    places: placesOf(file, found['item.geo']),
    attributes: attributesOf(file, found, meta),
    contexts: contextsOf(file, found, meta),
    propensities: found['ev.prop'] && [...floatsOf(file, found['ev.prop'], 2 ** -126, 1)],
  };
}

// ---- section 3: snapshots ---------------------------------------------------------------------------------

const SNAPSHOT_SPEC = {
  meta: ['core', 256],
  'item.off': ['core', 4],
  'item.txt': ['core', 1],
  'type.off': ['core', 4],
  'type.txt': ['core', 1],
  'type.wgt': ['core', 4],
  source: ['core', 16],
  pop: ['core', 4],
  'pop.top': ['core', 4],
  'nbr.off': ['core', 4],
  nbr: ['core', 4],
  'enc.pos': ['core', 4, true],
  rise: ['core', 4, true],
  'rise.top': ['core', 4, true],
  geo: ['core', 8, true],
  'geo.code': ['core', 4, true],
  'geo.item': ['core', 4, true],
  explore: ['core', 4, true],
  'user.pos': ['core', 4, true],
  'feat.off': ['core', 4, true],
  'feat.txt': ['core', 1, true],
  'feat.vec': ['core', 4, true],
  born: ['core', 4, true],
  'at.off': ['core', 4, true],
  'at.txt': ['core', 1, true],
  'at.kind': ['core', 1, true],
  'at.first': ['core', 4, true],
  'av.off': ['core', 4, true],
  'av.txt': ['core', 1, true],
  'ia.off': ['core', 4, true],
  'ia.val': ['core', 4, true],
  'ia.num': ['core', 4, true],
  task: ['core', 32, true],
  rate: ['core', 1, true],
  'rank.in': ['core', 4, true],
  'rank.2': ['core', 4, true],
  'rank.1': ['core', 4, true],
  'rank.1i': ['core', 1, true],
  'nbr2.off': ['vectors', 4],
  nbr2: ['vectors', 4],
  'vec.mean': ['core', 4],
  'vec.fac': ['core', 8],
  'vec.cell': ['core', 1],
  'vec.low': ['vectors', 0],
  'name.off': ['text', 4, true],
  'name.txt': ['text', 1, true],
  report: ['text', 1, true],
};

const isPowerOfTwo = (value) => value > 0 && Math.log2(value) % 1 === 0;

/** Sections that are there if and only if a number of the meta is not 0, with that number's place. */
const SNAPSHOT_CONDITIONAL = [
  ['encoderPositions', 64, ['enc.pos']],
  ['trendingCount', 84, ['rise', 'rise.top']],
  ['placeCount', 88, ['geo', 'geo.code', 'geo.item']],
  ['exploreCount', 92, ['explore']],
  ['userPositions', 96, ['user.pos']],
  ['userFeatures', 100, ['feat.off', 'feat.txt', 'feat.vec']],
  ['timedItems', 136, ['born']],
  [
    'attributes',
    140,
    ['at.off', 'at.txt', 'at.kind', 'at.first', 'av.off', 'av.txt', 'ia.off', 'ia.val'],
  ],
  ['numbers', 148, ['ia.num']],
  ['tasks', 116, ['task', 'rate', 'rank.in', 'rank.2', 'rank.1', 'rank.1i']],
];

function readSnapshotMeta(file, entry) {
  expectCount(entry, 1);
  verifySection(file, entry);
  const { view } = file;
  const at = entry.offset;
  const meta = {
    items: view.getUint32(at, true),
    types: view.getUint32(at + 4, true),
    dim: view.getUint32(at + 8, true),
    timeKind: view.getUint32(at + 12, true),
    events: view.getBigUint64(at + 16, true),
    sessions: view.getBigUint64(at + 24, true),
    statsThroughMs: view.getBigInt64(at + 32, true),
    seed: view.getBigUint64(at + 40, true),
    neighborScale: view.getFloat32(at + 48, true),
    similarDecay: view.getFloat32(at + 52, true),
    sessionDecay: view.getFloat32(at + 56, true),
    popularCount: view.getUint32(at + 60, true),
    encoderPositions: view.getUint32(at + 64, true),
    repeat: [0, 1, 2, 3].map((lag) => view.getFloat32(at + 68 + 4 * lag, true)),
    trendingCount: view.getUint32(at + 84, true),
    placeCount: view.getUint32(at + 88, true),
    exploreCount: view.getUint32(at + 92, true),
    userPositions: view.getUint32(at + 96, true),
    userFeatures: view.getUint32(at + 100, true),
    featureRows: view.getUint32(at + 104, true),
    outlierWeight: view.getFloat32(at + 108, true),
    nearbyKm: view.getFloat32(at + 112, true),
    tasks: view.getUint32(at + 116, true),
    rankInputs: view.getUint32(at + 120, true),
    rankExperts: view.getUint32(at + 124, true),
    rankUnits: view.getUint32(at + 128, true),
    rankItemStep: view.getFloat32(at + 132, true),
    timedItems: view.getUint32(at + 136, true),
    attributes: view.getUint32(at + 140, true),
    attributeValues: view.getUint32(at + 144, true),
    numbers: view.getUint32(at + 148, true),
    shortPopular: view.getFloat32(at + 152, true),
  };
  expectRange(entry, 0, meta.items, 1, 2 ** 24 - 1);
  expectRange(entry, 4, meta.types, 1, 32);
  expectRange(entry, 8, meta.dim, 4, 256);
  if (meta.dim % 4 !== 0) fail('VALUE_RANGE', entry.type, at + 8, `dim ${meta.dim}`);
  expectRange(entry, 12, meta.timeKind, 0, 2);
  expectFloat(entry, 48, meta.neighborScale, 0, 2 ** 40);
  for (const [byte, decay] of [
    [52, meta.similarDecay],
    [56, meta.sessionDecay],
  ]) {
    expectFloat(entry, byte, decay, Number.MIN_VALUE, 1);
  }
  expectRange(entry, 60, meta.popularCount, 0, meta.items);
  expectRange(entry, 64, meta.encoderPositions, 0, 64);
  meta.repeat.forEach((bonus, lag) => expectFloat(entry, 68 + 4 * lag, bonus, -4, 4));
  expectRange(entry, 84, meta.trendingCount, 0, meta.items);
  expectRange(entry, 88, meta.placeCount, 0, meta.items);
  expectRange(entry, 92, meta.exploreCount, 0, meta.items);
  expectRange(entry, 96, meta.userPositions, 0, 64);
  expectRange(entry, 100, meta.userFeatures, 0, 16);
  if (meta.userFeatures === 0) expectRange(entry, 104, meta.featureRows, 0, 0);
  else if (!isPowerOfTwo(meta.featureRows) || meta.featureRows > 65536)
    fail('VALUE_RANGE', entry.type, at + 104, `${meta.featureRows} rows`);
  expectFloat(entry, 108, meta.outlierWeight, 0, 1);
  expectFloat(entry, 112, meta.nearbyKm, meta.placeCount === 0 ? 0 : Math.fround(0.001), 20000);
  const ranked = meta.tasks === 0 ? 0 : 1;
  expectRange(entry, 116, meta.tasks, 0, Math.min(8, meta.types));
  expectRange(entry, 120, meta.rankInputs, ranked, ranked * 64);
  expectRange(entry, 124, meta.rankExperts, ranked, ranked * 8);
  expectRange(entry, 128, meta.rankUnits, ranked, ranked * 64);
  expectFloat(entry, 132, meta.rankItemStep, 0, ranked * FLOAT_LIMIT);
  expectRange(entry, 136, meta.timedItems, 0, meta.items);
  expectRange(entry, 140, meta.attributes, 0, 32);
  expectFloat(entry, 152, meta.shortPopular, 0, 1000);
  expectRange(entry, 144, meta.attributeValues, 0, meta.attributes === 0 ? 0 : 2 ** 24);
  expectRange(entry, 148, meta.numbers, 0, meta.attributes);
  expectZero(file, entry, 156, 256);
  return meta;
}

function sourcesOf(file, entry) {
  return Array.from({ length: 8 }, (_, row) => {
    const byte = 16 * row;
    const quota = file.view.getUint32(entry.offset + byte, true);
    const weight = file.view.getFloat32(entry.offset + byte + 4, true);
    expectRange(entry, byte, quota, 0, 65535);
    expectFloat(entry, byte + 4, weight, -FLOAT_LIMIT, FLOAT_LIMIT);
    expectZero(file, entry, byte + 8, byte + 16);
    return { quota, weight };
  });
}

/** Items by descending value, ties by item. */
function rankingOf(file, entry, values) {
  if (entry === undefined) return undefined;
  const ranking = indexesOf(file, entry, values.length);
  for (let i = 1; i < ranking.length; i++) {
    const [before, here] = [ranking[i - 1], ranking[i]];
    const descends = values[before] > values[here];
    const tied = values[before] === values[here] && before < here;
    if (!descends && !tied) fail('NOT_SORTED', entry.type, entry.offset + 4 * i, `item ${here}`);
  }
  return [...ranking];
}

/** Interleaved bits of the cells of a place: longitude even, latitude odd. */
function codeOfPlace([latitude, longitude]) {
  const cellOf = (degrees, half) => {
    const share = Math.fround(Math.fround(Math.fround(degrees) + half) / (2 * half));
    return Math.min(65535, Math.floor(Math.fround(share * 65536)));
  };
  const [x, y] = [cellOf(longitude, 180), cellOf(latitude, 90)];
  let code = 0;
  for (let bit = 0; bit < 16; bit++) {
    code += ((x >> bit) & 1) * 2 ** (2 * bit) + ((y >> bit) & 1) * 2 ** (2 * bit + 1);
  }
  return code;
}

/** Of each item [latitude, longitude] or null; and the items by code. */
function geoOf(file, found, meta) {
  if (found.geo === undefined) return undefined;
  const places = placesOf(file, found.geo);
  const count = places.filter((place) => place !== null).length;
  expectRange(found.meta, 88, meta.placeCount, count, count);
  const item = indexesOf(file, found['geo.item'], meta.items);
  const code = arrayOf(file, found['geo.code'], 'u32');
  code.forEach((value, i) => {
    if (i > 0 && value < code[i - 1])
      fail('NOT_SORTED', 'geo.code', found['geo.code'].offset + 4 * i, `${value}`);
  });
  item.forEach((value, i) => {
    const at = found['geo.item'].offset + 4 * i;
    if (i > 0 && code[i] === code[i - 1] && value <= item[i - 1])
      fail('NOT_SORTED', 'geo.item', at, `item ${value}`);
    if (places[value] === null || codeOfPlace(places[value]) !== code[i])
      fail('VALUE_RANGE', 'geo.item', at, `item ${value}`);
  });
  return { places, byCode: [...item], codes: [...code] };
}

function exploreOf(file, entry, items) {
  if (entry === undefined) return undefined;
  const explore = indexesOf(file, entry, items);
  explore.forEach((item, i) => {
    if (i > 0 && item <= explore[i - 1])
      fail('NOT_SORTED', entry.type, entry.offset + 4 * i, `item ${item}`);
  });
  return [...explore];
}

/** Rows of `dim` floats. */
function matrixOf(file, entry, dim) {
  if (entry === undefined) return undefined;
  const values = floatsOf(file, entry);
  return inRows([...values], dim, values.length / dim);
}

/** Minutes since 1970 of each item's first event, or null. */
function bornOf(file, found, { timedItems }) {
  if (found.born === undefined) return undefined;
  const born = [...arrayOf(file, found.born, 'u32')].map((minutes) => minutes || null);
  const timed = born.filter((minutes) => minutes !== null).length;
  expectRange(found.meta, 136, timedItems, timed, timed);
  return born;
}

const NO_NUMBER = 2 ** 100;

/** Names, kinds, and of each item an object of what it has: text, [texts] or a number. */
function snapshotAttributesOf(file, found, meta) {
  if (found['at.off'] === undefined) return undefined;
  const names = stringsOf(file, found['at.off'], found['at.txt'], { ids: true, unique: true });
  const first = offsetsOf(file, found['at.first'], meta.attributeValues);
  const kinds = [...arrayOf(file, found['at.kind'], 'u8')].map((kind, a) => {
    expectRange(found['at.kind'], a, kind, 0, KINDS_OF_ATTRIBUTES.length - 1);
    const name = KINDS_OF_ATTRIBUTES[kind];
    if ((name === 'text' || name === 'number') && first[a + 1] !== first[a])
      fail(
        'VALUE_RANGE',
        'at.first',
        found['at.first'].offset + 4 * (a + 1),
        `values of a ${name}`,
      );
    return name;
  });
  const columns = kinds.filter((kind) => kind === 'number').length;
  expectRange(found.meta, 148, meta.numbers, columns, columns);
  const values = stringsOf(file, found['av.off'], found['av.txt'], { ids: true });
  const textAt = arrayOf(file, found['av.off'], 'u32');
  values.forEach((value, row) => {
    const sameAttribute = row > 0 && !first.includes(row);
    if (sameAttribute && Buffer.compare(Buffer.from(values[row - 1]), Buffer.from(value)) >= 0)
      fail('NOT_SORTED', 'av.txt', found['av.txt'].offset + textAt[row], value);
  });
  const attributeOf = (value) => kinds.findIndex((_, a) => value < first[a + 1]);
  const begins = offsetsOf(file, found['ia.off'], found['ia.val'].count);
  const entries = indexesOf(file, found['ia.val'], meta.attributeValues);
  const numbers = found['ia.num'] && arrayOf(file, found['ia.num'], 'f32');
  numbers?.forEach((number, i) => {
    if (number !== NO_NUMBER) expectFloat(found['ia.num'], 4 * i, number, -(2 ** 64), 2 ** 64);
  });
  const ofItems = Array.from({ length: meta.items }, (_, item) => {
    const has = {};
    for (let at = begins[item]; at < begins[item + 1]; at++) {
      const byte = found['ia.val'].offset + 4 * at;
      if (at > begins[item] && entries[at] <= entries[at - 1])
        fail('NOT_SORTED', 'ia.val', byte, `value ${entries[at]}`);
      const a = attributeOf(entries[at]);
      if (kinds[a] === 'tags') (has[names[a]] ??= []).push(values[entries[at]]);
      else if (names[a] in has) fail('VALUE_RANGE', 'ia.val', byte, `another ${names[a]}`);
      else has[names[a]] = values[entries[at]];
    }
    let column = 0;
    kinds.forEach((kind, a) => {
      if (kind !== 'number') return;
      const number = numbers[item * meta.numbers + column++];
      if (number !== NO_NUMBER) has[names[a]] = number;
    });
    return has;
  });
  return { names, kinds, values, ofItems };
}

function tasksOf(file, entry) {
  let last = -1;
  return Array.from({ length: entry.count }, (_, row) => {
    const byte = 32 * row;
    const at = entry.offset + byte;
    const floatAt = (field, low = -FLOAT_LIMIT, high = FLOAT_LIMIT) => {
      const value = file.view.getFloat32(at + field, true);
      expectFloat(entry, byte + field, value, low, high);
      return value;
    };
    const type = file.view.getUint32(at, true);
    expectRange(entry, byte, type, 0, file.types - 1);
    if (type <= last) fail('NOT_SORTED', entry.type, at, `type ${type}`);
    last = type;
    const task = {
      type,
      weight: floatAt(4),
      scale: floatAt(8),
      offset: floatAt(12),
      baseRate: floatAt(16, 0, 1),
    };
    expectZero(file, entry, byte + 20, byte + 32);
    return task;
  });
}

/** The tasks, the networks of both stages, and what is known of the items for them. */
function rankersOf(file, found, meta) {
  if (found.task === undefined) return undefined;
  const { dim, rankInputs: inputs, rankExperts: experts, rankUnits: units } = meta;
  const tasks = tasksOf({ ...file, types: meta.types }, found.task);
  const features = indexesOf(file, found['rank.in'], 64);
  features.forEach((feature, i) => {
    if (i > 0 && feature <= features[i - 1])
      fail('NOT_SORTED', 'rank.in', found['rank.in'].offset + 4 * i, `feature ${feature}`);
  });
  const rates = inRows([...arrayOf(file, found.rate, 'u8')], tasks.length, meta.items);
  rates.forEach((row, item) =>
    row.forEach((rate, t) => {
      const [low, high] = row[0] === 255 ? [255, 255] : [0, 254];
      expectRange(found.rate, item * tasks.length + t, rate, low, high);
    }),
  );
  const second = [...floatsOf(file, found['rank.2'])];
  const first = [...floatsOf(file, found['rank.1'])];
  const columns = experts * units + tasks.length * experts + tasks.length;
  const take = (rows, width) => inRows(second.splice(0, rows * width), width, rows);
  return {
    tasks,
    features: [...features],
    matrix: take(inputs, columns),
    biases: take(1, columns)[0],
    heads: take(tasks.length, units),
    first: { a: first.slice(0, dim), b: first.slice(dim, 2 * dim), w: first.slice(2 * dim) },
    itemSteps: [...arrayOf(file, found['rank.1i'], 'i8')],
    rates,
  };
}

/** Rows of { item, weight, more }: `more` tells entries of `nbr2` from those of `nbr`. */
function neighborsOf(file, found, meta) {
  const tables = [
    { off: found['nbr.off'], entry: found.nbr, more: false },
    { off: found['nbr2.off'], entry: found.nbr2, more: true },
  ];
  for (const table of tables) {
    table.offsets = offsetsOf(file, table.off, table.entry.count);
    table.values = arrayOf(file, table.entry, 'u32');
  }
  const rows = [];
  for (let item = 0; item < meta.items; item++) {
    const row = [];
    for (const { off, offsets, values, entry, more } of tables) {
      const length = offsets[item + 1] - offsets[item];
      expectRange(off, 4 * (item + 1), length, 0, more ? 256 - row.length : 8);
      for (let k = offsets[item]; k < offsets[item + 1]; k++) {
        const neighbor = { item: values[k] % 2 ** 24, code: values[k] >>> 24, more };
        const last = row.at(-1);
        expectRange(entry, 4 * k, neighbor.item, 0, meta.items - 1);
        if (neighbor.item === item)
          fail('VALUE_RANGE', entry.type, entry.offset + 4 * k, 'its own neighbour');
        const ordered =
          !last ||
          last.code > neighbor.code ||
          (last.code === neighbor.code && last.item < neighbor.item);
        const again = row.some((before) => before.item === neighbor.item);
        if (!ordered || again)
          fail('NOT_SORTED', entry.type, entry.offset + 4 * k, `item ${neighbor.item}`);
        row.push(neighbor);
      }
    }
    rows.push(row);
  }
  const weightOf = (code) => meta.neighborScale * 2 ** (-(255 - code) / 16);
  return rows.map((row) =>
    row.map(({ item, code, more }) => ({ item, code, weight: weightOf(code), more })),
  );
}

/** The cell of each (row, dimension), from the transposed blocks; padding rows must be zero. */
function cellsOf(file, entry, { items, dim }) {
  const bytes = arrayOf(file, entry, 'u8');
  const rows = Array.from({ length: items }, () => new Uint8Array(dim));
  bytes.forEach((byte, at) => {
    const j = at % 16;
    const table = Math.floor(at / 16);
    const block = Math.floor(table / (dim / 2));
    const d = 2 * (table % (dim / 2));
    for (const [row, nibble] of [
      [32 * block + j, byte & 15],
      [32 * block + 16 + j, byte >> 4],
    ]) {
      if (row < items) {
        rows[row][d] = nibble & 3;
        rows[row][d + 1] = nibble >> 2;
      } else if (nibble !== 0) {
        fail('RESERVED_NOT_ZERO', entry.type, entry.offset + at, `padding row ${row}`);
      }
    }
  });
  return rows;
}

/** The six low bits of each (row, dimension). */
function lowBitsOf(file, entry, { items, dim }) {
  const bytes = arrayOf(file, entry, 'u8');
  return Array.from({ length: items }, (_, row) => {
    const at = row * ((3 * dim) / 4);
    return Uint8Array.from({ length: dim }, (_unused, d) => {
      const nibble = (bytes[at + Math.floor(d / 2)] >> (4 * (d % 2))) & 15;
      const upper = (bytes[at + dim / 2 + Math.floor(d / 4)] >> (2 * (d % 4))) & 3;
      return nibble + 16 * upper;
    });
  });
}

/** Signed magnitude of a coordinate, in units of u. */
function magnitudeOf(cell, low) {
  const magnitude = cell === 1 || cell === 2 ? low : 64 + 3 * low;
  return cell < 2 ? -magnitude : magnitude;
}

function vectorsOf(file, found, meta) {
  const mean = floatsOf(file, found['vec.mean']);
  const factors = floatsOf(file, found['vec.fac'], 0);
  const cells = cellsOf(file, found['vec.cell'], meta);
  const low = lowBitsOf(file, found['vec.low'], meta);
  return {
    mean,
    scanFactors: factors.filter((_, i) => i % 2 === 0),
    decodeScales: factors.filter((_, i) => i % 2 === 1),
    cells,
    low,
    rows: cells.map((row, item) =>
      Float32Array.from(
        row,
        (cell, d) => mean[d] + factors[2 * item + 1] * magnitudeOf(cell, low[item][d]),
      ),
    ),
  };
}

function reportOf(file, entry) {
  if (entry === undefined) return undefined;
  const text = decodeUtf8(file.bytes.subarray(entry.offset, entry.offset + entry.bytes));
  if (text === null) fail('BAD_UTF8', entry.type, entry.offset, 'report');
  return text;
}

export function readSnapshot(input) {
  const file = openContainer(input, KINDS.snapshot);
  const found = resolve(file, SNAPSHOT_SPEC);
  const meta = readSnapshotMeta(file, found.meta);
  const { items, types, dim } = meta;
  expectConditional(found, SNAPSHOT_CONDITIONAL, meta, found.meta);
  expectCount(found['item.off'], items + 1);
  expectCount(found['type.off'], types + 1);
  expectCount(found['type.wgt'], types);
  expectCount(found.source, 8);
  expectCount(found.pop, items);
  expectCount(found['pop.top'], meta.popularCount);
  expectCount(found['nbr.off'], items + 1);
  expectCount(found['nbr2.off'], items + 1);
  expectCount(found['vec.mean'], dim);
  expectCount(found['vec.fac'], items);
  expectCount(found['vec.cell'], Math.ceil(items / 32) * 8 * dim);
  expectCount(found['vec.low'], items, (3 * dim) / 4);
  expectCount(found['name.off'], items + 1);
  expectCount(found['enc.pos'], meta.encoderPositions * dim);
  expectCount(found.rise, items);
  expectCount(found['rise.top'], meta.trendingCount);
  expectCount(found.geo, items);
  expectCount(found['geo.code'], meta.placeCount);
  expectCount(found['geo.item'], meta.placeCount);
  expectCount(found.explore, meta.exploreCount);
  expectCount(found['user.pos'], meta.userPositions * dim);
  expectCount(found['feat.off'], meta.userFeatures + 1);
  expectCount(found['feat.vec'], meta.featureRows * dim);
  const columns = meta.rankExperts * meta.rankUnits + meta.tasks * meta.rankExperts + meta.tasks;
  expectCount(found.born, items);
  expectCount(found['at.off'], meta.attributes + 1);
  expectCount(found['at.kind'], meta.attributes);
  expectCount(found['at.first'], meta.attributes + 1);
  expectCount(found['av.off'], meta.attributeValues + 1);
  expectCount(found['ia.off'], items + 1);
  expectCount(found['ia.num'], items * meta.numbers);
  expectCount(found.task, meta.tasks);
  expectCount(found.rate, items * meta.tasks);
  expectCount(found['rank.in'], meta.rankInputs);
  expectCount(found['rank.2'], (meta.rankInputs + 1) * columns + meta.tasks * meta.rankUnits);
  expectCount(found['rank.1'], 2 * dim + 16);
  expectCount(found['rank.1i'], items);
  verifyContainer(file);

  const trending = found.rise && floatsOf(file, found.rise, 0, 1);
  const popularity = floatsOf(file, found.pop, 0, 2 ** 64);
  return {
    header: file.header,
    meta,
    items: stringsOf(file, found['item.off'], found['item.txt'], { ids: true, sorted: true }),
    types: stringsOf(file, found['type.off'], found['type.txt'], { ids: true, unique: true }),
    titles: stringsOf(file, found['name.off'], found['name.txt']),
    typeWeights: [...floatsOf(file, found['type.wgt'])],
    sources: sourcesOf(file, found.source),
    popularity: [...popularity],
    popular: rankingOf(file, found['pop.top'], popularity),
    trending: trending && [...trending],
    trendingTop: rankingOf(file, found['rise.top'], trending),
    geo: geoOf(file, found, meta),
    explore: exploreOf(file, found.explore, items),
    encoderPositions: matrixOf(file, found['enc.pos'], dim),
    userPositions: matrixOf(file, found['user.pos'], dim),
    features: stringsOf(file, found['feat.off'], found['feat.txt'], { ids: true, unique: true }),
    featureVectors: matrixOf(file, found['feat.vec'], dim),
    born: bornOf(file, found, meta),
    attributes: snapshotAttributesOf(file, found, meta),
    rankers: rankersOf(file, found, meta),
    neighbors: neighborsOf(file, found, meta),
    vectors: vectorsOf(file, found, meta),
    report: reportOf(file, found.report),
  };
}
