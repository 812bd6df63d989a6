// Recommendations over HTTP from a snapshot in R2: the engine package's workerd build behind Hono.
//
//   POST /v1/regions/{region}/recommendations
//     {session: [{item, event?, at?}], count?, exclude?, location?: {latitude, longitude}, user?, at?, seed?,
//      keepSeen?, stages?, weights?: {task: number}, sourceWeights?: {source: number}, quotas?: {source: number},
//      rules?, filter?, explain?}
//     -> {items, id, seed, snapshot, unavailable?, funnel?, removed?}
//   POST /v1/regions/{region}/onboarding
//     {session?, skipped?: [item], unknown?: [item], count?, exclude?, rules?, filter?}: what to ask a new user next,
//     the picks so far in session, the other answers beside it
//     -> {items, snapshot}
//   GET  /healthz                              -> {status, regions}
//
// The object `{region}.rk` of the bucket is loaded on a region's first request and kept for the life of the
// isolate. Errors are {error: {code, message, path?}} with the engine's codes, or one of the codes below; path is
// where in the body. A request without a seed gets one of its own: with the same for all, every visitor would
// be shown the same few items for the sake of learning. The answer names it, so that it can be asked again.
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import {
  type Engine,
  type OnboardingItem,
  type Recommendations,
  ReckonError,
  RequestError,
  RulesError,
  createEngine,
} from 'reckon';
import {
  type OnboardingQuestion,
  type Question,
  ShapeError,
  checkedOnboarding,
  checkedQuestion,
  member,
  pathOfRules,
} from './question.js';

/** What the worker needs of an R2 bucket. */
interface SnapshotBucket {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}
type Env = { Bindings: { SNAPSHOTS: SnapshotBucket } };

const MAX_BODY_BYTES = 256 * 1024;
// What a region may be called: a file name of `reckon build --region all`, without a path.
const REGION = /^[^/\\\p{Cc}]{1,93}$/u;

class HttpError extends HTTPException {
  constructor(
    status: 400 | 404 | 413,
    readonly code: string,
    message: string,
    readonly path?: string,
  ) {
    super(status, { message });
  }
}

const badArgument = (path: string, message: string, code = 'BAD_ARGUMENT'): HttpError =>
  new HttpError(400, code, message, path);

// Engines, not promises of them: a request must not wait for another request's I/O. Two that load a region at
// the same time load it twice; the second one's engine is dropped.
const engines = new Map<string, Engine>();

async function engineFor(region: string, bucket: SnapshotBucket): Promise<Engine> {
  const loaded = engines.get(region);
  if (loaded) return loaded;
  const object = REGION.test(region) ? await bucket.get(`${region}.rk`) : null;
  if (!object) throw new HttpError(404, 'UNKNOWN_REGION', `there is no region ${region}`);
  const engine = await createEngine({ snapshot: await object.arrayBuffer() });
  const meanwhile = engines.get(region);
  if (meanwhile) engine.dispose();
  else engines.set(region, engine);
  return meanwhile ?? engine;
}

function checkedBody<T>(body: unknown, check: (body: unknown) => T): T {
  try {
    return check(body);
  } catch (error) {
    if (error instanceof ShapeError) throw badArgument(error.path, error.message);
    throw error;
  }
}

/** Runs a part of a request; what it refuses lies at `path` of the body. */
function at<T>(path: string, question: Pick<Question, 'rules'>, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof RulesError) {
      const place = pathOfRules(error.path, question);
      throw badArgument(place, `${place}${error.message.slice(error.path.length)}`, error.code);
    }
    if (!(error instanceof RequestError) || error.argument === undefined) throw error;
    const [name = '', ...inner] = error.argument.split('.');
    const place = inner.length > 0 ? member(`${path}.${name}`, inner.join('.')) : `${path}.${name}`;
    throw badArgument(place, `${place}: ${error.message}`, error.code);
  }
}

const drawnSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

function answer(engine: Engine, question: Question, seed: number): Recommendations {
  const { session: events = [], location, user, seed: _, ...options } = question;
  const session = at('$', question, () =>
    engine.session({
      seed,
      ...(location !== undefined && { location }),
      ...(user !== undefined && { user }),
    }),
  );
  for (const [i, event] of events.entries())
    at(`$.session[${i}]`, question, () => session.record(event));
  // Nobody tells the worker what came of a list, so an impression counted here would be a miss for ever.
  return at('$', question, () => session.recommend({ ...options, preview: true }));
}

function onboarding(engine: Engine, question: OnboardingQuestion): OnboardingItem[] {
  const { session: events = [], skipped = [], unknown = [], ...options } = question;
  const session = engine.session();
  for (const [i, event] of events.entries())
    at(`$.session[${i}]`, question, () => session.record(event));
  for (const item of unknown) session.answer({ item, answer: 'unknown' });
  for (const item of skipped) session.answer({ item, answer: 'skip' });
  return at('$', question, () => session.onboarding(options));
}

const app = new Hono<Env>();

app.get('/healthz', (c) => c.json({ status: 'ok', regions: [...engines.keys()].sort() }));

const limited = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new HttpError(413, 'TOO_LARGE', `the body exceeds ${MAX_BODY_BYTES} bytes`);
  },
});

async function bodyOf(c: Context<Env>): Promise<unknown> {
  const body: unknown = await c.req.json().catch(() => undefined);
  if (body === undefined) throw new HttpError(400, 'BAD_JSON', 'the body is not JSON');
  return body;
}

app.post('/v1/regions/:region/onboarding', limited, async (c) => {
  const question = checkedBody(await bodyOf(c), checkedOnboarding);
  const engine = await engineFor(c.req.param('region'), c.env.SNAPSHOTS);
  return c.json({ items: onboarding(engine, question), snapshot: engine.info.id });
});

app.post('/v1/regions/:region/recommendations', limited, async (c) => {
  const question = checkedBody(await bodyOf(c), checkedQuestion);
  const engine = await engineFor(c.req.param('region'), c.env.SNAPSHOTS);
  const seed = question.seed ?? drawnSeed();
  const { id: _, timing: __, ...list } = answer(engine, question, seed);
  return c.json({ ...list, id: crypto.randomUUID(), seed, snapshot: engine.info.id });
});

app.notFound((c) =>
  c.json({ error: { code: 'NOT_FOUND', message: 'there is no such path' } }, 404),
);

app.onError((error, c) => {
  if (error instanceof HttpError) {
    const { code, message, path } = error;
    return c.json({ error: { code, message, ...(path !== undefined && { path }) } }, error.status);
  }
  const code = error instanceof ReckonError ? error.code : 'INTERNAL';
  // A trap ends the module instance and every engine in it: the next request loads afresh.
  if (code === 'ENGINE_FAULT') engines.clear();
  const status = error instanceof RequestError ? 400 : 500;
  if (status === 500) console.error(error);
  return c.json(
    { error: { code, message: status === 400 ? error.message : 'internal error' } },
    status,
  );
});

export default app;
