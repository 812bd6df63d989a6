import { abi } from './abi.js';
import { type Failure, LoadError, ReckonError, errorFromFailure } from './errors.js';
import { Memory, NULL, type Pointer } from './memory.js';
import { NativeBandit, type NativeBanditOptions } from './native_bandit.js';
import { type NativeNewItem, writeNewItems } from './native_items.js';
import { type Exports, isExports } from './native_exports.js';
import { NativeRules } from './native_rules.js';
import type {
  NativeEvent,
  NativeRequest,
  NativeAnswers,
  NativeQuestion,
  NativeRecommendation,
  NativeEvidence,
  NativeFunnel,
  NativeTask,
  NativeDescription,
  NativeSection,
  NativeFile,
} from './native_types.js';

const { LAYOUTS, CONSTANTS, STATUS } = abi;
const SLOTS = CONSTANTS.RK_SOURCE_SLOTS;
/** An id has at most 65,535 bytes (FORMAT.md), so a longer one is nobody's. */
const TEXT_BYTES = 65535;
const FIRST_EXCLUDED = 1024;

/** No item, no event. */
export const NONE = CONSTANTS.RK_NONE;

const NO_ANSWERS: NativeAnswers = { skipped: [], unknown: [] };

/** One place in memory for each argument and result of a call. Calls are synchronous: one set is enough. */
interface Scratch {
  readonly error: Pointer;
  readonly words: Pointer;
  readonly request: Pointer;
  readonly session: Pointer;
  readonly results: Pointer;
  readonly description: Pointer;
  readonly funnel: Pointer;
  readonly answers: Pointer;
  readonly text: Pointer;
  readonly value: Pointer;
  readonly features: Pointer;
}

const at = (pointer: Pointer, offset: number): Pointer => (pointer + offset) as Pointer;
/** Addresses above 2 GiB come back negative. */
const unsigned = (address: number): Pointer => (address >>> 0) as Pointer;

/** One module instance with its memory; any number of engines live in it. */
export class Runtime {
  readonly memory: Memory;
  readonly exports: Exports;
  readonly scratch: Scratch;
  #exclude: Pointer;
  #excludeCapacity = FIRST_EXCLUDED;
  #faulted = false;

  constructor(instance: WebAssembly.Instance) {
    if (!isExports(instance.exports)) {
      throw new LoadError(
        'BAD_WASM',
        'this WebAssembly module is not the reckon.wasm of this version of the package',
      );
    }
    this.exports = instance.exports;
    this.memory = new Memory(this.exports.memory, unsigned(this.exports.rk_wasm_heap_base()));
    const take = (bytes: number): Pointer => this.memory.allocate(bytes, 'requests');
    this.scratch = {
      error: take(LAYOUTS.rk_error.size),
      words: take(64),
      request: take(LAYOUTS.rk_request.size),
      session: take(LAYOUTS.rk_event.size * CONSTANTS.RK_MAX_SESSION),
      results: take(LAYOUTS.rk_recommendation.size * CONSTANTS.RK_MAX_COUNT),
      description: take(LAYOUTS.rk_description.size),
      funnel: take(LAYOUTS.rk_funnel.size),
      answers: take(LAYOUTS.rk_answers.size),
      text: take(TEXT_BYTES),
      value: take(TEXT_BYTES),
      features: take(CONSTANTS.RK_MAX_USER_FEATURES * 4),
    };
    this.#exclude = take(FIRST_EXCLUDED * 4);
  }

  /** After a trap the instance's stack and scratch are in an unknown state: it must not be used again. */
  get faulted(): boolean {
    return this.#faulted;
  }

  /** Calls into the module; a trap becomes a ReckonError. */
  call<T>(body: (exports: Exports) => T): T {
    if (this.#faulted) throw new ReckonError('ENGINE_FAULT', 'the module trapped earlier');
    try {
      return body(this.exports);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) {
        throw error;
      }
      this.#faulted = true;
      throw new ReckonError('ENGINE_FAULT', `the module trapped: ${error.message}`, {
        cause: error,
      });
    }
  }

  /** Copies a file into a region of its own. */
  #place(bytes: Uint8Array, subject: string): Pointer {
    const pointer = this.memory.allocate(bytes.length, subject);
    this.memory.write(pointer, bytes);
    return pointer;
  }

  openEngine(bytes: Uint8Array, subject: string): NativeEngine {
    const { error, words } = this.scratch;
    const regions: Pointer[] = [];
    try {
      const snapshot = this.#place(bytes, subject);
      regions.push(snapshot);
      this.check(
        this.call((wasm) => wasm.rk_wasm_engine_measure(snapshot, bytes.length, words, error)),
        subject,
      );
      const engineBytes = this.#readU64(words);
      const memory = this.memory.allocate(engineBytes, subject);
      regions.push(memory);
      this.check(
        this.call((wasm) =>
          wasm.rk_wasm_engine_open(snapshot, bytes.length, memory, engineBytes, words, error),
        ),
        subject,
      );
      const engine = unsigned(this.memory.view().getUint32(words, true));
      return new NativeEngine(this, engine, snapshot, regions);
    } catch (failure) {
      for (const region of regions) this.memory.release(region);
      throw failure;
    }
  }

  /** Another engine over the snapshot of `engine`, with these items behind its own: one region. */
  addItems(engine: Pointer, snapshot: Pointer, items: readonly NativeNewItem[]): NativeEngine {
    const { error, words } = this.scratch;
    const regions = [writeNewItems(this, items)];
    const [written = NULL] = regions;
    try {
      this.check(
        this.call((wasm) => wasm.rk_wasm_items_measure(engine, written, words, error)),
        'new items',
      );
      const bytes = this.#readU64(words);
      const memory = this.memory.allocate(bytes, 'new items');
      regions.push(memory);
      this.check(
        this.call((wasm) => wasm.rk_wasm_items_add(engine, written, memory, bytes, words, error)),
        'new items',
      );
      const added = unsigned(this.memory.view().getUint32(words, true));
      regions.pop();
      return new NativeEngine(this, added, snapshot, [memory]);
    } finally {
      for (const region of regions) this.memory.release(region);
    }
  }

  /** Header and section table of any Reckon file, every checksum checked. */
  inspect(bytes: Uint8Array, subject: string): NativeFile {
    const { error, words } = this.scratch;
    const file = this.#place(bytes, subject);
    try {
      this.check(
        this.call((wasm) => wasm.rk_wasm_container_open(file, bytes.length, 0, words, error)),
        subject,
      );
      this.check(
        this.call((wasm) => wasm.rk_wasm_container_verify(words, error)),
        subject,
      );
      const { fields } = LAYOUTS.rk_file_header;
      const view = this.memory.view();
      return {
        kind: view.getUint32(at(file, fields.kind.offset), true),
        readVersion: view.getUint16(at(file, fields.read_version.offset), true),
        writeVersion: view.getUint16(at(file, fields.write_version.offset), true),
        fileBytes: this.#readU64(at(file, fields.file_bytes.offset)),
        contentId: this.memory.hex(at(file, fields.content_id.offset), fields.content_id.size),
        region: this.memory.paddedText(at(file, fields.region.offset), fields.region.size),
        createdAt: this.#readI64(at(file, fields.created_at_ms.offset)),
        sections: this.sections(file),
      };
    } finally {
      this.memory.release(file);
    }
  }

  /** Opens compiled rules over an engine of `items` items. */
  openRules(engine: Pointer, items: number, program: Uint32Array): NativeRules {
    const { error, words } = this.scratch;
    const regions: Pointer[] = [];
    try {
      const count = program.length;
      const source = this.memory.allocate(count * 4, 'rules');
      regions.push(source);
      this.memory.words(source, count).set(program);
      this.check(
        this.call((wasm) => wasm.rk_wasm_rules_measure(engine, source, count, words, error)),
        'rules',
      );
      const bytes = this.#readU64(words);
      const region = this.memory.allocate(bytes, 'rules');
      regions.push(region);
      this.check(
        this.call((wasm) =>
          wasm.rk_wasm_rules_open(engine, source, count, region, bytes, words, error),
        ),
        'rules',
      );
      regions.pop();
      return new NativeRules(
        this,
        unsigned(this.memory.view().getUint32(words, true)),
        region,
        items,
      );
    } finally {
      for (const region of regions) this.memory.release(region);
    }
  }

  sections(file: Pointer): NativeSection[] {
    const header = LAYOUTS.rk_file_header;
    const { size, fields } = LAYOUTS.rk_section_entry;
    const view = this.memory.view();
    const count = view.getUint32(at(file, header.fields.section_count.offset), true);
    return Array.from({ length: count }, (_, i) => {
      const entry = at(file, header.size + i * size);
      return {
        type: this.memory.paddedText(at(entry, fields.type.offset), fields.type.size),
        version: view.getUint16(at(entry, fields.version.offset), true),
        flags: view.getUint16(at(entry, fields.flags.offset), true),
        elementBytes: view.getUint32(at(entry, fields.elem_bytes.offset), true),
        offset: this.#readU64(at(entry, fields.offset.offset)),
        bytes: this.#readU64(at(entry, fields.bytes.offset)),
        count: this.#readU64(at(entry, fields.count.offset)),
        sha256: this.memory.hex(at(entry, fields.sha256.offset), fields.sha256.size),
      };
    });
  }

  check(status: number, subject: string): void {
    if (status !== STATUS.OK) throw errorFromFailure(this.#readError(), subject);
  }

  #readError(): Failure {
    const { error } = this.scratch;
    const { fields } = LAYOUTS.rk_error;
    return {
      status: this.memory.view().getUint32(at(error, fields.status.offset), true),
      section: this.memory.paddedText(at(error, fields.section.offset), fields.section.size),
      offset: this.#readU64(at(error, fields.offset.offset)),
      detail: this.memory.paddedText(at(error, fields.detail.offset), fields.detail.size),
    };
  }

  #readU64(pointer: Pointer): number {
    return Number(this.memory.view().getBigUint64(pointer, true));
  }

  #readI64(pointer: Pointer): number {
    return Number(this.memory.view().getBigInt64(pointer, true));
  }

  describe(engine: Pointer): NativeDescription {
    const { description } = this.scratch;
    this.call((wasm) => wasm.rk_wasm_engine_describe(engine, description));
    const { fields } = LAYOUTS.rk_description;
    const view = this.memory.view();
    const u32 = (field: { offset: number }): number =>
      view.getUint32(at(description, field.offset), true);
    return {
      contentId: this.memory.hex(at(description, fields.content_id.offset), fields.content_id.size),
      region: this.memory.paddedText(at(description, fields.region.offset), fields.region.size),
      fileBytes: this.#readU64(at(description, fields.file_bytes.offset)),
      createdAt: this.#readI64(at(description, fields.created_at_ms.offset)),
      statsThrough: this.#readI64(at(description, fields.stats_through_ms.offset)),
      events: this.#readU64(at(description, fields.events.offset)),
      sessions: this.#readU64(at(description, fields.sessions.offset)),
      seed: view.getBigUint64(at(description, fields.seed.offset), true),
      items: u32(fields.items),
      types: u32(fields.types),
      dim: u32(fields.dim),
      timeKind: u32(fields.time_kind),
      partBytes: Array.from({ length: fields.part_bytes.count }, (_, i) =>
        this.#readU64(at(description, fields.part_bytes.offset + 8 * i)),
      ),
      places: u32(fields.places),
      userFeatures: u32(fields.user_features),
      tasks: u32(fields.tasks),
      attributes: u32(fields.attributes),
    };
  }

  funnel(engine: Pointer): NativeFunnel {
    const { funnel } = this.scratch;
    this.call((wasm) => wasm.rk_wasm_engine_funnel(engine, funnel));
    const { fields } = LAYOUTS.rk_funnel;
    const view = this.memory.view();
    const u32 = ({ offset }: { offset: number }): number =>
      view.getUint32(at(funnel, offset), true);
    return {
      stages: u32(fields.stages),
      brought: [...this.memory.words(at(funnel, fields.brought.offset), SLOTS)],
      retrieved: u32(fields.retrieved),
      first: u32(fields.first),
      second: u32(fields.second),
      removed: u32(fields.removed),
      answered: u32(fields.answered),
    };
  }

  /** Lays a request out, and after its items what else a call needs; the address of its rk_request. */
  writeRequest(request: NativeRequest, answers: NativeAnswers = NO_ANSWERS): Pointer {
    const { exclude: excluded, seen } = request;
    const exclude = this.#writeItems([
      ...excluded,
      ...seen,
      ...answers.skipped,
      ...answers.unknown,
    ]);
    this.#writeAnswers(answers, at(exclude, 4 * (excluded.length + seen.length)));
    this.#writeSession(request.session);
    const pointer = this.scratch.request;
    const { fields } = LAYOUTS.rk_request;
    const view = this.memory.view();
    const set = (field: { offset: number }, value: number): void =>
      view.setUint32(at(pointer, field.offset), value, true);
    set(fields.session, this.scratch.session);
    set(fields.exclude, exclude);
    set(fields.seen, exclude + 4 * excluded.length);
    set(fields.seen_count, seen.length);
    set(fields.session_count, request.session.length);
    set(fields.exclude_count, request.exclude.length);
    set(fields.count, request.count);
    set(
      fields.flags,
      (request.keepSeen ? CONSTANTS.RK_REQUEST_KEEP_SEEN : 0) |
        (request.weights ? CONSTANTS.RK_REQUEST_TASK_WEIGHTS : 0) |
        (request.sourceWeights ? CONSTANTS.RK_REQUEST_SOURCE_WEIGHTS : 0) |
        (request.quotas ? CONSTANTS.RK_REQUEST_SOURCE_QUOTAS : 0) |
        (request.location ? CONSTANTS.RK_REQUEST_LOCATION : 0),
    );
    view.setFloat32(at(pointer, fields.latitude.offset), request.location?.latitude ?? 0, true);
    view.setFloat32(at(pointer, fields.longitude.offset), request.location?.longitude ?? 0, true);
    const { features } = request;
    if (features.length > CONSTANTS.RK_MAX_USER_FEATURES) throw new Error('too many features');
    this.memory.words(this.scratch.features, features.length).set(features);
    set(fields.features, this.scratch.features);
    set(fields.feature_count, features.length);
    const [high, low] = request.seed;
    set(fields.seed, low);
    set({ offset: fields.seed.offset + 4 }, high);
    const unset = new Array<number>(SLOTS).fill(0);
    this.memory
      .floats(at(pointer, fields.source_weights.offset), SLOTS)
      .set(request.sourceWeights ?? unset);
    this.memory.words(at(pointer, fields.source_quotas.offset), SLOTS).set(request.quotas ?? unset);
    const tasks = fields.task_weights.count;
    const taskWeights = Array.from({ length: tasks }, (_, task) => request.weights?.[task] ?? 0);
    this.memory.floats(at(pointer, fields.task_weights.offset), tasks).set(taskWeights);
    set(fields.stages, request.stages);
    this.writeTime(at(pointer, fields.time_ms.offset), request.at);
    this.writeTime(at(pointer, fields.rules_time_ms.offset), request.rulesAt);
    set(fields.rules, request.rules?.pointer ?? NULL);
    set(fields.bandit, request.bandit?.pointer ?? NULL);
    return pointer;
  }

  /** Of items that lie at `items`, the skipped ones first. */
  #writeAnswers({ skipped, unknown }: NativeAnswers, items: Pointer): void {
    const { fields } = LAYOUTS.rk_answers;
    const view = this.memory.view();
    const set = (field: { offset: number }, value: number): void =>
      view.setUint32(at(this.scratch.answers, field.offset), value, true);
    set(fields.skipped, items);
    set(fields.unknown, items + 4 * skipped.length);
    set(fields.skipped_count, skipped.length);
    set(fields.unknown_count, unknown.length);
  }

  #writeSession(session: readonly NativeEvent[]): void {
    if (session.length > CONSTANTS.RK_MAX_SESSION) throw new Error('the session was not cut');
    const { size, fields } = LAYOUTS.rk_event;
    const view = this.memory.view();
    session.forEach((event, i) => {
      const pointer = at(this.scratch.session, i * size);
      this.writeTime(at(pointer, fields.time_ms.offset), event.at);
      view.setUint32(at(pointer, fields.item.offset), event.item, true);
      view.setUint32(at(pointer, fields.type.offset), event.type, true);
    });
  }

  /** Two halves rather than a BigInt: nothing is allocated. */
  writeTime(pointer: Pointer, time: number): void {
    const view = this.memory.view();
    const high = Math.floor(time / 2 ** 32);
    view.setUint32(pointer, time - high * 2 ** 32, true);
    view.setInt32(at(pointer, 4), high, true);
  }

  /** Items that are not to be returned, those of one kind after the other's. */
  #writeItems(exclude: readonly number[]): Pointer {
    if (exclude.length > this.#excludeCapacity) {
      const capacity = Math.max(exclude.length, 2 * this.#excludeCapacity);
      const wider = this.memory.allocate(capacity * 4, 'excluded items');
      this.memory.release(this.#exclude);
      this.#exclude = wider;
      this.#excludeCapacity = capacity;
    }
    this.memory.words(this.#exclude, exclude.length).set(exclude);
    return this.#exclude;
  }

  // The hot path of JavaScript: plain loops, and nothing is made that the caller does not get.
  readRecommendations(tasks: number): NativeRecommendation[] {
    const { words, results } = this.scratch;
    const { size, fields } = LAYOUTS.rk_recommendation;
    const view = this.memory.view();
    const found = view.getUint32(words, true);
    const rows: NativeRecommendation[] = [];
    for (let i = 0; i < found; i++) {
      const row = results + i * size;
      const sources = view.getUint32(row + fields.sources.offset, true);
      const evidence: NativeEvidence[] = [];
      for (let source = 0; source < CONSTANTS.RK_SOURCE_COUNT; source++) {
        if ((sources & (1 << source)) === 0) continue;
        const rank = view.getUint16(row + fields.rank.offset + 2 * source, true);
        const score = view.getFloat32(row + fields.source_score.offset + 4 * source, true);
        evidence.push({ source, rank, score });
      }
      const stages = view.getUint16(row + fields.stages.offset, true);
      const probabilities: number[] = [];
      for (let task = 0; task < tasks && stages === CONSTANTS.RK_STAGES_SECOND; task++) {
        probabilities.push(view.getFloat32(row + fields.probability.offset + 4 * task, true));
      }
      rows.push({
        item: view.getUint32(row + fields.item.offset, true),
        score: view.getFloat32(row + fields.score.offset, true),
        because: view.getUint32(row + fields.because.offset, true),
        also: view.getUint32(row + fields.also.offset, true),
        blend: view.getFloat32(row + fields.blend.offset, true),
        first: view.getFloat32(row + fields.first.offset, true),
        ranked: view.getUint32(row + fields.ranked.offset, true),
        rules: view.getUint32(row + fields.rules.offset, true),
        gaveWay: view.getUint32(row + fields.gave_way.offset, true),
        propensity: view.getFloat32(row + fields.propensity.offset, true),
        stages,
        estimated: (view.getUint16(row + fields.flags.offset, true) & CONSTANTS.RK_ESTIMATED) !== 0,
        probabilities,
        evidence,
      });
    }
    return rows;
  }

  readQuestions(): NativeQuestion[] {
    const { words, results } = this.scratch;
    const { size, fields } = LAYOUTS.rk_question;
    const view = this.memory.view();
    return Array.from({ length: view.getUint32(words, true) }, (_, i) => {
      const row = results + i * size;
      return {
        item: view.getUint32(row + fields.item.offset, true),
        pick: view.getFloat32(row + fields.pick.offset, true),
        known: view.getFloat32(row + fields.known.offset, true),
        gain: view.getFloat32(row + fields.gain.offset, true),
        because: view.getUint32(row + fields.because.offset, true),
      };
    });
  }

  sourceName(source: number): string {
    return this.cText(this.call((wasm) => wasm.rk_wasm_source_name(source)));
  }

  /** A zero-terminated string of the module's own: names and reasons, all short. */
  cText(address: number): string {
    return this.memory.paddedText(unsigned(address), 256);
  }
}

/** One open snapshot: its file and the engine's scratch, two regions of the runtime's memory. */
export class NativeEngine {
  readonly #runtime: Runtime;
  readonly #engine: Pointer;
  readonly #snapshot: Pointer;
  readonly #regions: readonly Pointer[];
  readonly #tasks: number;

  constructor(runtime: Runtime, engine: Pointer, snapshot: Pointer, regions: readonly Pointer[]) {
    this.#runtime = runtime;
    this.#engine = engine;
    this.#snapshot = snapshot;
    this.#regions = regions;
    this.#tasks = this.describe().tasks;
  }

  /** With items that the snapshot does not have: an engine to be closed before this one. */
  addItems(items: readonly NativeNewItem[]): NativeEngine {
    return this.#runtime.addItems(this.#engine, this.#snapshot, items);
  }

  /** Rules over this engine: to be closed before it. */
  openRules(program: Uint32Array): NativeRules {
    return this.#runtime.openRules(this.#engine, this.describe().items, program);
  }

  /** Statistics of explore slots over this engine: to be closed before it. */
  openBandit(options: NativeBanditOptions): NativeBandit {
    return new NativeBandit(this.#runtime, this.#engine, options);
  }

  /** Gives the memory back. The owner calls it once and nothing after it. */
  close(): void {
    for (const region of this.#regions) this.#runtime.memory.release(region);
  }

  get memoryBytes(): number {
    return this.#runtime.memory.totalBytes;
  }

  describe(): NativeDescription {
    return this.#runtime.describe(this.#engine);
  }

  findItem(id: string): number {
    return this.#find(id, (text, bytes) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_item_find(this.#engine, text, bytes)),
    );
  }

  findEvent(name: string): number {
    return this.#find(name, (text, bytes) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_event_find(this.#engine, text, bytes)),
    );
  }

  #find(text: string, find: (text: Pointer, bytes: number) => number): number {
    const { memory, scratch } = this.#runtime;
    const bytes = memory.writeText(scratch.text, TEXT_BYTES, text);
    return bytes < 0 ? NONE : find(scratch.text, bytes) >>> 0;
  }

  itemId(item: number): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_item_id(this.#engine, item, out)),
    );
  }

  /** '' if it has none. */
  itemTitle(item: number): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_item_title(this.#engine, item, out)),
    );
  }

  eventName(type: number): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_event_name(this.#engine, type, out)),
    );
  }

  featureName(feature: number): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_feature_name(this.#engine, feature, out)),
    );
  }

  /** What a request holds for one value of one feature; NONE if there is no such feature or the value is too long. */
  userFeature(name: string, value: string): number {
    const { memory, scratch } = this.#runtime;
    const valueBytes = memory.writeText(scratch.value, TEXT_BYTES, value);
    if (valueBytes < 0) return NONE;
    return this.#find(name, (text, bytes) =>
      this.#runtime.call((wasm) =>
        wasm.rk_wasm_user_feature(this.#engine, text, bytes, scratch.value, valueBytes),
      ),
    );
  }

  attributeName(attribute: number): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_attribute_name(this.#engine, attribute, out)),
    );
  }

  /** The number of a value of a category or of tags; NONE if no item has it. */
  findValue(attribute: number, value: string): number {
    return this.#find(value, (text, bytes) =>
      this.#runtime.call((wasm) =>
        wasm.rk_wasm_attribute_value_find(this.#engine, attribute, text, bytes),
      ),
    );
  }

  attributeKind(attribute: number): number {
    return this.#runtime.call((wasm) => wasm.rk_wasm_attribute_kind(this.#engine, attribute));
  }

  /** Values of a category (one at most) or of tags. */
  itemValues(item: number, attribute: number): string[] {
    const { memory, scratch } = this.#runtime;
    const count = this.#runtime.call((wasm) =>
      wasm.rk_wasm_item_values(this.#engine, item, attribute, scratch.words),
    );
    const begin = unsigned(memory.view().getUint32(scratch.words, true));
    return Array.from({ length: count }, (_, i) => {
      const value = memory.view().getUint32(at(begin, 4 * i), true);
      return this.#text((out) =>
        this.#runtime.call((wasm) => wasm.rk_wasm_attribute_value(this.#engine, value, out)),
      );
    });
  }

  itemNumber(item: number, attribute: number): number | undefined {
    const { memory, scratch } = this.#runtime;
    const found = this.#runtime.call((wasm) =>
      wasm.rk_wasm_item_number(this.#engine, item, attribute, scratch.words),
    );
    return found === 0 ? undefined : memory.view().getFloat32(scratch.words, true);
  }

  report(): string {
    return this.#text((out) =>
      this.#runtime.call((wasm) => wasm.rk_wasm_report(this.#engine, out)),
    );
  }

  #text(read: (out: Pointer) => number): string {
    const { memory, scratch } = this.#runtime;
    const size = read(scratch.words) >>> 0;
    if (size === 0) return '';
    return memory.text(unsigned(memory.view().getUint32(scratch.words, true)), size);
  }

  sourceName(source: number): string {
    return this.#runtime.sourceName(source);
  }

  /** Quota and weight of each source, as the snapshot says. */
  sourceConfigs(): { quota: number; weight: number }[] {
    const { size, fields } = LAYOUTS.rk_source_config;
    const begin = this.#section('source');
    const view = this.#runtime.memory.view();
    return Array.from({ length: begin === NULL ? 0 : SLOTS }, (_, s) => ({
      quota: view.getUint32(at(begin, s * size + fields.quota.offset), true),
      weight: view.getFloat32(at(begin, s * size + fields.weight.offset), true),
    }));
  }

  /** What the second stage predicts, in the order of probabilities. */
  tasks(): NativeTask[] {
    const { size, fields } = LAYOUTS.rk_task;
    const begin = this.#section('task');
    const view = this.#runtime.memory.view();
    return Array.from({ length: begin === NULL ? 0 : this.#tasks }, (_, task) => ({
      type: view.getUint32(at(begin, task * size + fields.type.offset), true),
      weight: view.getFloat32(at(begin, task * size + fields.weight.offset), true),
      baseRate: view.getFloat32(at(begin, task * size + fields.base_rate.offset), true),
    }));
  }

  /** What the last query did. */
  funnel(): NativeFunnel {
    return this.#runtime.funnel(this.#engine);
  }

  eventWeights(types: number): number[] {
    const begin = this.#section('type.wgt');
    return begin === NULL ? [] : Array.from(this.#runtime.memory.floats(begin, types));
  }

  #section(type: string): Pointer {
    const section = this.#runtime.sections(this.#snapshot).find((row) => row.type === type);
    return section === undefined ? NULL : at(this.#snapshot, section.offset);
  }

  /** For each source why it cannot answer this request; '' if it can. */
  unavailable(request: NativeRequest): string[] {
    const pointer = this.#runtime.writeRequest(request);
    return Array.from({ length: CONSTANTS.RK_SOURCE_COUNT }, (_, s) => {
      const reason = this.#runtime.call((wasm) =>
        wasm.rk_wasm_source_unavailable(this.#engine, pointer, s),
      );
      return reason === NULL ? '' : this.#runtime.cText(reason);
    });
  }

  recommend(request: NativeRequest): NativeRecommendation[] {
    const { words, results, error } = this.#runtime.scratch;
    const pointer = this.#runtime.writeRequest(request);
    const status = this.#runtime.call((wasm) =>
      wasm.rk_wasm_recommend(this.#engine, pointer, results, words, error),
    );
    this.#runtime.check(status, 'recommend');
    return this.#runtime.readRecommendations(this.#tasks);
  }

  /** What to ask next, of a request whose session holds the picks. */
  onboarding(request: NativeRequest, answers: NativeAnswers): NativeQuestion[] {
    const { words, results, error, answers: written } = this.#runtime.scratch;
    const pointer = this.#runtime.writeRequest(request, answers);
    const status = this.#runtime.call((wasm) =>
      wasm.rk_wasm_onboarding(this.#engine, pointer, written, results, words, error),
    );
    this.#runtime.check(status, 'onboarding');
    return this.#runtime.readQuestions();
  }

  similar(item: number, count: number): NativeRecommendation[] {
    const { words, results, error } = this.#runtime.scratch;
    const status = this.#runtime.call((wasm) =>
      wasm.rk_wasm_similar(this.#engine, item, count, results, words, error),
    );
    this.#runtime.check(status, 'similar');
    return this.#runtime.readRecommendations(0);
  }
}
