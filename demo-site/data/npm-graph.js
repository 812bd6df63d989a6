// The npm dependency graph of December 2016 as an event log: package,item,event.
//
//   node demo-site/data/npm-graph.js OUT.csv.gz [--event depend|dev]
//
// The npm package `dependent-packages` carries two archives with one file a package: the list of those
// that depend on it, or need it for development. Inverted, a package is a basket and its dependencies
// are its items: one row (package, item) a dependency, of event `depend` or `dev`. Baskets have no
// order; their rows stand together, items in the archive's order.
//
// The archives are read as streams, nothing is unpacked. An output that is complete is left as it is.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';
import { extract } from 'tar-stream';

/** What version 2.2.2 of the package holds; another count means another archive or a bug here. */
const GRAPHS = {
  depend: { archive: 'dependents', events: 926_384, baskets: 229_454, items: 80_340 },
  dev: { archive: 'devDependents', events: 1_419_123, baskets: 204_287, items: 31_806 },
};
// One package of the archive has no name (a manifest that depends on ""): no id, so no event.
const NAMELESS = { depend: 1, dev: 0 };
const HEADER = 'package,item,event\n';

const rowsOf = (events) =>
  events.reduce((sum, event) => sum + GRAPHS[event].events - NAMELESS[event], 0);

/** Writes `out` unless it is complete. Returns the number of rows, and whether it was written. */
export async function writeNpmGraph(out, events = Object.keys(GRAPHS)) {
  const rows = rowsOf(events);
  if (await isComplete(out, rows)) return { rows, written: false };
  await mkdir(path.dirname(out), { recursive: true });
  const temporary = `${out}.${process.pid}.tmp`;
  try {
    await pipeline(
      Readable.from(csvOf(events)),
      createGzip({ level: 5 }),
      createWriteStream(temporary),
    );
    await rename(temporary, out);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return { rows, written: true };
}

/** Complete: it is whole gzip and has as many rows as the graph. */
async function isComplete(file, rows) {
  let lines = 0;
  try {
    await pipeline(createReadStream(file), createGunzip(), async (chunks) => {
      for await (const chunk of chunks) {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
      }
    });
  } catch {
    return false;
  }
  return lines === rows + 1;
}

/** In large pieces: each costs the compressor a round trip. */
async function* csvOf(events) {
  let piece = HEADER;
  for (const event of events) {
    for (const [basket, items] of await readBaskets(event)) {
      for (const item of items) piece += `${csvField(basket)},${csvField(item)},${event}\n`;
      if (piece.length < 1 << 20) continue;
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

const csvField = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Package → what it depends on. */
async function readBaskets(event) {
  const { archive, ...expected } = GRAPHS[event];
  const baskets = new Map();
  const counts = { events: 0, baskets: 0, items: 0 };
  await readArchive(archive, (item, dependents) => {
    counts.items++;
    counts.events += dependents.length;
    for (const dependent of dependents) {
      const items = baskets.get(dependent);
      if (items) items.push(item);
      else baskets.set(dependent, [item]);
    }
  });
  counts.baskets = baskets.size;
  for (const [what, count] of Object.entries(expected)) {
    if (counts[what] === count) continue;
    throw new Error(`${archive}.tgz has ${counts[what]} ${what}, ${count} were expected`);
  }
  // Baskets of the nameless item alone stay out too.
  return [...baskets]
    .map(([basket, items]) => [basket, items.filter((item) => item !== '')])
    .filter(([, items]) => items.length > 0);
}

/**
 * One entry a package: `dependents/NAME.json`, a JSON list of names; NAME may have a scope.
 * By events and in large chunks: iterating over 112,000 entries takes ten times as long.
 */
async function readArchive(archive, visit) {
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve('dependent-packages/package.json'));
  const file = createReadStream(path.join(folder, `${archive}.tgz`));
  const entries = extract();
  entries.on('entry', ({ name, type }, content, next) => {
    const chunks = [];
    content.on('data', (chunk) => chunks.push(chunk));
    content.on('end', () => {
      if (type === 'file') {
        const item = name.slice(`${archive}/`.length, -'.json'.length);
        visit(item, JSON.parse(Buffer.concat(chunks).toString()));
      }
      next();
    });
  });
  await pipeline(file, createGunzip({ chunkSize: 1 << 20 }), entries);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { event: { type: 'string' } },
  });
  const [out] = positionals;
  if (!out || (values.event !== undefined && !Object.hasOwn(GRAPHS, values.event))) {
    console.error('usage: node demo-site/data/npm-graph.js OUT.csv.gz [--event depend|dev]');
    process.exitCode = 2;
    return;
  }
  const { rows, written } = await writeNpmGraph(out, values.event && [values.event]);
  console.error(`${out}: ${rows.toLocaleString('en')} rows${written ? '' : ', already there'}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
