// The policy that a log is asked about: the probability of every action, the same for every row, or what a column of
// the log says of the action that was shown.
import type { DecisionLog } from './decision_log.js';
import { PROBABILITY } from './decision_log.js';
import { NAMES, normalized } from './column_guess.js';
import { type Duck } from './duck.js';
import { Refusal, UsageError, quote } from './failures.js';
import { type Column, type Source, openSources, textSql } from './input_source.js';

export type PolicyArgument =
  | { readonly kind: 'uniform' }
  | { readonly kind: 'column'; readonly column: string }
  | { readonly kind: 'file'; readonly file: string };

/** `uniform`, `column:NAME`, else a file. */
export function parsePolicy(text: string | undefined): PolicyArgument {
  if (text === undefined || text === '') {
    throw new UsageError(
      '--policy is missing: uniform, column:NAME, or a file of action,probability',
    );
  }
  if (text === 'uniform') return { kind: 'uniform' };
  if (text.startsWith('column:')) {
    const column = text.slice('column:'.length);
    if (column === '') throw new UsageError('--policy column: names no column');
    return { kind: 'column', column };
  }
  return { kind: 'file', file: text };
}

/** Actions and their probabilities; those of the log first and in its order. */
export interface ActionPolicy {
  readonly actions: readonly string[];
  readonly probability: Float64Array;
  /** What it gives to actions that the log never shows. */
  readonly unsupported: number;
}

export function uniformPolicy({ actions }: DecisionLog): ActionPolicy {
  return {
    actions,
    probability: new Float64Array(actions.length).fill(1 / actions.length),
    unsupported: 0,
  };
}

const NAMES_OF_PROBABILITY = ['probability', 'prob', 'p', 'propensity', 'share', 'policy'];
/** How far from 1 written decimals may sum to. */
const TOLERANCE = 1e-6;

/** An action of the log that the file does not have is one that the policy never shows. */
export async function readPolicy(
  duck: Duck,
  file: string,
  log: DecisionLog,
): Promise<ActionPolicy> {
  const [source, ...more] = await openSources(duck, file);
  if (!source || more.length > 0) throw new Refusal({ file }, 'a policy is one file');
  const action = column(source, ['action', 'actionid', 'arm', 'armid', ...NAMES.item], 'actions');
  const chance = column(source, NAMES_OF_PROBABILITY, 'probabilities');
  const found = await probabilities(duck, source, action, chance);
  const known = new Set(log.actions);
  const others = [...found.keys()].filter((name) => !known.has(name));
  const actions = [...log.actions, ...others];
  return {
    actions,
    probability: Float64Array.from(actions, (name) => found.get(name) ?? 0),
    unsupported: others.reduce((sum, name) => sum + (found.get(name) ?? 0), 0),
  };
}

function column(source: Source, names: readonly string[], what: string): Column {
  for (const name of names) {
    const found = source.columns.find((column) => normalized(column.name) === name);
    if (found) return found;
  }
  const known = source.columns.map(({ name }) => quote(name)).join(', ');
  throw new Refusal(
    { file: source.name },
    `no column looks like ${what} (a policy has the columns action,probability); the columns are ${known}`,
  );
}

async function probabilities(
  duck: Duck,
  source: Source,
  action: Column,
  chance: Column,
): Promise<Map<string, number>> {
  let rows;
  try {
    rows = await duck.rows(
      `SELECT ${textSql(action)}, TRY_CAST(${textSql(chance)} AS DOUBLE), ${textSql(chance)}
       FROM ${source.relation}`,
    );
  } catch (cause) {
    throw await source.refusal(cause);
  }
  const found = new Map<string, number>();
  let sum = 0;
  for (const [r, [name, value, text]] of rows.entries()) {
    const refuse = async (column: Column, reason: string): Promise<Refusal> =>
      new Refusal({ ...(await source.place(r + 1)), column: column.name }, reason);
    if (name === null || name === '') throw await refuse(action, 'the action is missing');
    const key = String(name);
    if (found.has(key)) throw await refuse(action, `${quote(key)} is there twice`);
    const probability = value === null ? NaN : Number(value);
    if (!(probability >= 0 && probability <= 1))
      throw await refuse(chance, `${quote(text ?? '')} ${PROBABILITY}`);
    found.set(key, probability);
    sum += probability;
  }
  if (Math.abs(sum - 1) > TOLERANCE) {
    throw new Refusal(
      { file: source.name, column: chance.name },
      `the probabilities sum to ${Number(sum.toPrecision(7))} instead of 1`,
    );
  }
  return found;
}
