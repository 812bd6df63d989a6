// Node: strings without a scheme are paths; file: URLs are read, others fetched.
import { readFile } from 'node:fs/promises';
import { apiFor } from './core.js';
import { LoadError } from './errors.js';
import { type Host, compile, reason, subjectOf } from './load.js';

/** Two letters at least, so that a drive letter is no scheme. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

async function read(path: string | URL, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    return await readFile(path, signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LoadError('IO', `${subjectOf(path)} could not be read: ${reason(cause)}`, { cause });
  }
}

const host: Host = {
  async ownModule() {
    const place = new URL('./reckon.wasm', import.meta.url);
    return compile(await read(place), place.href);
  },
  readLocal(place, signal) {
    if (typeof place === 'string' && !SCHEME.test(place)) return read(place, signal);
    const url = new URL(place);
    return url.protocol === 'file:' ? read(url, signal) : undefined;
  },
};

export const { createEngine, inspectFile } = apiFor(host);
export * from './public.js';
