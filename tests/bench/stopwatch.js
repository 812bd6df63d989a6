// The time of rk_recommend and rk_rules_apply in WebAssembly: import this before an engine is created. The engine
// is given an instance whose exports that compute an answer have a stopwatch on them.
let cMicroseconds = 0;
let cpuMicroseconds = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (module, imports) => {
  const { exports } = await instantiate(module, imports);
  const timed =
    (compute) =>
    (...args) => {
      const before = process.cpuUsage();
      const begin = performance.now();
      const result = compute(...args);
      cMicroseconds = 1000 * (performance.now() - begin);
      const { user, system } = process.cpuUsage(before);
      cpuMicroseconds = user + system;
      return result;
    };
  const rk_wasm_recommend = timed(exports.rk_wasm_recommend);
  const rk_wasm_rules_apply = timed(exports.rk_wasm_rules_apply);
  return { exports: { ...exports, rk_wasm_recommend, rk_wasm_rules_apply } };
};

/**
 * Of the last `session.recommend`: microseconds in all, those of them in C, of the latter those that this process
 * had a core (the difference is what other processes took), and the answer.
 */
export function timeRecommend(engine, events, options) {
  const session = engine.session();
  for (const event of events) session.record({ ...event, at: 0 });
  const begin = performance.now();
  const { items, funnel } = session.recommend(options);
  const whole = 1000 * (performance.now() - begin);
  return { whole, c: cMicroseconds, cpu: cpuMicroseconds, items, funnel };
}

/** Of rules over a list of items, best first: microseconds of them in C, and the list. */
export function timeRules(rules, items, options) {
  const list = rules.apply(items, options);
  return { c: cMicroseconds, items: list.items };
}
