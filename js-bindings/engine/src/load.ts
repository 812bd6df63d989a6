import { LoadError, RequestError } from './errors.js';
import type { Bytes } from './types.js';

/** What only the host can do. */
export interface Host {
  /** The package's own reckon.wasm. */
  ownModule(signal: AbortSignal | undefined): Promise<WebAssembly.Module>;
  /** Reads a place that is not fetched (a path, a file: URL); undefined if this one is to be fetched. */
  readLocal(
    place: string | URL,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> | undefined;
}

export type Source = string | URL | Response | Bytes;

// By shape rather than instanceof: the value may come from another realm (a frame, a test runner).
const isResponse = (source: Source): source is Response =>
  typeof source === 'object' && source !== null && 'arrayBuffer' in source && 'ok' in source;
const isView = (source: Bytes): source is ArrayBufferView => ArrayBuffer.isView(source);
const isBuffer = (source: unknown): boolean =>
  /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(source));

/** How error messages call a file. */
export function subjectOf(source: Source): string {
  if (typeof source === 'string') return source;
  if (source instanceof URL) return source.href;
  if (isResponse(source)) return source.url === '' ? 'the response' : source.url;
  return 'the given bytes';
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it is aborted. */
export async function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}

export async function fetchFile(
  place: string | URL,
  signal: AbortSignal | undefined,
): Promise<Response> {
  signal?.throwIfAborted();
  try {
    return await fetch(place, signal ? { signal } : {});
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LoadError(
      'NOT_LOADED',
      `${subjectOf(place)} could not be fetched: ${reason(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Refuses error statuses, and the HTML page many servers send for a path they do not have. */
export function checkResponse(response: Response, what: string): void {
  const subject = subjectOf(response);
  if (!response.ok) {
    throw new LoadError('BAD_RESPONSE', `${subject}: HTTP status ${response.status}`);
  }
  if (mimeType(response) === 'text/html') {
    throw new LoadError(
      'BAD_RESPONSE',
      `${subject} is an HTML page, not ${what}: is the path right?`,
    );
  }
}

export const mimeType = (response: Response): string =>
  (response.headers.get('content-type') ?? '').split(';', 1).join('').trim().toLowerCase();

export async function responseBytes(
  response: Response,
  what: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  checkResponse(response, what);
  try {
    return new Uint8Array(await abortable(response.arrayBuffer(), signal));
  } catch (cause) {
    signal?.throwIfAborted();
    throw new LoadError('NOT_LOADED', `${subjectOf(response)} broke off: ${reason(cause)}`, {
      cause,
    });
  }
}

/** The whole file, wherever it is. The bytes may be the caller's own: they are only read. */
export async function readBytes(
  source: Source,
  what: string,
  host: Host,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (typeof source === 'string' || source instanceof URL) {
    const local = await abortable(Promise.resolve(host.readLocal(source, signal)), signal);
    return local ?? responseBytes(await fetchFile(source, signal), what, signal);
  }
  if (isResponse(source)) return responseBytes(source, what, signal);
  if (isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isBuffer(source)) return new Uint8Array(source);
  throw new RequestError('BAD_ARGUMENT', `${what} must be a URL, a Response or bytes`);
}

/** Compiles reckon.wasm, with a message that says what is wrong. */
export async function compile(bytes: Uint8Array, subject: string): Promise<WebAssembly.Module> {
  const isWasm = bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
  if (!isWasm) throw new LoadError('BAD_WASM', `${subject} is not a WebAssembly module`);
  try {
    return await WebAssembly.compile(bytes.slice());
  } catch (cause) {
    throw notCompiled(subject, cause);
  }
}

export function notCompiled(subject: string, cause: unknown): LoadError {
  return new LoadError(
    'BAD_WASM',
    `${subject} cannot be compiled here (WebAssembly with SIMD is needed): ${reason(cause)}`,
    { cause },
  );
}

/** The message of an error and, where it hides the real one (as fetch does), of its cause. */
export function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error && cause.cause.message !== ''
    ? `${cause.message} (${cause.cause.message})`
    : cause.message;
}
