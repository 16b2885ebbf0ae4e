#!/usr/bin/env bash
# Runs one target of the coverage-guided fuzzer: run.sh compile|run|data [SECONDS [MORE OPTIONS OF LIBFUZZER...]]
#
# The corpus grows in build/fuzz/corpus/TARGET; it starts as the script tests (for `data`: as whatever libFuzzer finds).
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/../../.."

target=${1:?compile, run or data}
seconds=${2:-600}
shift $(($# < 2 ? $# : 2))
corpus=build/fuzz/corpus/$target
if [ ! -d "$corpus" ]; then
  mkdir -p "$corpus"
  if [ "$target" != data ]; then
    find tests/language tests/broken tests/async -name '*.apy' -size -6k | while read -r file; do
      name=${file%.apy}
      text=$(<"$file")
      [ "$target" = run ] || text=" $text"
      printf '%s\n' "$text" >"$corpus/${name//\//_}"
    done
  fi
fi
mkdir -p build/fuzz/findings
export ASAN_OPTIONS=detect_stack_use_after_return=0:allocator_may_return_null=1:detect_leaks=0:handle_segv=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
exec "build/fuzz/apy_fuzz_$target" -dict=tests/fuzz/coverage/python.dict -artifact_prefix=build/fuzz/findings/ \
  -max_total_time="$seconds" -timeout=25 -rss_limit_mb=3000 -max_len=6000 -print_final_stats=1 "$@" "$corpus"
