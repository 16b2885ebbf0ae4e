#!/bin/sh
# Fails if a source file is not as clang-format would write it.  check_format.sh [--fix]
set -eu
cd "$(dirname -- "$0")/../.."

folders=""
for folder in lexer parser vm runtime stdlib include cli bench samples tests/unit tests/fuzz; do
  [ -d "$folder" ] && folders="$folders $folder"
done

mode="--dry-run --Werror"
[ "${1:-}" = "--fix" ] && mode="-i"
# Generated lexer sources and .def tables keep their own columns.
# shellcheck disable=SC2086
if find $folders \( -name '*.cpp' -o -name '*.h' \) -print0 |
  xargs -0 -r clang-format $mode --ferror-limit=1; then
  echo "format: in order"
else
  echo "format: run tests/tools/check_format.sh --fix"
  exit 1
fi
