// What tuning advises as a configuration: put into a file that may say other things, which stay.
import { readFile } from 'node:fs/promises';
import { parseConfig } from './config.js';
import { Refusal, reasonOf } from './failures.js';
import type { Tuning } from './tuning_text.js';

type Json = Record<string, unknown>;

/** The configuration in a file, {} if there is none; refused if `build` would refuse it. */
export async function readDocument(path: string): Promise<Json> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Refusal({ file: path }, reasonOf(cause));
  }
  parseConfig(text, path);
  return JSON.parse(text.replace(/^\ufeff/, '')) as Json;
}

/** With the weights as `events.NAME.value` and the quotas as `train.SOURCEQuota`. */
export function mergedConfig(document: Json, tuning: Tuning): string {
  const { values, quotas } = tuning.decision === 'change' ? tuning.after : tuning.before;
  const events = { ...(document['events'] as Json | undefined) };
  for (const [name, value] of Object.entries(values))
    events[name] = { ...(events[name] as Json | undefined), value };
  const train = { ...(document['train'] as Json | undefined) };
  for (const [source, quota] of Object.entries(quotas)) train[`${source}Quota`] = quota;
  const merged = {
    ...document,
    ...(Object.keys(events).length > 0 && { events }),
    train,
  };
  return `${JSON.stringify(merged, null, 2)}\n`;
}
