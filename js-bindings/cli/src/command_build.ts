// reckon build: an event log to a snapshot, or to one snapshot a region.
import path from 'node:path';
import type { Command } from './command.js';
import { rankerLines } from './command_inspect.js';
import { type EventLog, type RegionalLog, isRegional, regionOf, rowsWhere } from './event_log.js';
import { Refusal, UsageError, quote, reasonOf } from './failures.js';
import { entriesAt, jsonAt, numberAt } from './json_path.js';
import { Learning, MOST_REGION_BYTES, checkRegion, refuseOneItem } from './learning.js';
import { metricText, metricsTable } from './metrics_table.js';
import { HELP, JSON_OUTPUT, LEARNING, parseOptions, positionals } from './options.js';
import type { StageSeconds } from './progress.js';
import { openSnapshot } from './snapshot_file.js';
import { rowCount } from './string_table.js';
import { bytesText, count, printJson, printOut, table } from './terminal.js';
import { type TrainerKind, TrainerRefusal } from './trainer.js';
import { Output, makeFolder, withWorkFolder } from './work_files.js';

const ALL_REGIONS = 'all';
const DEFAULT_REGION = 'default';

interface Built {
  snapshot: string;
  region: string;
  trainer: TrainerKind;
  items: number;
  events: number;
  sessions: number;
  bytes: number;
  bytesPerItem: { core: number; vectors: number; text: number; all: number };
  id: string;
  eventTypes: readonly { name: string; weight: number }[];
  report: unknown;
}

const OPTIONS = { ...HELP, ...JSON_OUTPUT, ...LEARNING, out: { type: 'string' } } as const;

export const buildCommand: Command = {
  name: 'build',
  usage: [
    'build <events|SQL> --out R.rk [--items FILE] [--config FILE] [--map role=column,…] [--region R]',
    '      [--seed N] [--threads N] [--trainer native|wasi] [--json]',
    'build <events|SQL> --region all --out DIR …',
    'build --items FILE --out R.rk …',
  ],
  summary: 'learn from an event log; write a snapshot, or one a region',
  help: `Events are CSV, Parquet or JSON, gzipped or not, a glob of files, or an SQL SELECT (DuckDB).
Columns are guessed from their names and the guess is printed; --map names them:
  session= or user=  item=  event=  time=  region=  title=  lat=  lon=  related=  boost=
                          an empty name: there is none, do not guess
  label.NAME=EXPRESSION   rows where the SQL expression holds carry the event type NAME;
                          every row also carries "click", or the type of its event column
  feature.NAME=EXPRESSION   known of the user at the event: feature.country=country
  attr.NAME=COLUMN:KIND   an attribute of the items: category, tags (split at |), text or number;
                          COLUMN is of the items file, or the item's id; attr.NAME= leaves it out
--items FILE     all items there are, also without events: titles, latitude and longitude, and
                 attributes; what kind an attribute is, is guessed from the values. It is enough
                 by itself: items are then alike by what is said of them, and so they stay until
                 events say otherwise. What experts know: related= (ids between |) counts as events
                 that had both items, boost= (a number from 0) as events that had the item
--config FILE    JSON: { "map": {role: column}, "events": {name: {"weight": 1}}, "base": "click" or
                 null, "train": {"minItemEvents": 5, …}, "expert": {"related": 5, "boost": 1}: events
                 that a related pair, and a unit of boost, count as }; "base" is the type of rows without an
                 event column, null: rows carry their labels only. "train" also takes located (1:
                 requests will come with a location), dim, validationCases, sgnsEpochs,
                 encoderEpochs, towerEpochs, and of each source what should not be searched:
                 trendingWeight, trendingQuota, …
--region R       a label of the snapshot; with a region column, only the rows of that region
--region all     one snapshot a region, DIR/REGION.rk; needs a region column
--seed N         default 0. The same events, configuration and seed give the same bytes
--threads N      default: all cores; changes nothing but the time
--trainer T      native or wasi; default: native where it is built
--json           what was built, as one JSON document on stdout`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    // Items alone are enough to begin with.
    const isItemsOnly = given.length === 0 && values.items !== undefined;
    const [events] = isItemsOnly ? [] : positionals(given, '<events>');
    const { out, region = DEFAULT_REGION } = values;
    if (out === undefined) throw new UsageError('--out is missing');
    checkRegion(region);
    const { built, stages } = await withWorkFolder(async (folder) => {
      const output =
        region === ALL_REGIONS ? undefined : await Output.at(out, [events, values.items]);
      if (!output) await makeFolder(out);
      const learning = await Learning.begin(values, folder);
      const input = { events, subject: events ?? values.items ?? '' };
      const built = output
        ? [
            await buildOne(learning, input, region, {
              output,
              isFilter: values.region !== undefined,
            }),
          ]
        : await buildRegions(learning, input, out);
      return { built, stages: stageSeconds(learning) };
    });
    const [first] = built;
    if (region === ALL_REGIONS) {
      if (values.json) printJson({ snapshots: built, stages });
      else printOut(regionsTable(built));
    } else if (first) {
      if (values.json) printJson({ ...first, stages });
      else printOut(description(first));
    }
  },
};

const stageSeconds = ({ progress }: Learning): StageSeconds[] =>
  progress.stages.map(({ stage, seconds }) => ({ stage, seconds: Number(seconds.toFixed(3)) }));

interface Input {
  /** Absent: the items file is all there is. */
  readonly events: string | undefined;
  /** What messages call it. */
  readonly subject: string;
}

async function buildOne(
  learning: Learning,
  { events, subject }: Input,
  region: string,
  { output, isFilter }: { output: Output; isFilter: boolean },
): Promise<Built> {
  const log = await learning.read({ events }, (log) => {
    const rows = isFilter && isRegional(log) ? regionOf(log, region, subject) : log;
    refuseOneItem(rows, subject);
    return rows;
  });
  try {
    await train(learning, log, region, subject, output);
    await output.commit();
    return await describe(learning, output.path);
  } catch (cause) {
    await output.discard();
    throw cause;
  }
}

async function train(
  learning: Learning,
  log: EventLog,
  region: string,
  subject: string,
  output: Output,
): Promise<void> {
  const args = ['--out', { file: output.temporary }, '--region', region];
  await learning.run('train', log, region, subject, args);
}

async function buildRegions(
  learning: Learning,
  { events, subject }: Input,
  folder: string,
): Promise<Built[]> {
  const log = await learning.read({ events }, (log) => {
    if (isRegional(log)) return log;
    throw new Refusal({ file: subject }, 'no region column (name it: --map region=COLUMN)');
  });
  noteRowsWithoutRegion(learning, log);
  const outputs: Output[] = [];
  try {
    for (const region of log.regions) {
      const output = await Output.at(path.join(folder, `${fileName(region)}.rk`));
      const isBuilt = await trainRegion(learning, log, region, output);
      if (isBuilt) outputs.push(output);
      else await output.discard();
    }
    if (outputs.length === 0) throw new Refusal({ file: subject }, 'no region can be learnt from');
    // All are whole now; none is put in place before.
    for (const output of outputs) await output.commit();
  } catch (cause) {
    for (const output of outputs) await output.discard();
    throw cause;
  }
  const built = [];
  for (const output of outputs) built.push(await describe(learning, output.path));
  return built;
}

/** False: the region has too little to learn from, which one region of many may have. */
async function trainRegion(
  learning: Learning,
  log: RegionalLog,
  region: string,
  output: Output,
): Promise<boolean> {
  const subject = `region ${quote(region)}`;
  if (Buffer.byteLength(region) > MOST_REGION_BYTES) {
    throw new Refusal(subject, `its name has more than ${MOST_REGION_BYTES} bytes`);
  }
  const rows = regionOf(log, region, subject);
  learning.note(`${subject}: ${count(rows.events)} events, ${count(rowCount(rows.items))} items`);
  try {
    refuseOneItem(rows, subject);
    await train(learning, rows, region, subject, output);
    return true;
  } catch (cause) {
    const isPoor =
      cause instanceof TrainerRefusal ? cause.status === 'NO_EVENTS' : rowCount(rows.items) < 2;
    if (!isPoor) throw cause;
    learning.note(`left out: ${reasonOf(cause)}`);
    return false;
  }
}

function noteRowsWithoutRegion(learning: Learning, log: RegionalLog): void {
  const none = rowsWhere(log.events, (row) => (log.region[row] ?? 0) >= log.regions.length);
  if (none.length > 0) learning.note(`${count(none.length)} rows have no region and are left out`);
}

/** A region's name as a file's: what file systems do not take is percent-encoded. */
function fileName(region: string): string {
  return region.replace(/[\u0000-\u001f"%*/:<>?\\|]|^\.|[. ]$/g, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

// ---- what was built ------------------------------------------------------------------------------

/** Opening it proves it: every byte is checked again by the engine that will answer from it. */
async function describe(learning: Learning, snapshot: string): Promise<Built> {
  const engine = await openSnapshot(snapshot);
  const { info } = engine;
  engine.dispose();
  const perItem = (bytes: number): number => Number((bytes / info.items).toFixed(1));
  return {
    snapshot,
    region: info.region,
    trainer: learning.trainer.kind,
    items: info.items,
    events: info.events,
    sessions: info.sessions,
    bytes: info.bytes,
    bytesPerItem: {
      core: perItem(info.parts.core),
      vectors: perItem(info.parts.vectors),
      text: perItem(info.parts.text),
      all: perItem(info.bytes),
    },
    id: info.id,
    eventTypes: info.eventTypes,
    report: info.report,
  };
}

function description(built: Built): string {
  const { items, events, sessions, bytes, bytesPerItem, report } = built;
  const lines = [
    `${built.snapshot}: region ${built.region}, ${count(items)} items, ${count(events)} events, ` +
      `${count(sessions)} sessions`,
    `${bytesText(bytes)}, ${bytesPerItem.all} bytes an item (core ${bytesPerItem.core}, ` +
      `vectors ${bytesPerItem.vectors}, text ${bytesPerItem.text})`,
  ];
  const cases = numberAt(report, 'validation', 'cases');
  if (cases) {
    const methods = entriesAt(report, 'validation').filter(
      ([, value]) => typeof value === 'object',
    );
    lines.push(
      `on ${count(cases)} validation cases, hidden from training; the parameters were chosen on them:`,
    );
    lines.push(metricsTable(Object.fromEntries(methods)), ...rankerLines(report));
  } else if (jsonAt(report, 'validation') !== undefined) {
    lines.push('too few events to measure quality on');
  }
  return lines.join('\n');
}

function regionsTable(built: readonly Built[]): string {
  const rows = built.map(({ snapshot, items, events, sessions, bytes, report }) => [
    snapshot,
    count(items),
    count(events),
    count(sessions),
    bytesText(bytes),
    metricText(numberAt(report, 'validation', 'blend', 'hr@10')),
    metricText(numberAt(report, 'validation', 'popular', 'hr@10')),
  ]);
  const header = ['snapshot', 'items', 'events', 'sessions', 'bytes', 'HR@10', 'popular'];
  return table(header, rows);
}
