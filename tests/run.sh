#!/usr/bin/env bash
# Sets up, builds and runs every test of apy in every mode; the last line is "N passed, N failed".
#
#   tests/run.sh                  everything
#   tests/run.sh --mode MODE      one of: check normal switch shuffle stress asan install tidy
#   tests/run.sh --mode MODE PATH...   only the script tests below the given paths
#
#   check    structure, format, the tools' own tests
#   normal   release build: unit tests, scripts, broken programs, random programs against CPython 3.13 if it is there
#   switch   the same scripts with switch dispatch          shuffle  with a random scheduler
#   stress   collections and checks of the heap at random and at new places; failing allocations
#   asan     ASan and UBSan
#   tidy     clang-tidy over every file (half an hour the first time; not among the modes that run by default)
#   install  cmake --install, then host programs (samples/embed) built against the package
set -uo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."

default_modes="check normal switch shuffle stress asan install"
all_modes="$default_modes tidy"
modes=""
paths=()
while [ $# -gt 0 ]; do
  case "$1" in
    --mode) modes="$modes ${2:?--mode needs a name}"; shift 2 ;;
    --help|-h) sed -n '2,13p' tests/run.sh; exit 0 ;;
    -*) echo "unknown option $1" >&2; exit 2 ;;
    *) paths+=("$(realpath -- "$1")"); shift ;;
  esac
done
for mode in $modes; do
  case " $all_modes " in
    *" $mode "*) ;;
    *) echo "unknown mode $mode; one of: $all_modes" >&2; exit 2 ;;
  esac
done
modes="${modes:-$default_modes}"

passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

stage() {
  printf '=== %s (%d s)\n' "$*" "$SECONDS"
}

# One yes-or-no check: its output is shown only if it fails.
check() {
  local name=$1
  shift
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $name"
    tail -n 100 "$log"
  fi
}

# Counts the "MODE: N passed, N failed" line that a runner prints last; without it the run failed.
count() {
  local name=$1 status=$2 line
  line=$(tail -n 1 "$log")
  if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    [ "$status" -eq 0 ] || [ "${BASH_REMATCH[2]}" -ne 0 ] || failed=$((failed + 1))
  else
    echo "FAIL $name: ended with status $status and no summary"
    failed=$((failed + 1))
  fi
}

# build PRESET TARGET...: a failed build is one failed test, and nothing of it is run.
build() {
  local preset=$1
  shift
  stage "build $preset"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --target "$@"; } \
      >"$log" 2>&1; then
    grep -E 'error|FAILED|undefined reference' "$log" | head -n 40 || true
    tail -n 5 "$log"
    echo "FAIL build $preset"
    failed=$((failed + 1))
    return 1
  fi
}

unit() {
  local preset=$1 line
  [ ${#paths[@]} -eq 0 ] || return 0
  stage "unit tests, $preset"
  timeout 900 "build/$preset/apy_unit" --no-version=true >"$log" 2>&1
  local status=$?
  line=$(grep -a 'test cases:' "$log" | tail -n 1)
  if [[ $line =~ \|\ *([0-9]+)\ passed\ \|\ *([0-9]+)\ failed ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    if [ "$status" -ne 0 ]; then
      grep -a -v 'test cases:' "$log" | tail -n 100
      [ "${BASH_REMATCH[2]}" -ne 0 ] || failed=$((failed + 1))
    fi
  else
    tail -n 60 "$log"
    echo "FAIL unit tests of $preset: ended with status $status and no summary"
    failed=$((failed + 1))
  fi
}

scripts() {
  local binary=$1 mode=$2
  stage "scripts, ${*:2}"
  tests/tools/run_scripts.py --apy "$binary" --mode "$mode" "${@:3}" ${paths[@]+"${paths[@]}"} 2>&1 |
    tee "$log"
  count "scripts $mode" "${PIPESTATUS[0]}"
}

command_line() {
  stage "command line, $1"
  tests/tools/check_command_line.py --apy "$1" 2>&1 | tee "$log"
  count "command line $1" "${PIPESTATUS[0]}"
}

# Some random programs, always the same ones, against CPython 3.13 where it is installed.
random_programs() {
  [ ${#paths[@]} -eq 0 ] || return 0
  local oracle
  for oracle in python3.13 "$HOME"/.pyenv/versions/3.13*/bin/python3.13; do
    if "$oracle" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
      stage "random programs against CPython"
      "$oracle" tests/fuzz/differential.py --apy "$1" --seeds 1:20 2>&1 | tee "$log"
      count "random programs" "${PIPESTATUS[0]}"
      return
    fi
  done
}

mode_check() {
  stage "checks"
  check structure tests/tools/check_structure.py
  check format tests/tools/check_format.sh
  for test in tests/tools/*_test.py; do
    check "$test" python3 "$test"
  done
}

mode_tidy() {
  if build release all; then
    stage "clang-tidy"
    check clang-tidy tests/tools/check_tidy.py build/release
  fi
}

mode_normal() {
  build release apy apy_unit || return
  unit release
  [ ${#paths[@]} -ne 0 ] || command_line build/release/apy
  scripts build/release/apy normal
  random_programs build/release/apy
}

mode_switch() {
  build release apy_switch || return
  scripts build/release/apy_switch switch
}

mode_shuffle() {
  build release apy || return
  scripts build/release/apy shuffle
}

mode_stress() {
  build stress apy apy_unit || return
  unit stress
  scripts build/stress/apy stress
  # The same with collections that go on between allocations, and with allocations that fail.
  scripts build/stress/apy stress --gc-step 7
  [ ${#paths[@]} -eq 0 ] || return 0
  stage "failing allocations"
  tests/tools/fail_allocations.py --apy build/stress/apy --count 120 --growth 1.08 \
    samples/class_hierarchy.apy samples/event_loop.apy tests/stdlib/gc/long_containers.apy 2>&1 | tee "$log"
  count "failing allocations" "${PIPESTATUS[0]}"
}

mode_asan() {
  build asan apy apy_unit || return
  # Frames moved to a fake stack would be invisible to the conservative stack scan.
  export ASAN_OPTIONS=detect_stack_use_after_return=0:abort_on_error=1:allocator_may_return_null=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  unit asan
  scripts build/asan/apy asan
}

# A host program knows only the installed package; samples/embed/NAME.cpp prints what NAME.out says.
host_program() {
  local name=$1
  timeout 60 "build/embed/$name" 2>&1 | diff -u "samples/embed/$name.out" -
}

mode_install() {
  [ ${#paths[@]} -eq 0 ] || return 0
  build release all || return
  stage "installed package"
  rm -rf build/install build/embed
  check install cmake --install build/release --prefix build/install
  check installed-binary build/install/bin/apy -c 'print(1)'
  if [ -f samples/embed/CMakeLists.txt ]; then
    check configure-hosts cmake -S samples/embed -B build/embed -G Ninja \
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$PWD/build/install"
    check build-hosts cmake --build build/embed
    for expected in samples/embed/*.out; do
      check "$expected" host_program "$(basename "$expected" .out)"
    done
  fi
}

stage "set-up"
if ! tests/setup.sh; then
  echo "0 passed, 1 failed"
  exit 1
fi
for mode in $modes; do
  "mode_$mode"
done
stage "done"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
