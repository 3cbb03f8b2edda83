#!/bin/bash
# How compile time grows: every row doubles what a network has of something. Columns: seconds for check, summary and
# compiling without cached kernels. RVBC names the compiler.
#
#   bench/compile_time.sh [NAME...]      layers, separate, kernel, literals, unknown, blocks; default: all
set -euo pipefail
: "${RVBC:=$(cd "$(dirname "$0")/.." && pwd)/build/bin/rvbc}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

end='return x |> flatten |> linear(10) |> mean_over_time'
conv='conv2d(4, padding = 1)'

# layers N: a deep network of one unit.
layers() { echo "network N(x: [2, 8, 8] over 2) { repeat i in 0..$1 { x = x |> $conv |> batchnorm |> reverb } $end }"; }
# separate T: statistics of its own for every step.
separate() { echo "network N(x: [2, 8, 8] over $1) { x = x |> $conv |> batchnorm(time = separate) |> reverb $end }"; }
# kernel K: a convolution over K positions.
kernel() { echo "network N(x: [1, 1, 2000] repeated 1) { x = x |> conv2d(1, kernel = [1, $1]) |> reverb $end }"; }
# literals N: a leak of its own in every layer.
literals() { echo "network N(x: [2, 8, 8] over 2) { repeat i in 0..$1 { x = x |> $conv |> reverb(tau = 0.1 + i / 1000) } $end }"; }
# unknown N: mistakes, with many names to look for near ones in.
unknown() {
  for ((i = 0; i < 500; ++i)); do echo "param quite_a_name_$i = 1"; done
  echo "network N(x: [1, 8, 8] repeated 2) {"
  for ((i = 0; i < $1; ++i)); do echo "  x = x |> conv2d(quite_a_mane_$i)"; done
  echo "  $end }"
}
# blocks N: a wide residual fan, joined one after the other.
blocks() {
  echo "network N(x: [4, 8, 8] over 2) { y = x |> $conv"
  for ((i = 0; i < $1; ++i)); do echo "  y = y + (x |> $conv)"; done
  echo "  x = y |> reverb $end }"
}

seconds() {
  local begin=$EPOCHREALTIME
  "$@" >/dev/null 2>&1 || true
  awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%8.2f", b - a }'
}

declare -A sizes=([layers]="50 100 200" [separate]="32 64 128 256" [kernel]="101 201 401" [literals]="25 50 100"
  [unknown]="2000 4000 8000" [blocks]="25 50 100")
names=("$@")
[ ${#names[@]} -ne 0 ] || names=(layers separate kernel literals unknown blocks)
printf '%-10s %6s %8s %8s %8s\n' what size check summary compile
for name in "${names[@]}"; do
  for size in ${sizes[$name]}; do
    { echo 'import neurons'; "$name" "$size"; } >model.rvb
    printf '%-10s %6s %s %s %s\n' "$name" "$size" "$(seconds "$RVBC" check model.rvb)" "$(seconds "$RVBC" summary model.rvb)" \
      "$(RVB_CACHE_DIR=$work/cache.$name.$size seconds "$RVBC" model.rvb -q -o model)"
  done
done
