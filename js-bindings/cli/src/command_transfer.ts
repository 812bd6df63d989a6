// reckon transfer: a snapshot for a region that has few events or none, with the help of another's.
import type { Command } from './command.js';
import { type EventLog, type RegionalLog, isRegional, regionOf } from './event_log.js';
import { UsageError } from './failures.js';
import { Learning, checkRegion, refuseOneItem } from './learning.js';
import { HELP, JSON_OUTPUT, LEARNING, parseOptions, positionals } from './options.js';
import { openSnapshot } from './snapshot_file.js';
import { bytesText, count, printJson, printOut } from './terminal.js';
import { transferLines } from './transfer_text.js';
import { Output, withWorkFolder } from './work_files.js';

const OPTIONS = {
  ...HELP,
  ...JSON_OUTPUT,
  ...LEARNING,
  from: { type: 'string' },
  events: { type: 'string' },
  out: { type: 'string' },
} as const;

export const transferCommand: Command = {
  name: 'transfer',
  usage: [
    'transfer --from SOURCE.rk --region R --out R.rk [--events FILE|SQL] [--items FILE]',
    '      [--config FILE] [--map role=column,…] [--seed N] [--threads N] [--trainer native|wasi] [--json]',
  ],
  summary: "a region's snapshot from another's and what few events there are",
  help: `Items of the two regions are matched by id, others by what they say of themselves (titles,
categories, tags). Vectors, encoder, user tower, neighbours, popularity and settings of the source are
where learning begins, and its rankers stand where the events are too few for others; each counts as a
bounded number of events. How much the source is trusted is asked of the region's own events: parts of
them are hidden in turn, and the level of trust that finds them best is taken. One of the levels is no
trust at all, so that a source that misleads is left alone.
Without events the answers are the source's, for the items of --items.
--from FILE      the snapshot of another region; it is read, never changed
--events FILE    events of this region, as reckon build takes them; with a region column
                 (--map region=COLUMN) only the rows of --region
--items FILE     all items of the region; without it those of the events
--region R       the new snapshot's region
--json           what was done, as one JSON document on stdout
Other options: reckon build --help`,

  async run(args) {
    const { values, positionals: given } = parseOptions(args, OPTIONS);
    positionals(given);
    const { from, events, items, region, out } = values;
    if (from === undefined) throw new UsageError('--from is missing');
    if (region === undefined) throw new UsageError('--region is missing');
    if (out === undefined) throw new UsageError('--out is missing');
    if (events === undefined && items === undefined)
      throw new UsageError('--items is missing: without events it says what the items are');
    checkRegion(region);
    const output = await Output.at(out, [from, events, items]);
    try {
      await withWorkFolder(async (folder) => {
        // Its own words for a file that is none, before data is read.
        (await openSnapshot(from)).dispose();
        const learning = await Learning.begin(values, folder);
        const subject = events ?? items ?? '';
        const accept = (log: EventLog | RegionalLog): EventLog => {
          const rows = isRegional(log) ? regionOf(log, region, subject) : log;
          refuseOneItem(rows, subject);
          return rows;
        };
        const log = await learning.read({ events }, accept);
        await learning.transfer(from, log, region, subject, [
          '--out',
          { file: output.temporary },
          '--region',
          region,
        ]);
      });
      await output.commit();
    } catch (cause) {
      await output.discard();
      throw cause;
    }
    const engine = await openSnapshot(output.path);
    const { info } = engine;
    engine.dispose();
    if (values.json) {
      const { report, ...rest } = info;
      printJson({ snapshot: output.path, ...rest, report });
    } else {
      const head =
        `${output.path}: region ${info.region}, ${count(info.items)} items, ` +
        `${count(info.events)} events, ${count(info.sessions)} sessions, ${bytesText(info.bytes)}`;
      printOut([head, ...transferLines(info.report)].join('\n'));
    }
  },
};
