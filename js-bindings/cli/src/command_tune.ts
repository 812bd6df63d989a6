// reckon tune: would another value model, other quotas have served people better? A configuration, and
// never a snapshot: what learns from it is the next build.
import type { Command } from './command.js';
import { isRegional, regionOf } from './event_log.js';
import { UsageError, quote } from './failures.js';
import { Learning, checkRegion, refuseOneItem } from './learning.js';
import {
  HELP,
  JSON_OUTPUT,
  LEARNING,
  oneOf,
  parseOptions,
  positionals,
  wholeNumber,
} from './options.js';
import { openSnapshot } from './snapshot_file.js';
import { printJson, printNote, printOut } from './terminal.js';
import type { TrainerArgument } from './trainer.js';
import { mergedConfig, readDocument } from './tuned_config.js';
import { type Tuning, tuningText } from './tuning_text.js';
import { Output, withWorkFolder } from './work_files.js';

const PROTOCOLS = ['leave-one-out', 'temporal', 'temporal-global', 'sessions'] as const;
const GUARDS = ['ndcg', 'coverage', 'novelty', 'diversity', 'dislikes', 'candidates'] as const;

const OPTIONS = {
  ...HELP,
  ...JSON_OUTPUT,
  ...LEARNING,
  protocol: { type: 'string' },
  k: { type: 'string' },
  settings: { type: 'string' },
  cases: { type: 'string' },
  guard: { type: 'string', multiple: true },
  out: { type: 'string' },
} as const;

export const tuneCommand: Command = {
  name: 'tune',
  usage: [
    'tune <snapshot> <events|SQL> [--out reckon.config.json] [--guard coverage=-5%]… [--k 10]',
    `      [--protocol ${PROTOCOLS.join('|')}] [--settings N] [--cases N] [--json]`,
    '      [--items FILE] [--config FILE] [--map …] [--region R] [--seed N] [--threads N]',
  ],
  summary: 'search value weights and quotas by replaying events; write a configuration',
  help: `Replays events that the snapshot has not learnt from: every case is asked of the whole funnel, and what
it shows is compared with what the person did next. On events that the snapshot was built from every
setting looks better than it is, and the output says so.
The reward is the sum of the weights of the hidden events whose items are among the first k, each
times 1 / log2(1 + rank); weights are those of the events' configuration, so a dislike costs. Settings
are drawn around the snapshot's own (value weights within a factor of 8, quotas of sources) and
halved: all on an eighth of the tuning users, the better half on a quarter, … The best is compared
with the snapshot's own on the other half of the users, by 1,000 draws of users. Unless the 95 %
interval of its gain lies above 0 and all guard rails hold there, the advice is to keep what you have.
--out FILE       write the advised setting: a configuration for reckon build --config. What else an
                 existing file says stays. No snapshot is ever written
--guard NAME=P%  how much worse than now a setting may be: ${GUARDS.join(', ')};
                 NAME=off: it is only reported. Default: ndcg=5% coverage=10% novelty=10%
                 diversity=10% dislikes=5% candidates=50%. "-5%" and "5%" are the same
--k N            items shown, default 10
--protocol P     what is hidden of the events; default: sessions for sessions with times, temporal
                 for users with times, else leave-one-out (which hides no dislikes)
--settings N     how many are tried, the present one among them; default 32
--cases N        most requests to replay, by hash of the users; default 8000, half of them to tune
--json           one JSON document on stdout
Other options: reckon build --help`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    const [snapshot = '', events = ''] = positionals(given, '<snapshot>', '<events>');
    const { region = 'default', out } = values;
    checkRegion(region);
    const tuneArgs: TrainerArgument[] = [
      ...optional('--protocol', oneOf('--protocol', values.protocol, PROTOCOLS)),
      ...numberOption('--k', values.k, 100),
      ...numberOption('--settings', values.settings, 256),
      ...numberOption('--cases', values.cases, 1_000_000),
      ...(values.guard ?? []).flatMap((guard) => ['--guard', checkedGuard(guard)]),
    ];
    const inputs = [snapshot, events, values.items];
    // Read before it is written to: it may also be what --config names.
    const document = out === undefined ? undefined : await readDocument(out);
    const output = out === undefined ? undefined : await Output.at(out, inputs);
    const stdout = await withWorkFolder(async (folder) => {
      // Its own words for a file that is none, before data is read.
      (await openSnapshot(snapshot)).dispose();
      const learning = await Learning.begin(values, folder);
      const isFilter = values.region !== undefined;
      const log = await learning.read({ events }, (log) => {
        const rows = isFilter && isRegional(log) ? regionOf(log, region, events) : log;
        refuseOneItem(rows, events);
        return rows;
      });
      return learning.tune(snapshot, log, region, events, tuneArgs);
    });
    const tuning = JSON.parse(stdout) as Tuning;
    if (output && document) await output.write([mergedConfig(document, tuning)]);
    if (values.json) printJson(tuning);
    else printOut(tuningText(tuning));
    if (output) {
      const which = tuning.decision === 'change' ? 'the new setting' : 'the present setting';
      printNote(`${output.path}: ${which}; no snapshot was changed`);
    }
  },
};

const optional = (option: string, value: string | undefined): string[] =>
  value === undefined ? [] : [option, value];

const numberOption = (option: string, text: string | undefined, high: number): string[] =>
  text === undefined
    ? []
    : [option, String(wholeNumber(option, text, { low: 1, high, otherwise: 1 }))];

function checkedGuard(text: string): string {
  const [, name = '', limit = ''] = /^([a-z]+)=([-+]?\d+(?:\.\d+)?%|off)$/.exec(text) ?? [];
  if (GUARDS.some((guard) => guard === name) && limit.length <= 16) return text;
  throw new UsageError(
    `--guard is ${quote(text)}; it must be NAME=NUMBER% or NAME=off, of ${GUARDS.join(', ')}`,
  );
}
