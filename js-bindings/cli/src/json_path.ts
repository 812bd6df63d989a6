// Reads a JSON document nobody promises the shape of, such as a snapshot's training report.

export function jsonAt(document: unknown, ...keys: string[]): unknown {
  let value = document;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

export function numberAt(document: unknown, ...keys: string[]): number | undefined {
  const value = jsonAt(document, ...keys);
  return typeof value === 'number' ? value : undefined;
}

/** The members of an object; none of anything else. */
export function entriesAt(document: unknown, ...keys: string[]): [string, unknown][] {
  const value = jsonAt(document, ...keys);
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}
