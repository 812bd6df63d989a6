# The browser and worker module, what JavaScript knows of C, and the npm package `reckon`.
#
#   src/{base,simd,format,model,serve}, rk_wasm.c  ->  build/wasm/reckon.wasm
#   headers, abi_dump.c                            ->  js-bindings/engine/src/abi.ts
#   both, js-bindings/engine/src                   ->  js-bindings/engine/dist
#   dist, demo-site                                ->  build/site (the static page)

EMCC := emcc
LAYERS_WASM := base simd format model serve
WASM_SOURCES := $(filter-out %/kernels_native.c %/kernels_avx2.c,$(foreach l,$(LAYERS_WASM),$(call sources,$(l))))
WASM_OBJECTS := $(WASM_SOURCES:src/%.c=$(BUILD)/wasm/%.o) $(BUILD)/wasm/rk_wasm.o
WASM_MODULE := $(BUILD)/wasm/reckon.wasm

# NDEBUG: a failing assert would print, and printing is an import.
WASM_CFLAGS := -std=c11 $(WARNINGS) -ffp-contract=off -fno-math-errno -Isrc -MMD -MP \
	-O3 -msimd128 -DNDEBUG -include src/base/no_alloc.h
# The stack below the data, so that overflowing it traps; memory grows from JavaScript only.
WASM_LDFLAGS := -O3 -msimd128 --no-entry -sSTANDALONE_WASM -sSUPPORT_ERRNO=0 -sTOTAL_STACK=131072 \
	-sINITIAL_MEMORY=262144 -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -Wl,--stack-first

# Small where it costs next to nothing: what runs when a file is opened, rules are compiled, items are
# added, statistics arrive or somebody new is asked, and what a query runs once and not an item. Loops are
# unrolled only where that was measured to pay.
WASM_COLD := format/% base/status.o model/bandit_policy.o model/bandit_state.o model/beta_draw.o \
	model/content_features.o model/extended_content.o model/new_items.o model/new_vectors.o \
	model/vector_encode.o serve/add_items.o serve/bandit.o serve/bandit_batch.o serve/engine.o \
	serve/funnel.o serve/onboarding.o serve/request_check.o serve/rules_apply.o serve/rules_caps.o \
	serve/rules_read.o serve/source_explore.o serve/source_trending.o serve/stage_new.o \
	serve/source_session.o serve/source_user.o serve/stage_rules.o serve/stage_second.o
WASM_HOT := simd/% base/checksum.o model/ann.o model/vectors.o serve/vector_search.o
$(BUILD)/wasm/%.o: WASM_UNROLL := -fno-unroll-loops
$(addprefix $(BUILD)/wasm/,$(WASM_HOT)): WASM_UNROLL :=
$(addprefix $(BUILD)/wasm/,$(WASM_COLD)): WASM_UNROLL := -fno-unroll-loops -Oz

$(BUILD)/wasm/%.o: src/%.c wasm/wasm.mk | tools
	@mkdir -p $(@D)
	@echo "  EMCC $@"
	$(Q)$(EMCC) $(WASM_CFLAGS) $(WASM_UNROLL) -c $< -o $@
$(BUILD)/wasm/rk_wasm.o: wasm/rk_wasm.c wasm/wasm.mk | tools
	@mkdir -p $(@D)
	@echo "  EMCC $@"
	$(Q)$(EMCC) $(WASM_CFLAGS) -c $< -o $@
$(WASM_MODULE): $(WASM_OBJECTS)
	@echo "  EMCC $@"
	$(Q)$(EMCC) $(WASM_LDFLAGS) $^ -o $@
-include $(WASM_OBJECTS:.o=.d)

$(BUILD)/wasm/checked.stamp: $(WASM_MODULE) wasm/check_module.js wasm/exports.txt wasm/size_budget.txt
	@echo "  NODE $@"
	$(Q)node wasm/check_module.js $(WASM_MODULE) wasm/exports.txt wasm/size_budget.txt
	@touch $@

.PHONY: wasm check-wasm
wasm: $(WASM_MODULE)
check-wasm: $(BUILD)/wasm/checked.stamp

# ---- what JavaScript knows of C ------------------------------------------------------------------

ENGINE_ABI := js-bindings/engine/src/abi.ts

$(BUILD)/wasm/abi_dump.wasm: wasm/abi_dump.c wasm/wasm.mk | tools
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(CC_WASI) --target=wasm32-wasi -Wno-deprecated --no-wasm-opt -std=c11 $(WARNINGS) -O1 -Isrc -MMD -MP $< -o $@
$(ENGINE_ABI): $(BUILD)/wasm/abi_dump.wasm wasm/run_wasi.js
	@echo "  NODE $@"
	$(Q)node --no-warnings wasm/run_wasi.js $< $@
-include $(BUILD)/wasm/abi_dump.d

# ---- npm package `reckon` ------------------------------------------------------------------------

ENGINE := js-bindings/engine
ENGINE_DIST := $(ENGINE)/dist/.stamp

$(ENGINE_DIST): $(wildcard $(ENGINE)/src/*.ts) $(ENGINE_ABI) $(ENGINE)/tsconfig.json $(ENGINE)/package.json \
		$(WASM_MODULE) $(BUILD)/npm.stamp
	$(Q)rm -rf $(ENGINE)/dist
	@echo "  TSC $@"
	$(Q)npx --no-install tsc -p $(ENGINE)
	$(Q)cp $(WASM_MODULE) $(ENGINE)/dist/reckon.wasm
	@touch $@

.PHONY: engine
engine: $(ENGINE_DIST)

# ---- the static page, and types of what is not compiled ------------------------------------------

# build/site is complete but for the snapshot: `site` copies the demo's, if it was built; any other can be
# named in ?snapshot=.
SITE := $(BUILD)/site/.stamp
$(SITE): $(wildcard demo-site/*.html demo-site/*.js demo-site/*.css) $(ENGINE_DIST)
	@mkdir -p $(@D)/reckon
	$(Q)cp demo-site/*.html demo-site/*.js demo-site/*.css $(@D)
	$(Q)cp $(ENGINE)/dist/*.js $(ENGINE)/dist/reckon.wasm $(@D)/reckon
	@touch $@

$(BUILD)/wasm/types.stamp: $(wildcard edge-worker/src/*.ts) edge-worker/tsconfig.json $(ENGINE_DIST)
	@echo "  TSC $@"
	$(Q)npx --no-install tsc -p edge-worker
	@touch $@

.PHONY: site check-types
site: $(SITE)
	@if [ -f $(BUILD)/demo/npm.rk ]; then cp -u $(BUILD)/demo/npm.rk $(BUILD)/site/npm.rk; fi
check-types: $(BUILD)/wasm/types.stamp
