// --weights like=1,see_less=-2: what the probability of each event counts in the value.
import { UsageError, quote } from './failures.js';

export function parseWeights(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair) => {
    const [, name = '', number = ''] =
      /^\s*([^=]*[^=\s])\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*$/i.exec(pair) ?? [];
    if (name !== '') return [name, Number(number)] as const;
    throw new UsageError(`--weights is ${quote(text)}; it must be EVENT=NUMBER,EVENT=NUMBER`);
  });
  const weights = Object.fromEntries(pairs);
  if (Object.keys(weights).length === pairs.length) return weights;
  throw new UsageError(`--weights is ${quote(text)}; it names an event twice`);
}
