// What the quality page measures: every data set, how the public command is called for it, the figures
// others published on it, and what must be reached. Settings are the command's defaults everywhere; a set
// only says which columns and files it has and which protocol is asked (`train`: that requests have a location, or for a
// second run beside the first). Nothing here is tuned to a set.
//
// Published figures are as printed by their authors (S3-Rec's table for SASRec) or by the authors of the
// comparison a set comes with. `script`: a plain program of this method, written to have something beside a
// set that nobody published on.
import {
  above,
  aboveBestSource,
  aboveBlend,
  aboveRate,
  calibrated,
  figure,
  times,
} from './quality_targets.js';
import { referenceRows } from './reference_lists.js';

/** A file of the folder RECKON_SHARED_DATA. */
export const shared = (place) => ({ shared: place });
/** One graph of the package `dependent-packages`, as CSV. */
const npm = (event) => ({ npm: event });

const SESSIONS_AT_20 = ['recall@20', 'mrr@20'];
const HIDDEN_AT_10 = ['hr@10', 'ndcg@10'];
const COLD = ['recall@20', 'ndcg@20'];

const BEAUTY = {
  set: 's3rec_beauty',
  log: shared('s3rec_beauty/interactions.csv.gz'),
  items: shared('s3rec_beauty/items.csv.gz'),
  map: 'time=pos',
};
const FILMS = {
  set: 'ml_latest_small',
  log: shared('ml_latest_small/interactions.csv.gz'),
  items: shared('ml_latest_small/items.csv.gz'),
  map: 'label.like=rating >= 4,label.see_less=rating <= 2',
};
const RSC15 = {
  set: 'rsc15_100k',
  log: shared('rsc15_100k/train_full.csv.gz'),
  test: shared('rsc15_100k/test.csv.gz'),
  protocol: 'sessions',
};
const CHECK_INS = {
  set: 'gowalla_nyc',
  log: shared('gowalla_nyc/interactions.csv.gz'),
  items: shared('gowalla_nyc/items.csv.gz'),
  protocol: 'temporal',
  metrics: ['precision@10', 'ndcg@10'],
};
const RETAIL = {
  set: 'online_retail',
  log: shared('online_retail/interactions.csv.gz'),
  items: shared('online_retail/items.csv.gz'),
  map: 'session=basket',
};

const coldTargets = [times(5, 'recall@20', 'random'), above('recall@20', 'category')];
const RATES = ['user_rate', 'item_rate'];
const npmTargets = HIDDEN_AT_10.flatMap((metric) => [
  aboveBestSource(metric),
  above(metric, 'cooccurrence'),
]);
npmTargets.push(aboveBlend('ndcg@10'));

/** In the order of the page. `metrics`: drawn and printed; the CSV has the coverage as well. */
export const SETS = [
  {
    ...BEAUTY,
    protocol: 'leave-one-out',
    metrics: HIDDEN_AT_10,
    published: [
      ['SASRec', 0.0605, 0.0318],
      ['S3-Rec', 0.0647, 0.0327],
      ['ICLRec', 0.0744, 0.0403],
      ['SASRec, sampled softmax', 0.0921, 0.0531],
      ['eSASRec', 0.0928, 0.0523],
      ['decayed rules (script)', 0.084, 0.0541],
      ['item-item + linear (script)', 0.0922, 0.0572],
    ],
    targets: [
      figure('hr@10', 0.0928, 'eSASRec'),
      figure('ndcg@10', 0.0572, 'item-item + linear'),
      aboveBlend('ndcg@10'),
      calibrated('click'),
    ],
  },
  {
    ...BEAUTY,
    protocol: 'temporal',
    about: 'Leave-one-out leaks time between users; here each hides the last fifth of the events.',
    metrics: HIDDEN_AT_10,
  },
  { ...BEAUTY, protocol: 'cold-item', metrics: COLD, targets: coldTargets },
  {
    set: 'diginetica',
    log: shared('diginetica/train.csv.gz'),
    test: shared('diginetica/test.csv.gz'),
    protocol: 'sessions',
    metrics: [...SESSIONS_AT_20, 'ndcg@10'],
    published: [
      ['POP', 0.0093, 0.0021],
      ['Item-KNN', 0.357, 0.116],
      ['NARM', 0.497, 0.162],
      ['SR-GNN', 0.507, 0.176],
      ['CORE-trm', 0.529, 0.186],
      ['GCE-GNN', 0.542, 0.19],
      ['VMIS-kNN (script)', 0.518, 0.183],
      ['linear + item-item (script)', 0.539, 0.181],
    ],
    targets: [
      figure('recall@20', 0.542, 'GCE-GNN'),
      figure('mrr@20', 0.19, 'GCE-GNN'),
      aboveBlend('ndcg@10'),
      calibrated('click'),
    ],
  },
  {
    ...RSC15,
    name: '387 positions',
    about:
      'The positions of the reference lists of VS-kNN and GRU4Rec, whose figures are recomputed from their lists; ' +
      'intervals from 10,000 draws of sessions.',
    metrics: ['hr@20', 'mrr@20'],
    measure: referenceRows,
    targets: ['hr@20', 'mrr@20'].map((metric) => above(metric, 'VS-kNN', { within: 'interval' })),
  },
  { ...RSC15, metrics: SESSIONS_AT_20, about: 'Every position of the test sessions.' },
  { ...RSC15, test: undefined, protocol: 'temporal-global', metrics: SESSIONS_AT_20 },
  {
    set: 'serenade_example',
    log: shared('serenade_example/train.csv.gz'),
    test: shared('serenade_example/test.csv.gz'),
    protocol: 'sessions',
    metrics: ['hr@20', 'mrr@20'],
    published: [['Serenade', 0.6402, 0.3277]],
    targets: [figure('mrr@20', 0.3277, 'Serenade'), figure('hr@20', 0.64, 'Serenade')],
  },
  {
    set: 'serenade_example',
    log: shared('serenade_example/train.csv.gz'),
    protocol: 'temporal-global',
    metrics: SESSIONS_AT_20,
  },
  {
    ...CHECK_INS,
    name: 'temporal, located',
    about:
      'Requests come with a location, as from a phone: that of the first hidden event, rounded to half a kilometre. ' +
      'That event is then not asked for, only the ones after it.',
    train: { located: 1 },
    published: [
      ['popular (script)', 0.0225],
      ['popular at home region (script)', 0.0467],
      ['nearby (script)', 0.0479],
    ],
    targets: [
      times(2, 'precision@10', 'popular', { of: 'nearby' }),
      above('precision@10', 'nearby'),
      above('precision@10', 'popular'),
    ],
  },
  {
    ...CHECK_INS,
    about:
      'Without a location `nearby` only knows the places of the history, and where people were last says less of ' +
      'where they go than what is popular everywhere.',
  },
  ...['depend', 'dev'].map((event) => ({
    set: `npm ${event}`,
    log: npm(event),
    map: 'session=package',
    protocol: 'leave-one-out',
    sample: '0.02',
    about: 'One item of 2 % of the baskets of at least 3 hidden, by hash.',
    metrics: HIDDEN_AT_10,
    published: event === 'depend' ? [['co-occurrence (script)', 0.357]] : [],
    targets: [
      ...(event === 'depend' ? [times(1.9, 'hr@10', 'popular')] : []),
      ...npmTargets,
      calibrated(event),
    ],
  })),
  {
    set: 'npm depend',
    log: npm('depend'),
    map: 'session=package,attr.name=item:text',
    protocol: 'cold-item',
    sample: '0.1',
    about: 'The attributes are the words of the names.',
    metrics: COLD,
    targets: coldTargets,
  },
  {
    ...FILMS,
    protocol: 'temporal',
    about: 'SGNS alone: the source `session` of a second run without the session encoder.',
    metrics: HIDDEN_AT_10,
    second: { method: 'SGNS alone', source: 'session', train: { encoderEpochs: 0 } },
    targets: [
      ...['popular', 'similar', 'SGNS alone'].map((method) => above('ndcg@10', method)),
      aboveBlend('ndcg@10'),
      ...['click', 'like', 'see_less'].map((task) => calibrated(task)),
    ],
  },
  { ...FILMS, protocol: 'cold-item', metrics: COLD, targets: coldTargets },
  {
    ...RETAIL,
    protocol: 'leave-one-out',
    metrics: HIDDEN_AT_10,
    targets: [aboveBlend('ndcg@10'), calibrated('click')],
  },
  {
    ...RETAIL,
    protocol: 'temporal-global',
    metrics: [...SESSIONS_AT_20, 'ndcg@10'],
    targets: [aboveBlend('ndcg@10'), calibrated('click')],
  },
  {
    set: 'kuairand_kcore15',
    log: shared('kuairand_kcore15/interactions.csv.gz'),
    map: 'label.click=is_click,label.like=is_like,label.hate=is_hate',
    protocol: 'temporal',
    about:
      'Every row is an item that was shown, and what came of it: how a ranker tells likes and hates apart on rows that it ' +
      'has not seen, beside the rates of the user and of the item.',
    train: { impressions: 1 },
    metrics: HIDDEN_AT_10,
    targets: [
      ...['like', 'hate'].flatMap((task) => RATES.map((rate) => aboveRate(task, rate))),
      ...['click', 'like', 'hate'].map((task) => calibrated(task)),
    ],
  },
];
