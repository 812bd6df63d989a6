// reckon off-policy: what would another policy have earned, from the log of the one that served?
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from './command.js';
import { type DecisionLog, parseLogMap, readDecisions } from './decision_log.js';
import { type ActionPolicy, parsePolicy, readPolicy, uniformPolicy } from './decision_policy.js';
import { Duck } from './duck.js';
import { oneLine } from './failures.js';
import { openSources } from './input_source.js';
import { HELP, JSON_OUTPUT, oneOf, parseOptions, positionals } from './options.js';
import { count, printJson, printNote, printOut, table } from './terminal.js';
import { findTrainer, runTrainer } from './trainer.js';
import { withWorkFolder } from './work_files.js';

const OPTIONS = {
  ...HELP,
  ...JSON_OUTPUT,
  policy: { type: 'string' },
  map: { type: 'string', multiple: true },
  position: { type: 'string' },
  trainer: { type: 'string' },
} as const;

const ESTIMATORS = ['ips', 'snips', 'dm', 'dr'] as const;

interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** What the trainer says. */
interface Estimates {
  rows: number;
  /** Mean reward of the log. */
  logged: number;
  estimates: Record<(typeof ESTIMATORS)[number], Estimate>;
  effective: number;
  mean_weight: number;
  largest_share: number;
  warning: string;
}

export const offPolicyCommand: Command = {
  name: 'off-policy',
  usage: [
    'off-policy <log|SQL> --policy uniform|FILE|column:NAME [--position N] [--json]',
    '      [--map action=item,reward=click,propensity=propensity] [--trainer native|wasi]',
  ],
  summary: 'what another policy would have earned, from a log with propensities',
  help: `A row of the log is one decision: the action that was shown, the probability (propensity) with which it
was chosen, and the reward that came of it. Columns are guessed from their names and the guess is printed.
--policy uniform      every action of the log alike
--policy FILE         columns action,probability, which sum to 1; an action that is not in it is never shown
--policy column:NAME  a column of the log: the other policy's probability of the action shown in that row.
                      DM and DR need the whole policy, so there is none of them
--position N          only the rows whose position is N; otherwise rows of all positions count alike
--map ROLE=COLUMN     of the roles action, reward, propensity, position
--json                one JSON document on stdout
IPS weighs rows by the inverse of their propensity (unbiased, wild where propensities are small), SNIPS divides by
the weights' sum (steadier), DM asks a model (an action's mean reward over four of five folds, shrunk by 100 rows to
the mean of all), DR does both. Intervals are 95 %. All of them are worth something only where many rows carry the
weight: below 100 effective rows, where weights do not average 1, and where the policy shows what the log never
shows, the output says that this log cannot answer.`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    const [file = ''] = positionals(given, '<log>');
    const policy = parsePolicy(values.policy);
    const map = parseLogMap(values.map ?? []);
    const trainer = findTrainer(oneOf('--trainer', values.trainer, ['native', 'wasi']));
    const notes: string[] = [];
    const document = await withWorkFolder(async (folder) => {
      const duck = await Duck.open(path.join(folder, 'spill'));
      let log;
      let actions;
      try {
        log = await readDecisions(duck, await openSources(duck, file), {
          map,
          note: (text) => notes.push(text),
          ...(policy.kind === 'column' && { target: policy.column }),
          ...(values.position !== undefined && { position: values.position }),
        });
        if (policy.kind === 'uniform') actions = uniformPolicy(log);
        if (policy.kind === 'file') actions = await readPolicy(duck, policy.file, log);
      } finally {
        duck.close();
      }
      const work = path.join(folder, 'decisions');
      await writeFile(work, tableBytes(log, actions));
      const stdout = await runTrainer(trainer, ['off-policy', { file: work }], file);
      return documentOf(JSON.parse(stdout) as Estimates, log, actions, values.policy ?? '');
    });
    for (const note of notes) printNote(oneLine(note));
    if (values.json) printJson(document);
    else printOut(description(document));
  },
};

/** As src/learn/off_policy_table.h has it. */
function tableBytes(log: DecisionLog, policy: ActionPolicy | undefined): Uint8Array {
  const { rows, action, propensity, reward } = log;
  const target =
    log.target ?? Float64Array.from(action, (number) => policy?.probability[number] ?? 0);
  const counts = BigUint64Array.of(BigInt(rows), BigInt(policy?.actions.length ?? 0));
  const arrays = [counts, propensity, target, reward];
  const tail = policy ? [policy.probability, action] : [];
  return Buffer.concat(
    [...arrays, ...tail].map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength),
    ),
  );
}

interface Document extends Omit<Estimates, 'warning'> {
  log: string;
  policy: string;
  actions: number;
  unsupported: number;
  warnings: string[];
}

function documentOf(
  { warning, ...figures }: Estimates,
  log: DecisionLog,
  policy: ActionPolicy | undefined,
  name: string,
): Document {
  const unsupported = policy?.unsupported ?? 0;
  const warnings = warning === '' ? [] : warning.split('; ');
  if (unsupported > 0) {
    const share = Number((100 * unsupported).toPrecision(3));
    warnings.push(
      `the policy gives ${share} % of its choices to actions that the log never shows: of them it says nothing`,
    );
  }
  return {
    log: log.name,
    policy: name,
    actions: log.actions.length,
    ...figures,
    unsupported,
    warnings,
  };
}

const NUMBER_DIGITS = 5;
const figure = (value: number | null): string =>
  value === null ? '–' : String(Number(value.toPrecision(NUMBER_DIGITS)));

function description(document: Document): string {
  const { rows, actions, logged, estimates, effective, mean_weight, largest_share } = document;
  const lines = [
    `${document.log}: ${count(rows)} decisions among ${count(actions)} actions; policy: ${document.policy}`,
    table(
      ['', 'mean reward', '95 % from', 'to'],
      [
        ['logged', figure(logged), '', ''],
        ...ESTIMATORS.map((name) => {
          const { value, low, high } = estimates[name];
          return [name.toUpperCase(), figure(value), figure(low), figure(high)];
        }),
      ],
    ),
    `the log is worth ${count(Number(effective.toFixed(1)))} equally weighted rows; mean weight ${figure(mean_weight)}, ` +
      `largest share of one row ${figure(100 * largest_share)} %`,
    ...document.warnings.map((warning) => `warning: ${warning}`),
  ];
  if (estimates.dm.value === null && estimates.ips.value !== null)
    lines.push('DM and DR need the whole policy: give it as a file');
  return lines.join('\n');
}
