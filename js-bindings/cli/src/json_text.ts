// Where a JSON file is malformed. DuckDB counts records and bytes within them; a person wants the line.
import { plainBytes } from './csv_text.js';
import { reasonOf } from './failures.js';

const MOST_ARRAY_BYTES = 1 << 28;

/** The first line that is wrong, and why; undefined if it is not to be found. */
export async function locateMalformed(
  path: string,
  isGzip: boolean,
): Promise<{ line: number; reason: string } | undefined> {
  let rest = '';
  let line = 1;
  const decoder = new TextDecoder();
  for await (const chunk of plainBytes(path, isGzip)) {
    rest += decoder.decode(chunk, { stream: true });
    if (rest.trimStart().startsWith('[') && line === 1) {
      if (rest.length > MOST_ARRAY_BYTES) return undefined;
      continue;
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const reason = malformed(text);
      if (reason !== undefined) return { line, reason: reason.text };
      line++;
    }
  }
  const reason = malformed(rest);
  if (reason === undefined) return undefined;
  return { line: line + rest.slice(0, reason.at).split('\n').length - 1, reason: reason.text };
}

/** What is wrong with one document, and where; nothing is well-formed as well. */
function malformed(text: string): { text: string; at: number } | undefined {
  if (text.trim() === '') return undefined;
  try {
    JSON.parse(text);
    return undefined;
  } catch (cause) {
    const message = reasonOf(cause);
    const at = /at position (\d+)/.exec(message)?.[1];
    return { text: message.replace(/ in JSON at position.*$/, ''), at: Number(at ?? text.length) };
  }
}
