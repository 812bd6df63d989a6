// Browsers, their workers and whatever else has fetch: reckon.wasm lies beside this file.
import { apiFor } from './core.js';
import {
  type Host,
  checkResponse,
  compile,
  fetchFile,
  mimeType,
  notCompiled,
  responseBytes,
  subjectOf,
} from './load.js';

const host: Host = {
  async ownModule(signal) {
    const response = await fetchFile(new URL('./reckon.wasm', import.meta.url), signal);
    const subject = subjectOf(response);
    checkResponse(response, 'a WebAssembly module');
    // Streaming refuses any other MIME type; servers that do not know .wasm are common.
    if (mimeType(response) !== 'application/wasm') {
      return compile(await responseBytes(response, 'a WebAssembly module', signal), subject);
    }
    try {
      return await WebAssembly.compileStreaming(response);
    } catch (cause) {
      throw notCompiled(subject, cause);
    }
  },
  readLocal: () => undefined,
};

export const { createEngine, inspectFile } = apiFor(host);
export * from './public.js';
