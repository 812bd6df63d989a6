// The time of rk_recommend in WebAssembly: import this before an engine is created. The engine is given
// an instance whose one export that computes the answer has a stopwatch on it.
let cMicroseconds = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const { exports } = await instantiate(module, imports);
  const rk_wasm_recommend = (...args) => {
    const begin = performance.now();
    const status = exports.rk_wasm_recommend(...args);
    cMicroseconds = 1000 * (performance.now() - begin);
    return status;
  };
  return { exports: { ...exports, rk_wasm_recommend } };
};

/** Of the last `session.recommend`: microseconds in all, those of them in C, and the answer. */
export function timeRecommend(engine, events, options) {
  const session = engine.session();
  for (const event of events) session.record({ ...event, at: 0 });
  const begin = performance.now();
  const { items, funnel } = session.recommend(options);
  const whole = 1000 * (performance.now() - begin);
  return { whole, c: cMicroseconds, items, funnel };
}
