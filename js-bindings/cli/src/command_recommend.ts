// reckon recommend: answers from a snapshot, for one session or for a file of them.
import type { Engine, RecommendOptions } from 'reckon';
import type { Command } from './command.js';
import { parseMapOptions } from './column_map.js';
import { Duck } from './duck.js';
import { UsageError } from './failures.js';
import {
  HELP,
  JSON_OUTPUT,
  oneOf,
  parseOptions,
  positionals,
  timeOf,
  wholeNumber,
} from './options.js';
import {
  type RecommendationJson,
  funnelText,
  itemJson,
  recommendationTable,
  removedText,
  valueText,
} from './recommendation_text.js';
import { type BatchRequest, answerSessions } from './session_batch.js';
import { openRules } from './rule_document.js';
import { parseSession } from './session_text.js';
import { openSnapshot } from './snapshot_file.js';
import { count, printJson, printNote, printOut } from './terminal.js';
import { NO_EXPLORATION, VISITOR, VISITOR_HELP, type Visitor, parseVisitor } from './visitor.js';
import { parseWeights } from './value_weights.js';
import { Output, withWorkFolder } from './work_files.js';

const STAGES = ['retrieval', 'first', 'second', 'all'] as const;

const MOST_COUNT = 1000;
export const COUNT = { n: { type: 'string', short: 'n' } } as const;
export const parseCount = (text: string | undefined): number =>
  wholeNumber('-n', text, { low: 1, high: MOST_COUNT, otherwise: 20 });

const OPTIONS = {
  ...HELP,
  ...JSON_OUTPUT,
  ...COUNT,
  ...VISITOR,
  session: { type: 'string' },
  sessions: { type: 'string' },
  map: { type: 'string', multiple: true },
  stages: { type: 'string' },
  weights: { type: 'string' },
  rules: { type: 'string' },
  at: { type: 'string' },
  'keep-seen': { type: 'boolean' },
  explain: { type: 'boolean' },
  out: { type: 'string' },
} as const;

export const recommendCommand: Command = {
  name: 'recommend',
  usage: [
    'recommend <snapshot> [--session "depend:express depend:koa"] [-n 20] [--keep-seen]',
    '      [--location LAT,LON] [--user country=DE,…] [--at DATE] [--explain] [--json]',
    '      [--stages retrieval|first|second|all] [--weights like=1,see_less=-2] [--rules FILE]',
    'recommend <snapshot> --sessions in.csv [-n 20] [--keep-seen] [--at DATE] [--map …] --out recs.csv',
  ],
  summary: 'recommend for a session, for every session of a file, or for a new visitor',
  help: `Without --session and --sessions the answer is for a new visitor: what is popular, rising, and near --location.
--session TEXT   tokens at white space, each event:item or item; "" is a new visitor, too
--sessions FILE  CSV session,item[,event][,time] (or what build reads), rows of a session in file
                 order unless there are times
--out FILE       CSV session,rank,item,score; without it on stdout
-n N             how many, default 20
--keep-seen      items of the session may be recommended again
${VISITOR_HELP}
--at DATE        when it is asked, an ISO date (UTC if it names no zone) or Unix ms. Default: the time of the
                 last event, without times that of the newest event the snapshot learnt from; for the
                 ages in --rules: now
--stages S       who orders the list: retrieval (the blend of the sources), first (the first stage), second (the
                 value) or all (the default: as far as the snapshot goes). --rules are obeyed in any case
--weights A=1,…  what the probability of each event counts in the value, within ±1,000,000; those left out keep
                 the snapshot's (reckon inspect lists them)
--rules FILE     business rules, a JSON document: filter, cap, boost, pin, diversify … (RULES.md of the package)
--explain        also say why: a sentence, how likely each event is and what it adds to the score, what rules moved
                 and removed, how many candidates each stage handed on, which source could not help
--json           one document: {"items": [{"item", "rank", "score", "sources", …}], "unknown": []}; with --explain
                 also "unavailable", "funnel" and, with --rules, "removed"
Unknown items are skipped and listed; an unknown event is an error.`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    const [snapshot = ''] = positionals(given, '<snapshot>');
    const { session, sessions, out } = values;
    const request = {
      options: {
        count: parseCount(values.n),
        keepSeen: values['keep-seen'] ?? false,
        stages: oneOf('--stages', values.stages, STAGES) ?? 'all',
        ...(values.at !== undefined && { at: timeOf('--at', values.at) }),
        ...(values.weights !== undefined && { weights: parseWeights(values.weights) }),
        quotas: NO_EXPLORATION,
      },
      visitor: parseVisitor(values),
    };
    if (session !== undefined && sessions !== undefined) {
      throw new UsageError('--session and --sessions exclude each other');
    }
    if (sessions !== undefined) {
      if (values.json || values.explain)
        throw new UsageError('--json and --explain do not go with --sessions');
      const map = parseMapOptions(values.map ?? []);
      const batch = { ...request, sessions, map, note: printNote };
      await recommendFile(snapshot, out, values.rules, batch);
      return;
    }
    if (out !== undefined) throw new UsageError('--out goes with --sessions');
    const engine = await openSnapshot(snapshot);
    const explain = values.explain ?? false;
    const { visitor } = request;
    const rules = await openRules(engine, values.rules);
    const options = { ...request.options, ...(rules && { rules }) };
    const answer = recommendOne(engine, session ?? '', visitor, { ...options, explain });
    if (values.json) printJson(answer);
    else printAnswer(answer, engine);
    engine.dispose();
  },
};

function recommendOne(
  engine: Engine,
  text: string,
  visitor: Visitor,
  options: RecommendOptions,
): RecommendationJson {
  const session = engine.session({ seed: 0, ...visitor });
  const events = parseSession(engine, text);
  const unknown = events.filter((event) => !session.record(event)).map(({ item }) => item);
  const { items, unavailable, funnel, removed } = session.recommend(options);
  return {
    items: items.map(itemJson),
    unknown: [...new Set(unknown)],
    ...(unavailable && { unavailable }),
    ...(funnel && { funnel }),
    ...(removed && { removed }),
  };
}

export function printAnswer(
  { items, unknown, unavailable, funnel, removed }: RecommendationJson,
  engine: Engine,
): void {
  if (unknown.length > 0) printNote(`unknown items skipped: ${unknown.join(', ')}`);
  printOut(items.length > 0 ? recommendationTable(items, engine) : 'nothing to recommend');
  const value = valueText(items);
  if (value !== undefined) printOut(value);
  for (const row of removed ?? []) printOut(removedText(row));
  if (funnel) printOut(funnelText(funnel));
  for (const { name, reason } of unavailable ?? []) printOut(`${name} did not help: ${reason}`);
}

async function recommendFile(
  snapshot: string,
  out: string | undefined,
  rulesFile: string | undefined,
  request: BatchRequest,
): Promise<void> {
  const inputs = [snapshot, request.sessions, rulesFile];
  const output = out === undefined ? undefined : await Output.at(out, inputs);
  await withWorkFolder(async (folder) => {
    const engine = await openSnapshot(snapshot);
    const rules = await openRules(engine, rulesFile);
    const options = { ...request.options, ...(rules && { rules }) };
    const duck = await Duck.open(folder);
    try {
      const pieces = answerSessions(duck, engine, { ...request, options });
      if (output) await output.write(pieces);
      else for await (const piece of pieces) process.stdout.write(piece);
    } finally {
      duck.close();
      engine.dispose();
    }
  });
  if (output)
    printNote(`${output.path}: up to ${count(request.options.count ?? 0)} items a session`);
}
