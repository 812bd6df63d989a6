// What build, evaluate, transfer and tune share: options to a request, data to an event log, an event log to a run of
// the trainer.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseMapOptions } from './column_map.js';
import { type Config, DEFAULT_CONFIG, readConfig } from './config.js';
import { Duck } from './duck.js';
import { type EventLog, type RegionalLog } from './event_log.js';
import { writeEventsFile } from './events_file.js';
import { Refusal, UsageError, oneLine, quote } from './failures.js';
import { oneOf, seedText, wholeNumber } from './options.js';
import { Progress } from './progress.js';
import { readEvents } from './read_events.js';
import { rowCount, rowBytes } from './string_table.js';
import {
  type Trainer,
  type TrainerArgument,
  checkSettings,
  findTrainer,
  runTrainer,
  settingArguments,
} from './trainer.js';

const MOST_THREADS = 64;
export const MOST_REGION_BYTES = 31;

export interface LearningOptions {
  items?: string | undefined;
  config?: string | undefined;
  map?: string[] | undefined;
  region?: string | undefined;
  seed?: string | undefined;
  threads?: string | undefined;
  trainer?: string | undefined;
}

/** One run of a command that learns. */
export class Learning {
  readonly progress = new Progress();
  readonly trainer: Trainer;
  readonly #config: Config;
  readonly #options: LearningOptions;
  readonly #common: string[];
  readonly #workFolder: string;
  #files = 0;

  private constructor(
    trainer: Trainer,
    config: Config,
    options: LearningOptions,
    workFolder: string,
  ) {
    this.trainer = trainer;
    this.#config = config;
    this.#options = options;
    this.#workFolder = workFolder;
    const otherwise = Math.min(MOST_THREADS, availableParallelism());
    const threads = wholeNumber('--threads', options.threads, {
      low: 1,
      high: MOST_THREADS,
      otherwise,
    });
    this.#common = ['--seed', seedText(options.seed), '--threads', String(threads)];
    this.#common.push(...settingArguments(config.settings));
  }

  /** Checks everything that can be checked before data is read. */
  static async begin(options: LearningOptions, workFolder: string): Promise<Learning> {
    const kind = oneOf('--trainer', options.trainer, ['native', 'wasi']);
    parseMapOptions(options.map ?? []);
    const config = options.config === undefined ? DEFAULT_CONFIG : await readConfig(options.config);
    const learning = new Learning(findTrainer(kind), config, options, workFolder);
    await checkSettings(learning.trainer, config.settings);
    return learning;
  }

  note = (text: string): void => this.progress.note(oneLine(text));

  /**
   * Reads the data; `accept` may refuse it or take a part. What reading has to say is said when all
   * that succeeded: a refusal is one line, and it names file and column itself.
   */
  async read<T>(
    { events, test }: { events?: string | undefined; test?: string | undefined },
    accept: (log: EventLog | RegionalLog) => T,
  ): Promise<T> {
    const { items, map } = this.#options;
    const notes: string[] = [];
    this.progress.update('read', 0, 0, 'rows');
    const duck = await Duck.open(path.join(this.#workFolder, 'spill'));
    try {
      const log = await readEvents(duck, {
        ...(events !== undefined && { events }),
        ...(test !== undefined && { test }),
        ...(items !== undefined && { items }),
        map: parseMapOptions(map ?? []),
        config: this.#config,
        note: (text) => notes.push(text),
      });
      const accepted = accept(log);
      notes.forEach(this.note);
      this.progress.update('read', log.events, log.events, 'events');
      return accepted;
    } catch (cause) {
      this.progress.clear();
      throw cause;
    } finally {
      // Its memory is wanted for learning.
      duck.close();
    }
  }

  /** Runs the trainer on a log; `subject` is what a person calls the data. */
  run(
    command: 'train' | 'evaluate',
    log: EventLog,
    region: string,
    subject: string,
    args: readonly TrainerArgument[],
  ): Promise<string> {
    return this.#execute(log, region, subject, (file) => [command, { file }, ...args]);
  }

  /** Tunes a snapshot on a log. */
  tune(
    snapshot: string,
    log: EventLog,
    region: string,
    subject: string,
    args: readonly TrainerArgument[],
  ): Promise<string> {
    return this.#onSnapshot('tune', snapshot, log, region, subject, args);
  }

  /** Learns a region's snapshot from another's and a log. */
  transfer(
    from: string,
    log: EventLog,
    region: string,
    subject: string,
    args: readonly TrainerArgument[],
  ): Promise<string> {
    return this.#onSnapshot('transfer', from, log, region, subject, args);
  }

  #onSnapshot(
    command: 'tune' | 'transfer',
    snapshot: string,
    log: EventLog,
    region: string,
    subject: string,
    args: readonly TrainerArgument[],
  ): Promise<string> {
    return this.#execute(log, region, subject, (file) => [
      command,
      { file: snapshot },
      '--events',
      { file },
      ...args,
    ]);
  }

  async #execute(
    log: EventLog,
    region: string,
    subject: string,
    argumentsFor: (file: string) => readonly TrainerArgument[],
  ): Promise<string> {
    if (this.#files === 0) {
      const relative = path.relative('', this.trainer.path);
      const place = relative.startsWith('..') ? this.trainer.path : relative;
      this.note(`trainer: ${this.trainer.kind} (${place})`);
    }
    const file = path.join(this.#workFolder, `${this.#files++}.rkev`);
    await writeEventsFile(file, log, region);
    const stdout = await runTrainer(
      this.trainer,
      [...argumentsFor(file), ...this.#common],
      subject,
      {
        progress: (stage, done, total, unit) => this.progress.update(stage, done, total, unit),
        note: this.note,
      },
    );
    this.progress.finish();
    return stdout;
  }
}

/** A label the format can hold. */
export function checkRegion(region: string): void {
  const bytes = Buffer.byteLength(region);
  if (bytes >= 1 && bytes <= MOST_REGION_BYTES && !region.includes('\0')) return;
  throw new UsageError(`--region ${quote(region)} must have 1 to ${MOST_REGION_BYTES} bytes`);
}

/** One item leaves nothing to recommend once it is seen. */
export function refuseOneItem(log: EventLog, subject: string): void {
  if (rowCount(log.items) >= 2) return;
  const only = Buffer.from(rowBytes(log.items, 0)).toString();
  throw new Refusal(
    { file: subject },
    `only one item, ${quote(only)}: there is nothing to choose between`,
  );
}
