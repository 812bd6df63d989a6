// What a figure must reach, as a verdict over the rows of one set and protocol: a published number, another
// method of the same run, a multiple of it. A lead is printed with its paired 95 % interval where there is one,
// so that a lead by luck is seen to be one.

import { answerOf } from './figure_rows.js';

/** .1002: no figure here reaches 1, and a column of them reads better without the zeros. */
export const digits = (value) => value.toFixed(4).replace(/^(-?)0\./, '$1.');
const interval = (low, high) => `${digits(low)} … ${digits(high)}`;

/** The row of a method and metric; the answer's without a method. */
export function rowOf(rows, metric, method = answerOf(rows)) {
  return rows.find((row) => row.metric === metric && row.method === method);
}

function verdict(rows, { metric, of = answerOf(rows) }, wanted, beside, more = {}) {
  const own = rowOf(rows, metric, of);
  if (!own || wanted === undefined) {
    const missing = own ? beside : of;
    return { metric, of, beside, reached: false, detail: `there is no figure of ${missing}` };
  }
  const { reached = own.value > wanted, detail = '', bound = 'above' } = more;
  return { metric, of, beside, value: own.value, bound, wanted, reached, detail };
}

const ownInterval = (row) => (row?.low === undefined ? '' : `95 % ${interval(row.low, row.high)}`);

/** Above a published number. */
export const figure = (metric, wanted, name) => (rows) =>
  verdict(rows, { metric }, wanted, name, { detail: ownInterval(rowOf(rows, metric)) });

/** At least `factor` times another method. */
export const times =
  (factor, metric, method, { of } = {}) =>
  (rows) => {
    const other = rowOf(rows, metric, method);
    const own = rowOf(rows, metric, of);
    const wanted = other && factor * other.value;
    const more = own && other ? { reached: own.value >= wanted } : {};
    return verdict(rows, { metric, of }, wanted, `${factor} × ${method}`, more);
  };

function leadDetail(other) {
  if (other.lead === undefined) return '';
  const paired = `lead ${digits(other.lead)}, 95 % ${interval(other.leadLow, other.leadHigh)}`;
  return other.leadLow > 0 ? paired : `${paired}: may be luck`;
}

/** Above another method. `within` interval: its figure is not above our 95 % interval. */
export const above =
  (metric, method, { within } = {}) =>
  (rows) => {
    const own = rowOf(rows, metric);
    const other = rowOf(rows, metric, method);
    if (!own || !other) return verdict(rows, { metric }, undefined, method);
    const detail = leadDetail(other);
    if (within !== 'interval') return verdict(rows, { metric }, other.value, method, { detail });
    return verdict(rows, { metric }, other.value, `${method}, within our interval`, {
      reached: own.high >= other.value,
      detail: `${ownInterval(own)}; ${detail}`,
    });
  };

/** Above the blend of the sources, the interval of the paired difference above 0. */
export const aboveBlend = (metric) => (rows) => {
  const blend = rowOf(rows, metric, 'blend');
  if (answerOf(rows) === 'blend') {
    const detail = 'no ranker beat the blend in validation, so the blend is the answer';
    return verdict(rows, { metric }, blend?.value, 'blend', { reached: false, detail });
  }
  const detail = blend ? leadDetail(blend) : '';
  return verdict(rows, { metric }, blend?.value, 'blend', { reached: blend?.leadLow > 0, detail });
};

/** A task's AUC above a rate's, the interval above 0. */
export const aboveRate = (task, rate) => (rows) => {
  const [metric, of] = [`auc ${task}`, 'funnel'];
  const other = rowOf(rows, metric, rate);
  const detail = other ? leadDetail(other) : '';
  return verdict(rows, { metric, of }, other?.value, rate, { reached: other?.leadLow > 0, detail });
};

/** Probabilities of a task that are right on average: the expected calibration error, held out, at most `most`. */
export const calibrated =
  (task, most = 0.02) =>
  (rows) => {
    const [metric, of] = [`calibration error ${task}`, 'funnel'];
    const own = rowOf(rows, metric, of);
    const more = { reached: own?.value <= most, bound: 'at most' };
    return verdict(rows, { metric, of }, most, 'a head', more);
  };

/** Above the best of our single sources. */
export const aboveBestSource = (metric) => (rows) => {
  const sources = rows.filter((row) => row.metric === metric && row.kind === 'source');
  const best = sources.reduce((a, b) => (b.value > a.value ? b : a), sources[0]);
  const detail = best ? leadDetail(best) : '';
  return verdict(rows, { metric }, best?.value, `best source, ${best?.method}`, { detail });
};

/** One line of a verdict, for a terminal. */
export function verdictLine({ metric, of, beside, value, bound, wanted, reached, detail }) {
  const word = reached ? 'reached' : 'missed';
  const more = detail ? ` (${detail})` : '';
  if (value === undefined) return `${of} ${metric}, above ${beside}: ${word}${more}`;
  return `${of} ${metric} ${digits(value)}, ${bound} ${digits(wanted)} (${beside}): ${word}${more}`;
}
