#!/bin/sh
# Builds apy (release) with all of its set-up and runs one script:  samples/run.sh FILE [ARG...]
set -eu
if [ $# -eq 0 ]; then
  echo "usage: samples/run.sh FILE [ARG...]" >&2
  exit 2
fi
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

build() (
  cd "$root"
  tests/setup.sh
  [ -f build/release/build.ninja ] || cmake --preset release
  cmake --build --preset release --target apy
)

if [ -x "$root/build/release/apy" ]; then
  log=$(mktemp)
  if ! build >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
else
  # The first build takes minutes: show it, away from the script's own output.
  build >&2
fi
exec "$root/build/release/apy" "$@"
