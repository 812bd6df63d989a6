// Cloudflare Workers and workerd: compiling bytes is forbidden there, modules are imported.
import { apiFor } from './core.js';
import wasm from './reckon.wasm';

export const { createEngine, inspectFile } = apiFor({
  ownModule: () => Promise.resolve(wasm),
  readLocal: () => undefined,
});
export * from './public.js';
