// What every loader exports beside createEngine and inspectFile.
export {
  DisposedError,
  LoadError,
  MemoryError,
  ReckonError,
  RequestError,
  SnapshotError,
  type ReckonCode,
} from './errors.js';
export type {
  Bytes,
  CreateEngine,
  Engine,
  EngineInfo,
  EngineOptions,
  FileInfo,
  InspectFile,
  InspectOptions,
  RecommendOptions,
  Recommendation,
  Recommendations,
  Session,
  SessionEvent,
  SessionOptions,
  SessionState,
  SourceEvidence,
  SourceName,
} from './types.js';
