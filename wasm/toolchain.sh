#!/usr/bin/env bash
# Finds the toolchain; installs what is missing where apt and root (or password-less sudo) are there,
# else prints the exact line to run. Fast when nothing is missing.
#
#   toolchain.sh [test]      test: also what only checks, tests and fuzzing need
set -euo pipefail

packages=()
need() { # need COMMAND PACKAGE...
    local command=$1
    shift
    command -v "$command" >/dev/null 2>&1 || packages+=("$@")
}
have_file() { # have_file GLOB PACKAGE...
    local pattern=$1
    shift
    compgen -G "$pattern" >/dev/null || packages+=("$@")
}

need clang-22 clang-22
need wasm-ld-22 lld-22
need emcc emscripten
have_file '/usr/lib/llvm-22/lib/clang/22/lib/wasi/*builtins*' libclang-rt-22-dev-wasm32
have_file '/usr/include/wasm32-wasi/stdio.h' wasi-libc
if [ "${1:-}" = test ]; then
    need gcc gcc libc6-dev
    need clang clang
    need clang-format clang-format
    need chromium chromium
    have_file '/usr/include/cmocka.h' libcmocka-dev
    have_file '/usr/lib/llvm-14/lib/clang/14*/lib/linux/libclang_rt.asan*' libclang-rt-14-dev
    have_file '/usr/lib/llvm-22/lib/clang/22/lib/*/libclang_rt.fuzzer*' libclang-rt-22-dev
fi

((${#packages[@]})) || exit 0
install="apt-get install -y --no-install-recommends ${packages[*]}"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing tools. Install the equivalents of these Debian packages: ${packages[*]}" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    run=()
elif sudo -n true 2>/dev/null; then
    run=(sudo -n)
else
    printf 'Missing tools. Run this once, then make again:\n    sudo apt-get update && sudo %s\n' "$install" >&2
    exit 1
fi
echo "Installing: ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
"${run[@]}" apt-get update -qq
"${run[@]}" $install >/dev/null
