// Files a command makes. Outputs are written under a temporary name in the same folder and renamed when
// they are whole; a work folder holds what nobody wants to keep. Whatever ends the command, a failure
// or Ctrl-C, nothing temporary stays.
import { rmSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { constants as os, tmpdir } from 'node:os';
import path from 'node:path';
import { Refusal, reasonOf } from './failures.js';

const temporaries = new Set<string>();
const atInterrupt = new Set<() => void>();

/** Called once, by the program. */
export function cleanUpAtExit(): void {
  process.on('exit', removeTemporaries);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      for (const stop of atInterrupt) stop();
      process.exit(128 + os.signals[signal]);
    });
  }
}

/** Runs `stop` if the command is interrupted; call what is returned when there is nothing to stop. */
export function onInterrupt(stop: () => void): () => void {
  atInterrupt.add(stop);
  return () => atInterrupt.delete(stop);
}

function removeTemporaries(): void {
  for (const name of temporaries) {
    // Ending anyway: a folder that cannot be removed must not hide why.
    try {
      rmSync(name, { recursive: true, force: true });
    } catch {}
  }
}

/** Runs `work` with a new folder, and removes it. */
export async function withWorkFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'reckon-'));
  temporaries.add(folder);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    temporaries.delete(folder);
  }
}

export class Output {
  readonly path: string;
  /** To write to; beside the final place, so that renaming is atomic. */
  readonly temporary: string;

  private constructor(name: string) {
    this.path = name;
    this.temporary = path.join(path.dirname(name), `.${path.basename(name)}.${process.pid}.tmp`);
  }

  /** Refuses a place that cannot be written, before any work is done. `inputs` may not be it. */
  static async at(name: string, inputs: readonly (string | undefined)[] = []): Promise<Output> {
    const folder = path.dirname(name);
    try {
      if (!(await stat(folder)).isDirectory()) throw new Refusal({ file: folder }, 'not a folder');
      await access(folder, constants.W_OK);
    } catch (cause) {
      throw cause instanceof Refusal ? cause : new Refusal({ file: folder }, reasonOf(cause));
    }
    const existing = await stat(name).catch(() => undefined);
    if (existing?.isDirectory()) throw new Refusal({ file: name }, 'it is a folder');
    for (const input of inputs) {
      const other = input === undefined ? undefined : await stat(input).catch(() => undefined);
      if (existing && other && existing.ino === other.ino && existing.dev === other.dev) {
        throw new Refusal({ file: name }, 'it is an input too');
      }
    }
    const output = new Output(name);
    temporaries.add(output.temporary);
    // What the trainer calls its own temporary file.
    temporaries.add(`${output.temporary}.tmp`);
    return output;
  }

  /** Takes what was written at the temporary name to its place. */
  async commit(): Promise<void> {
    try {
      await rename(this.temporary, this.path);
    } catch (cause) {
      throw new Refusal({ file: this.path }, reasonOf(cause));
    } finally {
      await this.discard();
    }
  }

  async discard(): Promise<void> {
    await rm(this.temporary, { force: true });
    temporaries.delete(this.temporary);
    temporaries.delete(`${this.temporary}.tmp`);
  }

  /** Writes pieces of text and commits; discards if that fails. */
  async write(pieces: AsyncIterable<string> | Iterable<string>): Promise<void> {
    try {
      const file = await open(this.temporary, 'wx');
      try {
        for await (const piece of pieces) await file.writeFile(piece);
      } finally {
        await file.close();
      }
    } catch (cause) {
      await this.discard();
      if (cause instanceof Error && 'syscall' in cause) {
        throw new Refusal({ file: this.path }, reasonOf(cause));
      }
      throw cause;
    }
    await this.commit();
  }
}

export async function makeFolder(name: string): Promise<void> {
  try {
    await mkdir(name, { recursive: true });
  } catch (cause) {
    throw new Refusal({ file: name }, reasonOf(cause));
  }
}
