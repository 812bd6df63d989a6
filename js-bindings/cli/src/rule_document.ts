// --rules FILE: a document of business rules (RULES.md of the package), read and compiled by the engine.
import { readFile } from 'node:fs/promises';
import { type Engine, type Rules, RulesError } from 'reckon';
import { Refusal, reasonOf } from './failures.js';

/** The rules of a file, compiled; undefined without a file. They go with the engine. */
export async function openRules(
  engine: Engine,
  file: string | undefined,
): Promise<Rules | undefined> {
  if (file === undefined) return undefined;
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new Refusal({ file }, reasonOf(cause));
  }
  let document;
  try {
    document = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new Refusal({ file }, `not JSON: ${reasonOf(cause)}`);
  }
  try {
    return engine.rules(document);
  } catch (cause) {
    if (!(cause instanceof RulesError)) throw cause;
    throw new Refusal({ file }, cause.message);
  }
}
