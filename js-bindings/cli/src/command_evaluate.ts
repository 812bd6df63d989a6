// reckon evaluate: how well would it have done, on events it did not see?
import type { Command } from './command.js';
import { isRegional, regionOf } from './event_log.js';
import { UsageError, quote } from './failures.js';
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { Learning, checkRegion, refuseOneItem } from './learning.js';
import { coldUserText } from './cold_user_text.js';
import { evaluationTable } from './metrics_table.js';
import {
  HELP,
  JSON_OUTPUT,
  LEARNING,
  cutoffs,
  fraction,
  parseOptions,
  positionals,
} from './options.js';
import { count, printJson, printOut } from './terminal.js';
import type { TrainerArgument } from './trainer.js';
import { Output, withWorkFolder } from './work_files.js';

const PROTOCOLS = [
  'leave-one-out',
  'temporal',
  'temporal-global',
  'sessions',
  'cold-item',
  'cold-user',
] as const;

const OPTIONS = {
  ...HELP,
  ...JSON_OUTPUT,
  ...LEARNING,
  protocol: { type: 'string' },
  test: { type: 'string' },
  k: { type: 'string' },
  sample: { type: 'string' },
  predictions: { type: 'string' },
} as const;

export const evaluateCommand: Command = {
  name: 'evaluate',
  usage: [
    `evaluate <events|SQL> --protocol ${PROTOCOLS.join('|')}`,
    '      [--test FILE] [--k 10,20] [--sample F] [--predictions out.csv] [--json] [--items FILE]',
    '      [--config FILE] [--map …] [--region R] [--seed N] [--threads N] [--trainer native|wasi]',
  ],
  summary: 'measure quality: hide events, learn from the rest, ask for them',
  help: `Protocols, each with full ranking, beside every source alone and plain co-occurrence:
  leave-one-out   one event a user is hidden, the last by time, without times one by hash;
                  items of the history are not recommended
  temporal        the last fifth of each user's events is hidden
  temporal-global the newest tenth of all events is hidden, one cut in time for everybody; who has
                  no event before it asks with what came first for the rest (a session at every
                  event for the next). Needs times, not positions
  sessions        whole sessions are hidden, every prefix asks for the next item; items of the
                  session may come again. Which: those of --test FILE, else the newest tenth,
                  without times a tenth by hash
  cold-item       a tenth of the items is hidden, by hash, and they alone are ranked: who chose
                  some of them asks with all else. Beside chance and popularity by category
  cold-user       a tenth of the users (of small logs more) is hidden and asked about items of one half
                  of the catalogue: NDCG@k of lists of the other half after 0, 1, 2, 3, 5 and 8
                  questions, asked adaptively, by popularity, or at random among popular items; and
                  after one click. k is the first of --k; no --predictions
The first row is the answer, the whole funnel, or the blend of the sources where no ranker was learnt. It
is followed by its 95 % interval (1,000 draws of users); a lead whose interval lies above 0 is no luck.
"without X" is the answer without that source. --json has the intervals of every method, novelty,
diversity, popularity bias, and the answer by history length and age of the item.
--k 10,20          cutoffs of the metrics
--sample F         hide from this fraction of the users only, by hash of the id (0.02)
--predictions FILE CSV case,rank,item,score of the whole engine, to recompute the metrics
--json             one JSON document on stdout
Other options: reckon build --help`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    const [events = ''] = positionals(given, '<events>');
    const protocol = checkedProtocol(values.protocol);
    if (values.test !== undefined && protocol !== 'sessions') {
      throw new UsageError(`--test goes with --protocol sessions, not ${protocol}`);
    }
    if (values.predictions !== undefined && protocol === 'cold-user') {
      throw new UsageError(
        '--predictions does not go with --protocol cold-user: it makes many lists',
      );
    }
    const { region = 'default' } = values;
    checkRegion(region);
    const protocolArgs: TrainerArgument[] = [
      '--protocol',
      protocol,
      '--k',
      cutoffs(values.k).join(),
    ];
    const sample = fraction('--sample', values.sample);
    if (sample !== undefined) protocolArgs.push('--sample', sample);
    const inputs = [events, values.test, values.items];
    const predictions =
      values.predictions === undefined ? undefined : await Output.at(values.predictions, inputs);
    if (predictions) protocolArgs.push('--predictions', { file: predictions.temporary });

    const stdout = await withWorkFolder(async (folder) => {
      const learning = await Learning.begin(values, folder);
      const isFilter = values.region !== undefined;
      const log = await learning.read({ events, test: values.test }, (log) => {
        const rows = isFilter && isRegional(log) ? regionOf(log, region, events) : log;
        refuseOneItem(rows, events);
        return rows;
      });
      return learning.run('evaluate', log, region, events, protocolArgs);
    });
    await predictions?.commit();
    const document: unknown = JSON.parse(stdout);
    if (values.json) printJson(document);
    else printOut(description(document));
  },
};

function checkedProtocol(text: string | undefined): (typeof PROTOCOLS)[number] {
  const found = PROTOCOLS.find((protocol) => protocol === text);
  if (found) return found;
  throw new UsageError(
    text === undefined
      ? `--protocol is missing; there are ${PROTOCOLS.join(', ')}`
      : `--protocol is ${quote(text)}; there are ${PROTOCOLS.join(', ')}`,
  );
}

function description(document: unknown): string {
  const cases = numberAt(document, 'cases') ?? 0;
  const lines = [
    `${String(jsonAt(document, 'protocol'))}, ${count(cases)} cases, ${String(jsonAt(document, 'ranked'))} ranked`,
  ];
  const asked = jsonAt(document, 'asking') !== undefined;
  lines.push(asked ? coldUserText(document) : evaluationTable(document));
  for (const [, note] of entriesAt(document, 'notes')) lines.push(String(note));
  return lines.join('\n');
}
