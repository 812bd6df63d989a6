// Recommendations over HTTP from a snapshot in R2: the engine package's workerd build behind Hono.
//
//   POST /v1/regions/{region}/recommendations
//     {session: [{item, event?, at?}], count?, exclude?, location?: {latitude, longitude}, user?, seed?,
//      keepSeen?, stages?, weights?: {task: number}, sourceWeights?: {source: number}, quotas?: {source: number},
//      rules?, filter?, explain?}
//     -> {items, id, snapshot, unavailable?, funnel?, removed?}
//   GET  /healthz                              -> {status, regions}
//
// The object `{region}.rk` of the bucket is loaded on a region's first request and kept for the life of the
// isolate. Errors are {error: {code, message}} with the engine's codes, or one of the codes below.
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import {
  type Condition,
  type Engine,
  type Location,
  type RecommendOptions,
  type RuleDocument,
  type SessionEvent,
  type UserFeatures,
  ReckonError,
  RequestError,
  createEngine,
} from 'reckon';

/** What the worker needs of an R2 bucket. */
interface SnapshotBucket {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}
type Env = { Bindings: { SNAPSHOTS: SnapshotBucket } };

interface Question {
  session?: SessionEvent[];
  count?: number;
  exclude?: string[];
  location?: Location;
  user?: UserFeatures;
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

const MAX_BODY_BYTES = 256 * 1024;
// What a region may be called: a file name of `reckon build --region all`, without a path.
const REGION = /^[^/\\\p{Cc}]{1,93}$/u;

class HttpError extends HTTPException {
  constructor(
    status: 400 | 404 | 413,
    readonly code: string,
    message: string,
  ) {
    super(status, { message });
  }
}

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

/** Only the shape: what the values may be, the engine knows and says. */
function checkedQuestion(body: unknown): Question {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpError(400, 'BAD_JSON', 'the body is not a JSON object');
  }
  const { session = [], exclude = [] } = body as Record<string, unknown>;
  const isEvent = (row: unknown): boolean => typeof row === 'object' && row !== null;
  if (!Array.isArray(session) || !session.every(isEvent)) {
    throw new HttpError(400, 'BAD_ARGUMENT', 'session must be a list of {item, event, at}');
  }
  if (!Array.isArray(exclude)) {
    throw new HttpError(400, 'BAD_ARGUMENT', 'exclude must be a list of items');
  }
  const isTable = (value: unknown): boolean =>
    value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value));
  for (const name of ['weights', 'sourceWeights', 'quotas'] as const) {
    if (isTable((body as Record<string, unknown>)[name])) continue;
    throw new HttpError(400, 'BAD_ARGUMENT', `${name} must be an object: {"name": 1, …}`);
  }
  return body as Question;
}

const app = new Hono<Env>();

app.get('/healthz', (c) => c.json({ status: 'ok', regions: [...engines.keys()].sort() }));

app.post(
  '/v1/regions/:region/recommendations',
  bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new HttpError(413, 'TOO_LARGE', `the body exceeds ${MAX_BODY_BYTES} bytes`);
    },
  }),
  async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { session: events = [], ...options } = checkedQuestion(body);
    const engine = await engineFor(c.req.param('region'), c.env.SNAPSHOTS);
    const { location, user, seed } = options;
    const session = engine.session({
      ...(location !== undefined && { location }),
      ...(user !== undefined && { user }),
      ...(seed !== undefined && { seed }),
    });
    for (const event of events) session.record(event);
    const { count, exclude, keepSeen, stages, weights, sourceWeights, quotas } = options;
    const { rules, filter, explain } = options;
    const { id, timing, ...answer } = session.recommend({
      count,
      exclude,
      ...(keepSeen !== undefined && { keepSeen }),
      ...(stages !== undefined && { stages }),
      ...(weights !== undefined && { weights }),
      ...(sourceWeights !== undefined && { sourceWeights }),
      ...(quotas !== undefined && { quotas }),
      ...(rules !== undefined && { rules }),
      ...(filter !== undefined && { filter }),
      explain: explain === true,
    });
    return c.json({ ...answer, id: crypto.randomUUID(), snapshot: engine.info.id });
  },
);

app.notFound((c) =>
  c.json({ error: { code: 'NOT_FOUND', message: 'there is no such path' } }, 404),
);

app.onError((error, c) => {
  if (error instanceof HttpError) {
    return c.json({ error: { code: error.code, message: error.message } }, error.status);
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
