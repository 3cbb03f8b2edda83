#!/bin/bash
# Every C and C++ source as clang-format 14 leaves it. `format.sh --fix` rewrites.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
find compiler runtime tests bench examples \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
  xargs -0 clang-format-14 --style=file "${mode[@]}"
