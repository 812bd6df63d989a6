// Deltas, FORMAT.md section 4. See reader.js. Numbers are BigInt where the format allows more than 2^53.
import { HEADER_BYTES, KINDS, fail, openContainer, resolve, verifyContainer } from './container.js';

const SPEC = {
  'dl.meta': ['core', 64],
  'dl.arm': ['core', 1],
  'dl.lin': ['core', 1, true],
};
const KINDS_OF_ARMS = [undefined, 'item', 'cluster', 'source'];
const MS_PER_DAY = 86_400_000n;

function expectRange(entry, byte, value, low, high) {
  if (value < low || value > high) fail('VALUE_RANGE', entry.type, entry.offset + byte, `${value}`);
}

function readMeta(file, entry) {
  const view = new DataView(file.bytes.buffer, entry.offset, 64);
  const meta = {
    armRows: view.getUint32(0, true),
    day: view.getUint32(4, true),
    linearDim: view.getUint32(8, true),
    linearDays: view.getUint32(12, true),
    linearModel: view.getBigUint64(16, true),
    seq: view.getBigUint64(24, true),
    epoch: view.getUint32(32, true),
  };
  const modelled = meta.linearDim !== 0;
  expectRange(entry, 0, meta.armRows, 0, 2 ** 24);
  expectRange(entry, 4, meta.day, 0, 65535);
  expectRange(entry, 8, meta.linearDim, 0, 64);
  expectRange(entry, 12, meta.linearDays, modelled ? 1 : 0, modelled ? 64 : 0);
  if (!modelled) expectRange(entry, 16, meta.linearModel, 0n, 0n);
  for (let byte = 36; byte < 64; byte++)
    if (view.getUint8(byte) !== 0)
      fail('RESERVED_NOT_ZERO', entry.type, entry.offset + byte, `${view.getUint8(byte)}`);
  return meta;
}

/** The packed numbers of a section, one after the other. `row()` marks where an error points. */
class Numbers {
  constructor(file, entry) {
    this.file = file;
    this.entry = entry;
    this.at = entry.offset;
    this.end = entry.offset + entry.bytes;
    this.rowAt = this.at;
  }
  row() {
    this.rowAt = this.at;
  }
  fail(status, why) {
    fail(status, this.entry.type, this.rowAt, why);
  }
  next() {
    let value = 0n;
    for (let bytes = 0; ; bytes++) {
      if (this.at === this.end || bytes === 10) this.fail('SECTION_SHAPE', 'a number is cut');
      const byte = this.file.bytes[this.at++];
      value |= BigInt(byte & 127) << BigInt(7 * bytes);
      if (byte >= 128) continue;
      if (bytes > 0 && byte === 0) this.fail('SECTION_SHAPE', 'a longer form');
      if (value >= 1n << 64n) this.fail('SECTION_SHAPE', 'beyond 64 bits');
      return value;
    }
  }
  nextSigned() {
    const value = this.next();
    return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
  }
  finish() {
    if (this.at !== this.end) fail('SECTION_SHAPE', this.entry.type, this.at, 'bytes are left');
  }
}

function readRow(numbers, meta, keyBefore) {
  const key = keyBefore + numbers.next();
  const code = numbers.next();
  const [devicesForm, rewardsForm] = [Number(code & 3n), Number((code >> 2n) & 3n)];
  const daysFollow = (code >> 4n) & 1n;
  const days = daysFollow ? numbers.next() : 0n;
  const rewards = rewardsForm >= 2 ? numbers.next() : BigInt(rewardsForm);
  const devices = devicesForm === 2 ? numbers.next() : BigInt(devicesForm);
  const trials = code >> 5n;
  const unit = rewardsForm === 3 ? 1n : 65536n;
  const refuse = (why) => numbers.fail('VALUE_RANGE', why);
  if (devicesForm === 3) refuse('devices of form 3');
  if ([trials * unit, rewards * unit, devices].some((count) => count > 1n << 58n)) refuse('large');
  if (daysFollow && days === 0n) refuse('0 days follow');
  if (devicesForm === 2 && devices < 2n) refuse('devices need not follow');
  if (rewardsForm === 2 && rewards < 2n) refuse('rewards need not follow');
  if (rewardsForm === 3 && trials % 65536n === 0n && rewards % 65536n === 0n) refuse('whole');
  if (key >= 1n << 48n) refuse('key');
  if (key >> 46n === 0n) refuse('kind 0');
  if (days > BigInt(meta.day)) refuse('before 1970');
  if (trials === 0n && rewards === 0n && devices === 0n) refuse('nothing');
  return {
    key,
    kind: KINDS_OF_ARMS[Number(key >> 46n)],
    day: meta.day - Number(days),
    trials: Number(trials * unit) / 65536,
    rewards: Number(rewards * unit) / 65536,
    devices: Number(devices),
  };
}

function readArms(file, entry, meta) {
  const numbers = new Numbers(file, entry);
  const rows = [];
  for (let i = 0; i < meta.armRows; i++) {
    numbers.row();
    const before = rows.at(-1);
    const row = readRow(numbers, meta, before?.key ?? 0n);
    if (before?.key === row.key && before.day >= row.day) numbers.fail('NOT_SORTED', 'days');
    rows.push(row);
  }
  numbers.finish();
  return rows;
}

function readBlock(numbers, meta) {
  const [days, trials, rewards] = [numbers.next(), numbers.next(), numbers.next()];
  if (days > BigInt(meta.day)) numbers.fail('VALUE_RANGE', 'before 1970');
  if (trials > 1n << 38n || rewards > 1n << 50n) numbers.fail('VALUE_RANGE', 'decisions');
  if (trials === 0n && rewards === 0n) numbers.fail('VALUE_RANGE', 'nothing');
  return { day: meta.day - Number(days), trials, rewards };
}

function readSums(numbers, { linearDim }, block) {
  const sum = (low, high) => {
    const value = numbers.nextSigned();
    if (value < low || value > high) numbers.fail('VALUE_RANGE', `sum ${value}`);
    return value;
  };
  const most = block.trials << 24n;
  const products = [];
  for (let i = 0; i < linearDim; i++)
    for (let j = 0; j <= i; j++) products.push(sum(i === j ? 0n : -most, most));
  const most1 = block.rewards << 12n;
  const sums = Array.from({ length: linearDim }, () => sum(-most1, most1));
  return { ...block, products, sums };
}

function readLinear(file, entry, meta) {
  const numbers = new Numbers(file, entry);
  const blocks = [];
  for (let i = 0; i < meta.linearDays; i++) {
    numbers.row();
    const block = readBlock(numbers, meta);
    if (blocks.length > 0 && blocks.at(-1).day >= block.day) numbers.fail('NOT_SORTED', 'days');
    blocks.push(readSums(numbers, meta, block));
  }
  numbers.finish();
  return blocks;
}

export function readDelta(input) {
  const file = openContainer(input, KINDS.delta);
  const found = resolve(file, SPEC);
  const metaEntry = found['dl.meta'];
  if (metaEntry.count !== 1) fail('SECTION_SHAPE', 'dl.meta', metaEntry.at + 32, 'one element');
  verifyContainer(file);
  const meta = readMeta(file, metaEntry);
  if (file.header.createdAtMs !== BigInt(meta.day) * MS_PER_DAY)
    fail('VALUE_RANGE', '', 96, `${file.header.createdAtMs}`);
  const linear = found['dl.lin'];
  if (linear === undefined && meta.linearDim !== 0)
    fail('SECTION_MISSING', 'dl.lin', HEADER_BYTES, 'absent');
  if (linear !== undefined && meta.linearDim === 0)
    fail('VALUE_RANGE', 'dl.meta', metaEntry.offset + 8, 'dl.lin is there');
  const arms = readArms(file, found['dl.arm'], meta);
  const blocks = linear === undefined ? [] : readLinear(file, linear, meta);
  if (![...arms, ...blocks].some(({ day }) => day === meta.day))
    fail('VALUE_RANGE', 'dl.meta', metaEntry.offset + 4, 'no row of this day');
  return { header: file.header, meta, arms, linear: blocks };
}
