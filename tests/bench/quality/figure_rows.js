// The rows of quality.csv: one a set, protocol, method and metric. Page, plot and verdicts are made of these
// rows alone, so none of them can say what the CSV does not.
export const COLUMNS = [
  ...['set', 'protocol', 'cases', 'kind', 'method', 'metric'],
  ...['value', 'low', 'high', 'lead', 'lead_low', 'lead_high'],
];
const KEYS = [
  ...['set', 'protocol', 'cases', 'kind', 'method', 'metric'],
  ...['value', 'low', 'high', 'lead', 'leadLow', 'leadHigh'],
];
const NUMBERS = new Set(['cases', ...KEYS.slice(6)]);

/** What is measured beside the engine and is no part of it. */
const YARDSTICKS = new Set(['cooccurrence', 'random', 'category']);
/** The answer is the first method of a document: the funnel, or the blend where no ranker beat it. */
const kindOf = (method, answer) => {
  if (method === answer) return 'answer';
  if (method === 'blend') return 'blend';
  return YARDSTICKS.has(method) ? 'yardstick' : 'source';
};

/** The method that answers. */
export const answerOf = (rows) => rows.find(({ kind }) => kind === 'answer')?.method ?? 'blend';

/** How a set's protocol is called on the page: the protocol, if no name of its own. */
export const protocolName = ({ name, protocol }) => name ?? protocol;

function measuredRow(document, method, metric) {
  const value = document.metrics[method]?.[metric];
  const [low, high] = document.intervals[method]?.[metric] ?? [];
  // In a case with one hidden item the hit rate is the recall, and leads are of the recall.
  const leads = document.differences[method] ?? {};
  const oneHidden = metric.startsWith('hr@') && sameRates(document, metric);
  const lead = leads[metric] ?? (oneHidden ? leads[metric.replace('hr', 'recall')] : undefined);
  return {
    method,
    metric,
    value,
    low,
    high,
    lead: lead?.mean,
    leadLow: lead?.low,
    leadHigh: lead?.high,
  };
}

const sameRates = ({ metrics }, metric) =>
  metrics.blend[metric] === metrics.blend[metric.replace('hr', 'recall')];

/** AUC and calibration of each task, beside the two rates: metrics "auc like", "calibration error like". */
function taskRows(about, tasks = {}) {
  return Object.entries(tasks).flatMap(([task, figures]) => {
    const row = (kind, method, metric, value, more = {}) => ({
      ...about,
      kind,
      method,
      metric: `${metric} ${task}`,
      value,
      ...more,
    });
    const rates = ['user_rate', 'item_rate'].map((rate) => {
      const { auc, lead, low, high } = figures[rate];
      const leads = { lead, leadLow: low, leadHigh: high };
      return row('yardstick', rate, 'auc', auc, leads);
    });
    return [
      row('answer', 'funnel', 'auc', figures.auc),
      row('answer', 'funnel', 'calibration error', figures.calibration_error),
      ...rates,
    ].filter(({ value }) => typeof value === 'number');
  });
}

/** Rows of one document of `reckon evaluate --json`. A source without its signal (null) has none. */
export function documentRows(entry, document) {
  const cutoff = entry.metrics[0].split('@')[1];
  const about = { set: entry.set, protocol: protocolName(entry), cases: document.cases };
  const methods = Object.keys(document.metrics).filter((method) => document.metrics[method]);
  const rows = methods.flatMap((method) =>
    [...entry.metrics, `coverage@${cutoff}`]
      .map((metric) => measuredRow(document, method, metric))
      .filter(({ value }) => typeof value === 'number')
      .map((row) => ({ ...about, kind: kindOf(method, methods[0]), ...row })),
  );
  return [...rows, ...taskRows(about, document.tasks)];
}

/** The published figures beside a set. */
export function publishedRows(entry) {
  return (entry.published ?? []).flatMap(([method, ...values]) =>
    values.map((value, i) => ({
      set: entry.set,
      protocol: protocolName(entry),
      kind: 'published',
      method,
      metric: entry.metrics[i],
      value,
    })),
  );
}

const csvNumber = (key, value) => (key === 'cases' ? String(value) : value.toFixed(4));

/** As arrays in the order of COLUMNS. */
export function csvFields(row) {
  return KEYS.map((key) => {
    if (row[key] === undefined) return '';
    return NUMBERS.has(key) ? csvNumber(key, row[key]) : row[key];
  });
}

/** The first line of a CSV and its rows. No field of ours has a comma but a quoted one. */
export function readRows(text) {
  const [first, , ...lines] = text.trim().split('\n');
  const rows = lines.map((line) => {
    const fields = splitFields(line);
    const pairs = KEYS.map((key, i) => [key, fields[i]]).filter(([, field]) => field !== '');
    return Object.fromEntries(
      pairs.map(([key, field]) => [key, NUMBERS.has(key) ? Number(field) : field]),
    );
  });
  return { first, rows };
}

const splitFields = (line) =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  );

export const isOf = (entry) => (row) =>
  row.set === entry.set && row.protocol === protocolName(entry);

/** "hr@10" as people write it. */
export function metricName(metric) {
  const [name, cutoff] = metric.split('@');
  const written = { hr: 'HR', ndcg: 'NDCG', mrr: 'MRR', recall: 'Recall', precision: 'P' };
  const short = written[name] ?? name.replace(/^auc/, 'AUC');
  return cutoff === undefined ? short : `${short}@${cutoff}`;
}

/** The methods of an entry, best in its first metric first. */
export function methodsByRank(entry, rows) {
  const first = rows.filter((row) => row.metric === entry.metrics[0]);
  return first.sort((a, b) => b.value - a.value).map(({ method, kind }) => ({ method, kind }));
}
