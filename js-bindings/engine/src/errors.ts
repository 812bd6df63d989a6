import { abi } from './abi.js';

type StatusName = Exclude<keyof typeof abi.STATUS, 'OK'>;

/** Stable codes: those of the C core, and a few that only JavaScript can have. */
export type ReckonCode =
  | StatusName
  /** The engine, or the rules, were disposed of. */
  | 'DISPOSED'
  /** A file could not be fetched at all (network, DNS, CORS). */
  | 'NOT_LOADED'
  /** The server answered, but not with the file (an error status, an HTML page). */
  | 'BAD_RESPONSE'
  /** The bytes are not reckon.wasm of this version, or this host cannot compile it. */
  | 'BAD_WASM'
  /** The WebAssembly module trapped; its engines are lost. Never expected: please report it. */
  | 'ENGINE_FAULT';

/** Every error this package throws, but for aborts, which throw the signal's reason. */
export class ReckonError extends Error {
  readonly code: ReckonCode;

  constructor(code: ReckonCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A file that cannot be trusted: which section, which byte, why. */
export class SnapshotError extends ReckonError {
  /** Name of the section, '' for the header and the section table. */
  readonly section: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** The offending value. */
  readonly detail: string;

  constructor(code: ReckonCode, message: string, where: Failure) {
    super(code, message);
    this.section = where.section;
    this.offset = where.offset;
    this.detail = where.detail;
  }
}

/** A request that cannot be answered: an argument out of range, an unknown item or event. */
export class RequestError extends ReckonError {
  /** What is wrong, by its name in the call: 'count', 'weights.like'. Undefined where no one thing is. */
  readonly argument: string | undefined;

  constructor(code: ReckonCode, message: string, argument?: string) {
    super(code, message);
    this.argument = argument;
  }
}

/** A rule document that cannot be used: `.path` is where, as in `$.rules[3].where.and[0]`. */
export class RulesError extends RequestError {
  readonly path: string;

  constructor(path: string, reason: string) {
    super('BAD_RULES', `${path}: ${reason}`);
    this.path = path;
  }
}

/** The snapshot does not fit into WebAssembly memory. */
export class MemoryError extends ReckonError {}

/** A file could not be read, fetched or compiled. */
export class LoadError extends ReckonError {}

/** The engine (or rules) were used after `dispose()`. */
export class DisposedError extends ReckonError {
  constructor(what = 'the engine') {
    super('DISPOSED', `${what} was disposed of`);
  }
}

/** What rk_error says, read out of WebAssembly memory. */
export interface Failure {
  readonly status: number;
  readonly section: string;
  readonly offset: number;
  readonly detail: string;
}

const isStatus = (status: number): status is keyof typeof abi.STATUS_NAMES =>
  Object.hasOwn(abi.STATUS_NAMES, status);

/** The error for a failure the C core reported about `subject` (a path, a URL, 'the request'). */
export function errorFromFailure(failure: Failure, subject: string): ReckonError {
  const { status, section, offset, detail } = failure;
  if (!isStatus(status) || status === abi.STATUS.OK) {
    return new ReckonError('ENGINE_FAULT', `${subject}: unknown status ${status}`);
  }
  const code: StatusName = abi.STATUS_NAMES[status];
  const reason = abi.STATUS_MESSAGES[status];
  const because = detail === '' ? '' : `: ${detail}`;
  if (code === 'OUT_OF_MEMORY') return new MemoryError(code, `${subject}: ${reason}${because}`);
  if (status < abi.STATUS.BAD_ARGUMENT) {
    const where = section === '' ? '' : `section ${section}, `;
    return new SnapshotError(
      code,
      `${subject}: ${where}offset ${offset}: ${reason}${because}`,
      failure,
    );
  }
  return new RequestError(code, `${subject}: ${reason}${because}`);
}

/** A value as a message shows it. */
export const quote = (value: unknown): string => {
  // Never String(value) of an object: it may have no text, or code of its own to make one.
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};
