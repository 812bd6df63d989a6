// Runs the C command that learns, natively where it is built, else as WebAssembly under WASI; both take
// the same arguments and give the same bytes. Its stderr is read line by line: progress, notes, errors.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { TrainerSetting } from './config.js';
import { Refusal } from './failures.js';
import { onInterrupt } from './work_files.js';
import type { WasiMessage, WasiTask } from './wasi_worker.js';

export type TrainerKind = 'native' | 'wasi';

/** An argument; files are told apart because WASI sees them under other names. */
export type TrainerArgument = string | { file: string };

export interface TrainerEvents {
  progress?(stage: string, done: number, total: number, unit: string): void;
  note?(text: string): void;
}

interface Run {
  status: number | string;
  stdout: string;
}

export interface Trainer {
  readonly kind: TrainerKind;
  readonly path: string;
}

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, '../../..');
const NATIVE_NAME = process.platform === 'win32' ? 'reckon-cli.exe' : 'reckon-cli';

export function findTrainer(wanted?: TrainerKind): Trainer {
  const native = process.env['RECKON_NATIVE_CLI'];
  const places: Record<TrainerKind, string[]> = {
    native: native ? [native] : [path.join(repository, 'build/native', NATIVE_NAME)],
    wasi: [path.join(repository, 'build/wasi/reckon-cli.wasm'), path.join(here, 'reckon-cli.wasm')],
  };
  for (const kind of wanted ? [wanted] : (['native', 'wasi'] as const)) {
    const found = places[kind].find((place) => existsSync(place));
    if (found !== undefined) return { kind, path: found };
  }
  const looked = wanted ? places[wanted] : [...places.native, ...places.wasi];
  throw new Refusal(
    wanted ? `the ${wanted} trainer` : 'the trainer',
    `not built; looked for ${looked.join(' and ')}`,
  );
}

/** What the trainer refused, with its status name (src/base/status.def). */
export class TrainerRefusal extends Refusal {
  readonly status: string;

  constructor(subject: string, status: string, reason: string) {
    super({ file: subject }, reason);
    this.status = status;
  }
}

/** Runs to the end and returns stdout; refusals of the trainer are thrown. `subject`: what it is about. */
export async function runTrainer(
  trainer: Trainer,
  args: readonly TrainerArgument[],
  subject: string,
  events: TrainerEvents = {},
): Promise<string> {
  const errors: string[] = [];
  const readLine = (line: string): void => {
    const progress = /^@progress (\S+) (\d+) (\d+) (.*)$/.exec(line);
    if (progress) {
      const [, stage = '', done, total, unit = ''] = progress;
      events.progress?.(stage, Number(done), Number(total), unit);
    } else if (line.startsWith('@note ')) events.note?.(line.slice('@note '.length));
    else if (line !== '') errors.push(line);
  };
  const { status, stdout } = await execute(trainer, args, readLine);
  if (status === 0) return stdout;
  throw refusalOf(status, errors, subject);
}

function refusalOf(status: number | string, errors: readonly string[], subject: string): Error {
  const refused = /^reckon-cli: ([A-Z_0-9]+): (.*)$/.exec(errors[0] ?? '');
  if (status === 1 && refused) {
    const [, name = '', message = ''] = refused;
    const parts = /^(.*?) \(((?:section \S+, )?offset \d+)(: .*)?\)$/.exec(message);
    if (!parts) return new TrainerRefusal(subject, name, message);
    const [, what = '', place = '', detail = ''] = parts;
    // "offset 0" is how an error without a place in a file looks.
    const reason = place === 'offset 0' ? what + detail : `${place}: ${what}${detail}`;
    return new TrainerRefusal(subject, name, reason);
  }
  const said = errors[0] === undefined ? '' : `: ${errors[0]}`;
  return new Refusal({ file: subject }, `the trainer ended with status ${status}${said}`);
}

/** Refuses settings the trainer does not take, one by one and before anything long is begun. */
export async function checkSettings(
  trainer: Trainer,
  settings: readonly TrainerSetting[],
): Promise<void> {
  for (const { name, value, origin } of settings) {
    const lines: string[] = [];
    // Arguments are read before the missing file is noticed: only a bad setting is called one.
    await execute(trainer, ['train', '--set', `${name}=${value}`], (line) => lines.push(line));
    if (!lines[0]?.includes('a file is missing')) {
      throw new Refusal(
        origin,
        `the trainer has no such setting, or does not take ${value} for it`,
      );
    }
  }
}

export const settingArguments = (settings: readonly TrainerSetting[]): string[] =>
  settings.flatMap(({ name, value }) => ['--set', `${name}=${value}`]);

function execute(
  trainer: Trainer,
  args: readonly TrainerArgument[],
  readLine: (line: string) => void,
): Promise<Run> {
  return trainer.kind === 'native'
    ? executeNative(trainer.path, args, readLine)
    : executeWasi(trainer.path, args, readLine);
}

function executeNative(
  program: string,
  args: readonly TrainerArgument[],
  readLine: (line: string) => void,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const plain = args.map((arg) => (typeof arg === 'string' ? arg : fileArgument(arg.file)));
    const child = spawn(program, plain, { stdio: ['ignore', 'pipe', 'pipe'] });
    const done = onInterrupt(() => child.kill('SIGKILL'));
    const stdout: Buffer[] = [];
    const lines = lineReader(readLine);
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
    child.stderr.on('data', lines.add);
    child.on('error', (cause) => {
      done();
      reject(new Refusal({ file: program }, `could not be run: ${cause.message}`));
    });
    child.on('close', (status, signal) => {
      done();
      lines.end();
      resolve({
        status: status ?? signal ?? 'no status',
        stdout: Buffer.concat(stdout).toString(),
      });
    });
  });
}

/** A path that cannot be taken for an option. */
const fileArgument = (file: string): string => (file.startsWith('-') ? `./${file}` : file);

function executeWasi(
  module: string,
  args: readonly TrainerArgument[],
  readLine: (line: string) => void,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./wasi_worker.js', import.meta.url), {
      workerData: wasiTask(module, args),
      execArgv: ['--no-warnings'],
    });
    const stdout: Uint8Array[] = [];
    const lines = lineReader(readLine);
    let status: number | undefined;
    worker.on('message', (message: WasiMessage) => {
      if ('status' in message) status = message.status;
      else if (message.descriptor === 1) stdout.push(message.bytes);
      else lines.add(message.bytes);
    });
    worker.on('error', (cause) => reject(new Error(`the trainer ended with ${cause.message}`)));
    worker.on('exit', () => {
      lines.end();
      resolve({ status: status ?? 'no status', stdout: Buffer.concat(stdout).toString() });
    });
  });
}

/** Every folder a file lies in becomes a folder of the guest: /0, /1, … */
function wasiTask(module: string, args: readonly TrainerArgument[]): WasiTask {
  const preopens: Record<string, string> = {};
  const guestFolders = new Map<string, string>();
  const guestArgs = args.map((arg) => {
    if (typeof arg === 'string') return arg;
    const folder = path.dirname(path.resolve(arg.file));
    const guest = guestFolders.get(folder) ?? `/${guestFolders.size}`;
    guestFolders.set(folder, guest);
    preopens[guest] = folder;
    return `${guest}/${path.basename(arg.file)}`;
  });
  return { module, args: ['reckon-cli', ...guestArgs], preopens };
}

function lineReader(readLine: (line: string) => void): {
  add(bytes: Uint8Array): void;
  end(): void;
} {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    add(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(readLine);
    },
    end() {
      if (rest !== '') readLine(rest);
    },
  };
}
