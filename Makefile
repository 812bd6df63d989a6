# Reckon. `make demo` and `make test` do all their set-up themselves; `make help` lists the rest.
#
# Everything built lies under build/, in one folder a variant:
#   native/     the trainer and the static library (optimised)
#   asan-gcc/   asan-clang/   unit and property tests under ASan + UBSan
#   wasi/       reckon-cli.wasm          wasm/   reckon.wasm, the browser and worker module

MAKEFLAGS += --no-builtin-rules
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BUILD := build
# V=1 shows every command.
Q := $(if $(V),,@)
LAYERS := base simd format model serve learn

# ---- compilers and flags -------------------------------------------------------------------------

CC_GCC := gcc
CC_CLANG := clang
CC_WASI := clang-22
# The trainer: clang makes 2-3 times faster code of the scalar kernels than gcc 12.
CC_NATIVE := clang-22
# Strictness is the same everywhere. The numeric contract needs -ffp-contract=off and no fast-math.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wcast-align -Wundef -Wstrict-prototypes -Werror
CFLAGS_ALL := -std=c11 $(WARNINGS) -ffp-contract=off -fno-math-errno -Isrc -MMD -MP
# Layers that serve queries never allocate: the libc allocators are poisoned in them.
CFLAGS_base := -include src/base/no_alloc.h
# simd includes intrinsics headers, which mention malloc; its symbols are checked like the others.
CFLAGS_format := $(CFLAGS_base)
CFLAGS_model := $(CFLAGS_base)
CFLAGS_serve := $(CFLAGS_base)

sources = $(sort $(wildcard src/$(1)/*.c))
# Files with a host suffix belong to that host only.
HOST_FILES := kernels_native kernels_avx2 kernels_wasm128 parallel_threads parallel_serial
common = $(filter-out $(foreach f,$(HOST_FILES),%/$(f).c),$(foreach l,$(LAYERS) tools,$(call sources,$(l))))
NATIVE_SOURCES = $(common) src/simd/kernels_native.c src/simd/kernels_avx2.c src/learn/parallel_threads.c
WASI_SOURCES = $(common) src/simd/kernels_wasm128.c src/learn/parallel_serial.c

# $(call variant,name,compiler,flags,sources,link flags): objects, library and command of one variant.
define variant
$(1)_OBJECTS := $$(patsubst src/%.c,$(BUILD)/$(1)/%.o,$(4))
$(BUILD)/$(1)/%.o: src/%.c Makefile | tools
	@mkdir -p $$(@D)
	@echo "  CC $$@"
	$$(Q)$(2) $$(CFLAGS_ALL) $(3) $$(CFLAGS_$$(firstword $$(subst /, ,$$*))) -c $$< -o $$@
$(BUILD)/$(1)/libreckon.a: $$(filter-out $(BUILD)/$(1)/tools/%,$$($(1)_OBJECTS))
	@rm -f $$@; ar rcs $$@ $$^
-include $$($(1)_OBJECTS:.o=.d)
endef

SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
$(eval $(call variant,native,$(CC_NATIVE),-O3 -g,$(NATIVE_SOURCES)))
$(eval $(call variant,asan-gcc,$(CC_GCC),$(SANITIZE),$(NATIVE_SOURCES)))
$(eval $(call variant,asan-clang,$(CC_CLANG),$(SANITIZE),$(NATIVE_SOURCES)))
# This wasi-libc calls its target by the older name, which clang-22 warns of.
CFLAGS_WASI := -Wno-deprecated
$(eval $(call variant,wasi,$(CC_WASI) --target=wasm32-wasi,-O3 -msimd128 $(CFLAGS_WASI),$(WASI_SOURCES)))

NATIVE_CLI := $(BUILD)/native/reckon-cli
WASI_CLI := $(BUILD)/wasi/reckon-cli.wasm
$(NATIVE_CLI): $(native_OBJECTS)
	@echo "  CC $@"
	$(Q)$(CC_NATIVE) -pthread $^ -o $@
$(WASI_CLI): $(wasi_OBJECTS)
	@echo "  CC $@"
	$(Q)$(CC_WASI) --target=wasm32-wasi $(CFLAGS_WASI) --no-wasm-opt -Wl,--strip-all,--max-memory=4294967296,-z,stack-size=1048576 $^ -o $@

# ---- set-up --------------------------------------------------------------------------------------

.PHONY: tools
tools:
	@bash wasm/toolchain.sh $(if $(filter test test-programs check check-% fuzz format,$(MAKECMDGOALS)),test)

$(BUILD)/npm.stamp: package-lock.json package.json js-bindings/engine/package.json js-bindings/cli/package.json edge-worker/package.json demo-site/package.json
	@echo "  NPM $@"
	$(Q)npm ci --ignore-scripts --no-audit --no-fund
	@mkdir -p $(@D); touch $@

include wasm/wasm.mk

# ---- npm package `reckon-cli` ----------------------------------------------------------------------

CLI := js-bindings/cli
CLI_DIST := $(CLI)/dist/.stamp
$(CLI_DIST): $(wildcard $(CLI)/src/*.ts) $(CLI)/tsconfig.json $(CLI)/package.json $(ENGINE_DIST) $(WASI_CLI)
	$(Q)rm -rf $(CLI)/dist
	@echo "  TSC $@"
	$(Q)npx --no-install tsc -p $(CLI)
	$(Q)cp $(WASI_CLI) $(CLI)/dist/reckon-cli.wasm
	@touch $@

include tests/tests.mk
include tests/bench/bench.mk

# ---- what people type ------------------------------------------------------------------------------

.PHONY: help build demo bench clean
build: $(NATIVE_CLI) $(WASI_CLI) $(ENGINE_DIST) $(CLI_DIST)
demo: build
	@node demo-site/data/demo.js
bench: build bench-programs
	@node tests/bench/run_all.js
clean:
	rm -rf $(BUILD) $(ENGINE)/dist $(CLI)/dist $(ENGINE_ABI)
help:
	@echo 'make demo    build everything, learn from the npm dependency graph, recommend'
	@echo 'make test    every check and test'
	@echo 'make build   the trainer, the module and the packages, for `npx reckon`'
	@echo 'make site    the static page with the demo snapshot, in build/site'
	@echo 'make check   format, layers, symbols, golden files, exports and size of the module'
	@echo 'make bench   measure everything the README claims'
	@echo 'make fuzz    fuzz the readers for 60 s each'
	@echo 'make clean   remove everything built'
