// Where and who a visitor is, as a person types it: --location LAT,LON and --user country=DE,device=mobile.
import type { SessionOptions } from 'reckon';
import { UsageError, quote } from './failures.js';

/** The command answers the same every time: nothing is shown by chance. */
export const NO_EXPLORATION = { explore: 0 } as const;

export const VISITOR = { location: { type: 'string' }, user: { type: 'string' } } as const;

export const VISITOR_HELP = `--location LAT,LON  where the visitor is, in degrees; --location=-16,20 if it begins with a minus
--user A=B,C=D   what is known of the visitor, by the names that inspect lists`;

export type Visitor = Pick<SessionOptions, 'location' | 'user'>;

export function parseVisitor(values: { location?: string; user?: string }): Visitor {
  return {
    ...(values.location !== undefined && { location: parseLocation(values.location) }),
    ...(values.user !== undefined && { user: parseUser(values.user) }),
  };
}

function parseLocation(text: string): NonNullable<Visitor['location']> {
  const [latitude = NaN, longitude = NaN, ...rest] = text
    .split(',')
    .map((part) => (/^\s*[-+]?\d+(\.\d+)?\s*$/.test(part) ? Number(part) : NaN));
  const valid = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && rest.length === 0;
  if (valid) return { latitude, longitude };
  throw new UsageError(
    `--location is ${quote(text)}; it must be LAT,LON in degrees, within 90 and 180`,
  );
}

function parseUser(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const [, name = '', value = ''] = /^\s*([^=]*[^=\s])\s*=(.*)$/s.exec(pair) ?? [];
    if (name !== '') return [name, value.trim()] as const;
    throw new UsageError(`--user is ${quote(text)}; it must be NAME=VALUE,NAME=VALUE`);
  });
  return Object.fromEntries(pairs);
}
