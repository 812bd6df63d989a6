import { abi } from './abi.js';
import { SnapshotEngine } from './engine.js';
import { banditOptions } from './exploration.js';
import { type Host, abortable, compile, notCompiled, readBytes, subjectOf } from './load.js';
import { Runtime } from './native.js';
import type { NativeSection } from './native_types.js';
import type {
  CreateEngine,
  EngineOptions,
  FileInfo,
  InspectFile,
  InspectOptions,
} from './types.js';

const { CONSTANTS } = abi;
type WasmOption = EngineOptions['wasm'];

/** The API of one host. Engines of one module share its instance, and so its memory. */
export function apiFor(host: Host): { createEngine: CreateEngine; inspectFile: InspectFile } {
  const runtimes = new WeakMap<WebAssembly.Module, Runtime>();
  let ownModule: Promise<WebAssembly.Module> | undefined;

  function loadOwnModule(): Promise<WebAssembly.Module> {
    // Without the caller's signal: others may be waiting for the same module. A failure is not kept.
    ownModule ??= host.ownModule(undefined).catch((error: unknown) => {
      ownModule = undefined;
      throw error;
    });
    return ownModule;
  }

  async function loadModule(
    wasm: WasmOption,
    signal: AbortSignal | undefined,
  ): Promise<WebAssembly.Module> {
    if (wasm === undefined) return abortable(loadOwnModule(), signal);
    if (wasm instanceof WebAssembly.Module) return wasm;
    return compile(await readBytes(wasm, 'a WebAssembly module', host, signal), subjectOf(wasm));
  }

  // Runtimes are kept, never promises of them: in workerd a request must not wait for another's.
  async function runtimeOf(module: WebAssembly.Module): Promise<Runtime> {
    const usable = (): Runtime | undefined => {
      const existing = runtimes.get(module);
      return existing?.faulted === false ? existing : undefined;
    };
    const existing = usable();
    if (existing !== undefined) return existing;
    const created = await instantiate(module);
    const meanwhile = usable();
    if (meanwhile !== undefined) return meanwhile;
    runtimes.set(module, created);
    return created;
  }

  async function load(
    file: EngineOptions['snapshot'],
    { wasm, signal }: { wasm?: WasmOption; signal?: AbortSignal | undefined },
  ): Promise<[Runtime, Uint8Array]> {
    signal?.throwIfAborted();
    const [module, bytes] = await Promise.all([
      loadModule(wasm, signal),
      readBytes(file, 'a Reckon file', host, signal),
    ]);
    const runtime = await runtimeOf(module);
    signal?.throwIfAborted();
    return [runtime, bytes];
  }

  return {
    async createEngine(options: EngineOptions) {
      const explore = options.explore === undefined ? undefined : banditOptions(options.explore);
      const [runtime, bytes] = await load(options.snapshot, options);
      return new SnapshotEngine(runtime.openEngine(bytes, subjectOf(options.snapshot)), explore);
    },
    async inspectFile(options: InspectOptions) {
      const [runtime, bytes] = await load(options.file, options);
      return fileInfo(runtime, bytes, subjectOf(options.file));
    },
  };
}

async function instantiate(module: WebAssembly.Module): Promise<Runtime> {
  let instance: WebAssembly.Instance;
  try {
    instance = await WebAssembly.instantiate(module, {});
  } catch (cause) {
    throw notCompiled('reckon.wasm', cause);
  }
  return new Runtime(instance);
}

const KINDS = new Map<number, FileInfo['kind']>([
  [CONSTANTS.RK_KIND_EVENTS, 'events'],
  [CONSTANTS.RK_KIND_SNAPSHOT, 'snapshot'],
  [CONSTANTS.RK_KIND_DELTA, 'delta'],
]);
const PARTS = new Map<number, FileInfo['sections'][number]['part']>([
  [CONSTANTS.RK_PART_CORE, 'core'],
  [CONSTANTS.RK_PART_VECTORS, 'vectors'],
  [CONSTANTS.RK_PART_TEXT, 'text'],
]);

function fileInfo(runtime: Runtime, bytes: Uint8Array, subject: string): FileInfo {
  const { kind, contentId, fileBytes, sections, ...rest } = runtime.inspect(bytes, subject);
  return {
    ...rest,
    kind: KINDS.get(kind) ?? 'unknown',
    id: contentId,
    bytes: fileBytes,
    sections: sections.map(sectionInfo),
  };
}

function sectionInfo({ flags, ...section }: NativeSection): FileInfo['sections'][number] {
  const part = (flags & CONSTANTS.RK_SECTION_PART_MASK) >> CONSTANTS.RK_SECTION_PART_SHIFT;
  return {
    ...section,
    part: PARTS.get(part) ?? 'unknown',
    required: (flags & CONSTANTS.RK_SECTION_REQUIRED) !== 0,
  };
}
