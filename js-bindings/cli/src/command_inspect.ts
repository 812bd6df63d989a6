// reckon inspect: what a file is and what is in it.
import type { EngineInfo, FileInfo } from 'reckon';
import type { Command } from './command.js';
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { differenceText, metricText, metricsTable } from './metrics_table.js';
import { HELP, JSON_OUTPUT, parseOptions, positionals } from './options.js';
import { openFileInfo, openSnapshot } from './snapshot_file.js';
import { transferLines } from './transfer_text.js';
import { bytesText, count, floatText, printJson, printOut, table } from './terminal.js';

export const inspectCommand: Command = {
  name: 'inspect',
  usage: ['inspect <file> [--json]'],
  summary: 'what a snapshot or an events file holds',
  help: '--json   one JSON document on stdout',

  async run(args) {
    const { values, positionals: given } = parseOptions(args, { ...HELP, ...JSON_OUTPUT });
    const [file = ''] = positionals(given, '<file>');
    const info = await openFileInfo(file);
    const snapshot = info.kind === 'snapshot' ? await snapshotInfo(file) : undefined;
    if (values.json)
      printJson({ file, ...info, ...snapshot, ...(snapshot && bytesPerItem(snapshot)) });
    else printOut([...headLines(file, info), ...bodyLines(info, snapshot)].join('\n'));
  },
};

async function snapshotInfo(file: string): Promise<EngineInfo> {
  const engine = await openSnapshot(file);
  const { info } = engine;
  engine.dispose();
  return info;
}

function bytesPerItem({ parts, bytes, items }: EngineInfo): {
  bytesPerItem: Record<string, number>;
} {
  const perItem = (size: number): number => Number((size / items).toFixed(1));
  return {
    bytesPerItem: {
      core: perItem(parts.core),
      vectors: perItem(parts.vectors),
      text: perItem(parts.text),
      all: perItem(bytes),
    },
  };
}

function headLines(file: string, info: FileInfo): string[] {
  const created = info.createdAt === 0 ? 'no times' : new Date(info.createdAt).toISOString();
  return [
    `${file}: ${info.kind}, ${bytesText(info.bytes)}, region ${info.region || '(none)'}`,
    `content id  ${info.id}`,
    `newest event  ${created}`,
  ];
}

function bodyLines(info: FileInfo, snapshot: EngineInfo | undefined): string[] {
  const lines = snapshot ? snapshotLines(snapshot) : eventsLines(info);
  const sections = info.sections.map(({ type, part, count: elements, bytes }) => [
    type,
    part,
    count(elements),
    bytesText(bytes),
  ]);
  lines.push('', table(['section', 'part', 'elements', 'bytes'], sections));
  if (snapshot) lines.push(...reportLines(snapshot.report), ...transferLines(snapshot.report));
  return lines;
}

function snapshotLines(info: EngineInfo): string[] {
  const { core, vectors, text, all } = bytesPerItem(info).bytesPerItem;
  const events = info.eventTypes.map(({ name, weight }) => `${name} ${floatText(weight)}`);
  const sources = info.sources.map(({ name, quota, weight, unavailable }) =>
    unavailable === undefined
      ? `${name} (quota ${quota}, weight ${floatText(weight)})`
      : `${name} (off: ${unavailable})`,
  );
  return [
    `${count(info.items)} items, ${count(info.events)} events, ${count(info.sessions)} sessions, ` +
      `times: ${info.timeKind}, seed ${info.seed}`,
    `${all} bytes an item: core ${core}, vectors ${vectors}, text ${text}; ${info.dim} dimensions`,
    `event weights  ${events.join(', ')}`,
    `sources  ${sources.join(', ')}`,
    ...(info.places > 0 ? [`places  ${count(info.places)} items have one`] : []),
    ...(info.userFeatures.length > 0 ? [`user features  ${info.userFeatures.join(', ')}`] : []),
  ];
}

function eventsLines(info: FileInfo): string[] {
  const rows = (type: string, less = 0): string =>
    count((info.sections.find((section) => section.type === type)?.count ?? less) - less);
  if (info.kind !== 'events') return [];
  return [
    `${rows('ev.user')} events, ${rows('user.off', 1)} users, ${rows('item.off', 1)} items, ` +
      `${rows('type.off', 1)} event types`,
  ];
}

function ablationsTable(report: unknown): string {
  const blend = numberAt(report, 'validation', 'blend', 'ndcg@10') ?? NaN;
  const rows = entriesAt(report, 'ablations').map(([source, value]) => [
    source,
    metricText(Number(value)),
    (Number(value) - blend).toFixed(4),
  ]);
  return table(['without', 'NDCG@10', 'change'], rows);
}

/** Steps and losses of each learner; those on held-out sessions are of the search's own training. */
function learnerLines(report: unknown): string[] {
  const learners = entriesAt(report, 'learners').map(([, learner]) => learner);
  if (learners.length === 0) return [];
  const rows = learners.map((learner) => {
    const loss = (name: string): string => {
      const value = numberAt(learner, name);
      return value === undefined ? '–' : String(Number(value.toPrecision(4)));
    };
    return [
      String(jsonAt(learner, 'name')),
      count(numberAt(learner, 'steps') ?? 0),
      count(numberAt(learner, 'epochs') ?? 0),
      loss('first_loss'),
      loss('last_loss'),
      loss('first_validation_loss'),
      loss('last_validation_loss'),
    ];
  });
  const header = ['learner', 'steps', 'epochs', 'first loss', 'last', 'held out: first', 'last'];
  return [table(header, rows)];
}

/** Whether the snapshot has rankers, on what grounds, and how well each task is foretold. */
export function rankerLines(report: unknown): string[] {
  const ranker = jsonAt(report, 'ranker');
  const reason = jsonAt(ranker, 'reason');
  const lines: string[] = [];
  if (typeof reason === 'string') lines.push(`no rankers: ${reason}`);
  const cases = numberAt(ranker, 'validation', 'cases');
  if (!cases) return lines;
  const [funnel, blend] = ['funnel', 'blend'].map((method) =>
    metricText(numberAt(ranker, 'validation', method)),
  );
  lines.push(
    `funnel, ${count(cases)} cases: NDCG@10 ${funnel}, blend ${blend}, ` +
      `${differenceText(jsonAt(ranker, 'validation', 'difference'))}`,
  );
  const rows = entriesAt(ranker, 'tasks').map(([, task]) => [
    String(jsonAt(task, 'event')),
    floatText(numberAt(task, 'value') ?? 0),
    ...['single_task', 'shared_bottom', 'mmoe'].map((network) =>
      metricText(numberAt(task, 'auc', network)),
    ),
    metricText(numberAt(task, 'calibration_error')),
  ]);
  const header = [
    'task',
    'value',
    'AUC: single-task',
    'shared-bottom',
    'MMoE',
    'calibration error',
  ];
  return [...lines, table(header, rows)];
}

function reportLines(report: unknown): string[] {
  const cases = numberAt(report, 'validation', 'cases');
  const parameters = entriesAt(report, 'parameters').filter(
    ([, value]) => typeof value === 'number',
  );
  const lines = [''];
  if (parameters.length > 0) {
    const shown = parameters.map(
      ([name, value]) => `${name} ${Number(Number(value).toPrecision(6))}`,
    );
    lines.push(`parameters  ${shown.join(', ')}`);
  }
  if (cases) {
    const methods = entriesAt(report, 'validation').filter(
      ([, value]) => typeof value === 'object',
    );
    lines.push(`validation, ${count(cases)} cases`, metricsTable(Object.fromEntries(methods)));
    lines.push('NDCG@10 of the blend without a source', ablationsTable(report));
  }
  lines.push(...learnerLines(report), ...rankerLines(report));
  return lines;
}
