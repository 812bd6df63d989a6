// The items file: ids and, if there is one, a title column. Items without events are items too.
import type { ColumnMap } from './column_map.js';
import { guessColumn } from './column_guess.js';
import { type Duck } from './duck.js';
import { MOST_ID_BYTES } from './event_stage.js';
import { Refusal, quote } from './failures.js';
import { type Column, type Source, findColumn, requireColumn, textSql } from './input_source.js';
import { count } from './terminal.js';

/** Creates table `catalog` (i, title): one row an item, the first where the file repeats one. */
export async function readItems(
  duck: Duck,
  sources: readonly Source[],
  map: ColumnMap,
  note: (text: string) => void,
): Promise<{ hasTitles: boolean }> {
  await duck.run('CREATE TABLE listing (i VARCHAR, title VARCHAR)');
  let hasTitles = false;
  for (const source of sources) {
    const item = itemColumn(source, map);
    const title = titleColumn(source, map, item);
    hasTitles ||= title !== undefined;
    note(`${source.name}: item=${item.name}${title ? `, title=${title.name}` : ', no titles'}`);
    await appendItems(duck, source, item, title);
  }
  await duck.run(
    `CREATE TABLE catalog AS SELECT i, coalesce(arg_min(title, rowid), '') AS title
     FROM listing GROUP BY i`,
  );
  const [repeated] = await duck.numbers(
    'SELECT (SELECT count(*) FROM listing) - (SELECT count(*) FROM catalog)',
  );
  if (repeated) note(`${count(repeated)} rows of the items file repeat an item; the first counts`);
  await duck.run('DROP TABLE listing');
  return { hasTitles };
}

/** The name mapped for the events file serves here too, if the items file has it. */
function itemColumn(source: Source, map: ColumnMap): Column {
  const mapped = map.columns.get('item');
  const column =
    (mapped ? findColumn(source, mapped) : undefined) ??
    guessColumn(source, 'item', new Set(), ['id']);
  return column ?? requireColumn(source, mapped ?? 'item', '--map item=');
}

function titleColumn(source: Source, map: ColumnMap, item: Column): Column | undefined {
  const mapped = map.columns.get('title');
  if (mapped === undefined) return guessColumn(source, 'title', new Set([item]));
  return mapped === '' ? undefined : requireColumn(source, mapped, '--map title=');
}

async function appendItems(
  duck: Duck,
  source: Source,
  item: Column,
  title: Column | undefined,
): Promise<void> {
  const [before] = await duck.numbers('SELECT count(*) FROM listing');
  try {
    await duck.run(
      `INSERT INTO listing SELECT ${textSql(item)}, ${title ? textSql(title) : 'NULL'}
       FROM ${source.relation}`,
    );
  } catch (cause) {
    throw await source.refusal(cause);
  }
  const [bad, isLong] = await duck.numbers(
    `SELECT rowid, strlen(i) > 0 FROM listing
     WHERE rowid >= ${before} AND (i IS NULL OR strlen(i) NOT BETWEEN 1 AND ${MOST_ID_BYTES})
     ORDER BY rowid LIMIT 1`,
  );
  if (bad === undefined || bad === null) return;
  const place = { ...(await source.place(bad - (before ?? 0) + 1)), column: item.name };
  const [[id] = []] = await duck.rows(`SELECT i[:80] FROM listing WHERE rowid = ${bad}`);
  throw new Refusal(
    place,
    isLong ? `${quote(id)} has more than ${MOST_ID_BYTES} bytes` : 'the item is missing',
  );
}
