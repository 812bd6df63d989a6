// What tuning found, in a table.
import { count, table } from './terminal.js';

export interface Setting {
  values: Record<string, number>;
  quotas: Record<string, number>;
}

type Interval = readonly [number, number];

export interface Tuning {
  decision: 'change' | 'keep';
  reason: string;
  protocol: string;
  k: number;
  settings: number;
  tuningCases: number;
  reportingCases: number;
  reportingUsers: number;
  items: number;
  itemsKnown: number;
  rungs: readonly { cases: number; settings: number; broken: number }[];
  before: Setting;
  after: Setting;
  reward: {
    estimator: 'replay' | 'snips';
    before: number | null;
    beforeInterval: Interval;
    after: number | null;
    afterInterval: Interval;
    gain: number | null;
    gainInterval: Interval;
  };
  propensities?: {
    rows: number;
    effectiveBefore: number | null;
    effectiveAfter: number | null;
  };
  figures: readonly {
    name: string;
    before: number | null;
    after: number | null;
    allowed?: number;
    guard?: 'kept' | 'broken';
  }[];
  notes: readonly string[];
}

export function tuningText(tuning: Tuning): string {
  const { protocol, settings, tuningCases, reportingCases, reportingUsers, reward } = tuning;
  const known = tuning.itemsKnown === tuning.items ? '' : unknownItems(tuning);
  const lines = [
    `${protocol}, ${count(settings)} settings on ${count(tuningCases)} cases, the best against the present one on ${count(reportingCases)} of ${count(reportingUsers)} other users${known}`,
    settingTable(tuning),
    figureTable(tuning),
    `gain of the reward: ${numberText(reward.gain)} ${intervalText(reward.gainInterval)}`,
  ];
  const broken = tuning.rungs.reduce((sum, rung) => sum + rung.broken, 0);
  if (broken > 0) lines.push(`${count(broken)} settings were put out by guard rails`);
  if (tuning.propensities) lines.push(evidenceText(tuning.propensities));
  lines.push(
    tuning.decision === 'change'
      ? `change: ${tuning.reason}`
      : `keep what you have: ${tuning.reason}`,
  );
  return lines.join('\n');
}

const unknownItems = ({ items, itemsKnown }: Tuning): string =>
  `; ${count(items - itemsKnown)} of ${count(items)} items are not in the snapshot`;

function settingTable({ before, after }: Tuning): string {
  const rows = [
    ...Object.entries(before.values).map(([name, value]) => [
      `value of ${name}`,
      weightText(value),
      weightText(after.values[name] ?? 0),
    ]),
    ...Object.entries(before.quotas).map(([name, quota]) => [
      `quota of ${name}`,
      String(quota),
      String(after.quotas[name] ?? 0),
    ]),
  ];
  return table(['setting', 'now', 'best'], rows);
}

function figureTable({ k, reward, figures }: Tuning): string {
  const rows = [
    [`reward@${k}`, numberText(reward.before), numberText(reward.after), ''],
    ['  95 %', intervalText(reward.beforeInterval), intervalText(reward.afterInterval), ''],
    ...figures.map(({ name, before, after, allowed, guard }) => [
      ['candidates', 'dislikes'].includes(name) ? name : `${name}@${k}`,
      numberText(before),
      numberText(after),
      allowed === undefined ? 'no guard' : `${percentText(allowed)} ${guard ?? ''}`.trimEnd(),
    ]),
  ];
  return table(['figure', 'now', 'best', 'guard rail'], rows);
}

const evidenceText = ({
  rows,
  effectiveBefore,
  effectiveAfter,
}: NonNullable<Tuning['propensities']>) =>
  `${count(rows)} logged rows are worth ${wholeText(effectiveBefore)} now and ${wholeText(effectiveAfter)} under the best (effective sample size)`;

const wholeText = (value: number | null): string =>
  value === null ? '0' : count(Math.round(value));
const numberText = (value: number | null): string => (value === null ? '–' : value.toFixed(4));
const intervalText = ([low, high]: Interval): string => `[${low.toFixed(4)}, ${high.toFixed(4)}]`;
const weightText = (value: number): string => String(Number(value.toFixed(3)));
const percentText = (share: number): string =>
  `${share < 0 ? '-' : '+'}${Number((Math.abs(share) * 100).toFixed(2))}%`;
