#!/bin/bash
# Every kernel of compiler/kernels/kernels.def has a case in bench/kernels/cases.cpp: the benchmark refuses to start
# otherwise, and it is not built with the tests.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
missing=0 rows=0
while read -r row; do
  rows=$((rows + 1))
  if ! grep -qE "\"$row\"" "$root/bench/kernels/cases.cpp"; then
    echo "bench/kernels/cases.cpp: no case measures \`$row\`"
    missing=$((missing + 1))
  fi
done < <(sed -n 's/^RVB_KERNEL(\(.*\))$/\1/p' "$root/compiler/kernels/kernels.def")
if [ "$rows" -eq 0 ]; then
  echo "compiler/kernels/kernels.def: no row was found"
  exit 1
fi
exit $((missing > 0))
