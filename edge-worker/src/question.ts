// The body of a request for recommendations. Its shape is checked here, unknown fields included; what the values
// may be, the engine knows. Whoever refuses, the client gets the JSON path of what is wrong.
import type {
  Condition,
  Location,
  RecommendOptions,
  RuleDocument,
  SessionEvent,
  UserFeatures,
} from 'reckon';

export interface Question {
  session?: SessionEvent[];
  count?: number;
  exclude?: string[];
  location?: Location;
  user?: UserFeatures;
  at?: number;
  seed?: number;
  keepSeen?: boolean;
  stages?: NonNullable<RecommendOptions['stages']>;
  weights?: NonNullable<RecommendOptions['weights']>;
  sourceWeights?: NonNullable<RecommendOptions['sourceWeights']>;
  quotas?: NonNullable<RecommendOptions['quotas']>;
  rules?: RuleDocument;
  filter?: Condition;
  explain?: boolean;
}

/** The body of a request for what to ask a new user next. */
export interface OnboardingQuestion extends Pick<
  Question,
  'session' | 'exclude' | 'rules' | 'filter' | 'count'
> {
  skipped?: string[];
  unknown?: string[];
}

/** What is wrong with a body, and where: `$.session[3].item`. */
export class ShapeError extends Error {
  constructor(
    readonly path: string,
    reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}

type Check = (value: unknown, path: string) => void;

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

const refused = (path: string, value: unknown, expected: string): ShapeError =>
  new ShapeError(path, `it is ${shown(value)}, it must be ${expected}`);

const a =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value, path) => {
    if (!holds(value)) throw refused(path, value, expected);
  };

const text = a('a string', (value) => typeof value === 'string');
const number = a('a number', (value) => typeof value === 'number');
const truth = a('true or false', (value) => typeof value === 'boolean');
const anObject = a('an object', isObject);

export const member = (path: string, key: string): string =>
  /^[A-Za-z_$][\w$]{0,60}$/.test(key) ? `${path}.${key}` : `${path}[${shown(key)}]`;

const listOf =
  (each: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) throw refused(path, value, 'a list');
    value.forEach((entry, i) => each(entry, `${path}[${i}]`));
  };

const tableOf =
  (each: Check): Check =>
  (value, path) => {
    anObject(value, path);
    for (const [key, entry] of Object.entries(value as object)) each(entry, member(path, key));
  };

const record =
  (fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, path) => {
    anObject(value, path);
    for (const [key, entry] of Object.entries(value as object)) {
      const check = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (check === undefined) {
        const known = Object.keys(fields).join(', ');
        throw new ShapeError(member(path, key), `unknown field; known here: ${known}`);
      }
      check(entry, member(path, key));
    }
    const missing = required.find((key) => !Object.hasOwn(value as object, key));
    if (missing !== undefined) throw new ShapeError(member(path, missing), 'it is missing');
  };

const SESSION = listOf(record({ item: text, event: text, at: number }, ['item']));

const BODY = record({
  session: SESSION,
  count: number,
  exclude: listOf(text),
  location: record({ latitude: number, longitude: number }, ['latitude', 'longitude']),
  user: tableOf(text),
  at: number,
  seed: number,
  keepSeen: truth,
  stages: text,
  weights: tableOf(number),
  sourceWeights: tableOf(number),
  quotas: tableOf(number),
  rules: anObject,
  filter: anObject,
  explain: truth,
});

const ONBOARDING_BODY = record({
  session: SESSION,
  skipped: listOf(text),
  unknown: listOf(text),
  count: number,
  exclude: listOf(text),
  rules: anObject,
  filter: anObject,
});

export function checkedOnboarding(body: unknown): OnboardingQuestion {
  ONBOARDING_BODY(body, '$');
  return body as OnboardingQuestion;
}

export function checkedQuestion(body: unknown): Question {
  BODY(body, '$');
  return body as Question;
}

/**
 * Where in the body a rule document's own path lies: it begins with `$`, which is `$.rules` here. A filter's
 * begins with `$.filter` already, unless that is a field of a document that should have none.
 */
export function pathOfRules(path: string, { rules }: Pick<Question, 'rules'>): string {
  const isFilter = /^\$\.filter\b/.test(path) && !(rules && Object.hasOwn(rules, 'filter'));
  return isFilter ? path : `$.rules${path.slice(1)}`;
}
