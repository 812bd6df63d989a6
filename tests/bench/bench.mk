# The C benches, native and WASI, from the Makefile's own flags and libraries.

# POSIX for its monotonic clock.
BENCH_CFLAGS := $(CFLAGS_ALL) -D_POSIX_C_SOURCE=200809L -Itests/bench -O3
BENCH_NAMES := bench_bandit bench_first_stage bench_index bench_kernels bench_transfer

$(BUILD)/native/bench/%: tests/bench/%.c $(BUILD)/native/libreckon.a tests/bench/bench.mk
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(CC_NATIVE) $(BENCH_CFLAGS) $< $(BUILD)/native/libreckon.a -lm -pthread -o $@
$(BUILD)/wasi/bench/%.wasm: tests/bench/%.c $(BUILD)/wasi/libreckon.a tests/bench/bench.mk
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(CC_WASI) --target=wasm32-wasi $(CFLAGS_WASI) $(BENCH_CFLAGS) -msimd128 --no-wasm-opt \
		-Wl,--max-memory=4294967296,-z,stack-size=1048576 $< $(BUILD)/wasi/libreckon.a -o $@
-include $(BENCH_NAMES:%=$(BUILD)/native/bench/%.d) $(BENCH_NAMES:%=$(BUILD)/wasi/bench/%.d)

.PHONY: bench-programs
bench-programs: $(BENCH_NAMES:%=$(BUILD)/native/bench/%) $(BENCH_NAMES:%=$(BUILD)/wasi/bench/%.wasm)
