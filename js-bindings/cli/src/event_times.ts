// Times of any kind to Unix milliseconds, or to an order index.
//
// Numbers tell their unit by their size: an event of this century is 10^9 seconds, 10^12 milliseconds,
// 10^15 microseconds or 10^18 nanoseconds after 1970. The median decides, so that one broken row is
// reported instead of changing the unit of all. Numbers that never reach 10^8 (March 1973) are no
// clock times but positions: an order index, which says what came first and nothing about when.
import { type Duck } from './duck.js';
import { type TimeKind } from './event_log.js';
import { type Stage } from './event_stage.js';
import { Refusal, quote } from './failures.js';

const ORDER_BELOW = 1e8;
const FIRST_MS = 0;
const END_MS = Date.UTC(2200, 0, 1);
const MOST_ORDER = 2 ** 53;

export interface Times {
  readonly kind: TimeKind;
  /** SQL over the stage's columns: a whole DOUBLE, NULL where the row's time is impossible. */
  readonly sql: string;
  /** What was understood, for a person. */
  readonly summary: string;
}

/** A way to read the column: its value where it can be read at all, and which values are possible. */
interface Reading {
  readonly kind: TimeKind;
  readonly unit: string;
  readonly value: string;
  readonly isPossible: string;
  readonly why: string;
}

export async function readTimes(duck: Duck, stage: Stage): Promise<Times> {
  if (stage.timeType === undefined) return { kind: 'none', sql: 'NULL', summary: 'no times' };
  const reading = await chooseReading(duck, stage, stage.timeType);
  const { kind, value, isPossible, unit } = reading;
  const sql = `CASE WHEN ${isPossible} THEN CAST(${value} AS DOUBLE) END`;
  const [bad, first = null, last = null] = await duck.numbers(
    `SELECT min(rowid) FILTER (v IS NULL), min(v), max(v) FROM (SELECT rowid, ${sql} AS v FROM stage)`,
  );
  if (typeof bad === 'number') throw await impossible(duck, stage, reading, bad);
  const day = (ms: number | null): string => new Date(ms ?? 0).toISOString().slice(0, 10);
  const range = kind === 'order' ? `${first} to ${last}` : `${day(first)} to ${day(last)}`;
  return { kind, sql, summary: `times are ${unit}, ${range}` };
}

async function impossible(
  duck: Duck,
  stage: Stage,
  { value, why }: Reading,
  row: number,
): Promise<Refusal> {
  const [[text, isRead] = []] = await duck.rows(
    `SELECT CAST(t AS VARCHAR), ${value} IS NOT NULL FROM stage WHERE rowid = ${row}`,
  );
  const place = await stage.place(row, 'time');
  if (text === null || text === '') return new Refusal(place, 'the time is missing');
  return new Refusal(place, `${quote(text)} ${isRead === true ? why : 'is not a time'}`);
}

async function chooseReading(duck: Duck, stage: Stage, type: string): Promise<Reading> {
  if (/^(TIMESTAMP|DATE)/.test(type)) {
    return clock(type === 'DATE' ? 'dates' : 'timestamps', 'TRY(epoch_ms(CAST(t AS TIMESTAMP)))');
  }
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) {
    return chooseUnit(duck, 'CAST(t AS DOUBLE)');
  }
  if (type !== 'VARCHAR') {
    throw new Refusal(await stage.place(0, 'time'), `a value of type ${type} is not a time`);
  }
  const number = 'TRY_CAST(t AS DOUBLE)';
  const [all = 0, numeric = 0] = await duck.numbers(
    `SELECT count(*) FILTER (t <> ''), count(${number}) FROM stage`,
  );
  if ((numeric ?? 0) * 2 > (all ?? 0)) return chooseUnit(duck, number);
  return clock('ISO 8601', 'TRY(epoch_ms(TRY_CAST(t AS TIMESTAMPTZ)))');
}

async function chooseUnit(duck: Duck, number: string): Promise<Reading> {
  const finite = `CASE WHEN isfinite(${number}) THEN ${number} END`;
  const [most, median] = await duck.numbers(
    `SELECT max(v), quantile_disc(v, 0.5) FROM (SELECT ${finite} AS v FROM stage)`,
  );
  if ((most ?? 0) < ORDER_BELOW) {
    return {
      kind: 'order',
      unit: 'an order index (all below 100,000,000)',
      value: finite,
      isPossible: `${finite} = floor(${finite}) AND abs(${finite}) <= ${MOST_ORDER}`,
      why: 'is not a whole number, as an order index must be',
    };
  }
  const size = median ?? 0;
  if (size < 1e11) return clock('Unix seconds', `round(${finite} * 1000)`);
  if (size < 1e14) return clock('Unix milliseconds', `round(${finite})`);
  if (size < 1e17) return clock('Unix microseconds', `floor(${finite} / 1000)`);
  return clock('Unix nanoseconds', `floor(${finite} / 1000000)`);
}

function clock(unit: string, value: string): Reading {
  return {
    kind: 'unix-ms',
    unit,
    value,
    isPossible: `${value} >= ${FIRST_MS} AND ${value} < ${END_MS}`,
    why: `is outside the years 1970 to 2199 (times are ${unit})`,
  };
}
