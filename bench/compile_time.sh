#!/bin/bash
# How compile time grows: every row doubles what a network has of something. Columns: seconds of the
# processor for check, summary and compiling without cached kernels, children included. RVBC names the compiler.
#
#   bench/compile_time.sh [NAME...]      layers, separate, kernel, literals, unknown, fan, params, imports, deep; default: all
set -euo pipefail
: "${RVBC:=$(cd "$(dirname "$0")/.." && pwd)/build/bin/rvbc}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

end='return x |> flatten |> linear(10) |> mean_over_time'
conv='conv2d(4, padding = 1)'

# layers N: a deep network of one unit.
layers() { echo "network N(x: [2, 8, 8] over 2) { repeat i in 0..$1 { x = x |> $conv |> batchnorm |> reverb } $end }"; }
# separate T: every step with its own statistics.
separate() { echo "network N(x: [2, 8, 8] over $1) { x = x |> $conv |> batchnorm(time = separate) |> reverb $end }"; }
# kernel K: a convolution over K positions.
kernel() { echo "network N(x: [1, 1, 2000] repeated 1) { x = x |> conv2d(1, kernel = [1, $1]) |> reverb $end }"; }
# literals N: another leak in every layer.
literals() { echo "network N(x: [2, 8, 8] over 2) { repeat i in 0..$1 { x = x |> $conv |> reverb(tau = 0.1 + i / 1000) } $end }"; }
# unknown N: mistakes, with many names to look for near ones in.
unknown() {
  for ((i = 0; i < 500; ++i)); do echo "param quite_a_name_$i = 1"; done
  echo "network N(x: [1, 8, 8] repeated 2) {"
  for ((i = 0; i < $1; ++i)); do echo "  x = x |> conv2d(quite_a_mane_$i)"; done
  echo "  $end }"
}
# fan N: a wide residual fan, joined one after the other.
fan() {
  echo "network N(x: [4, 8, 8] over 2) { y = x |> $conv"
  for ((i = 0; i < $1; ++i)); do echo "  y = y + (x |> $conv)"; done
  echo "  x = y |> reverb $end }"
}

# params N: each of them reads the one before.
params() {
  echo "param p_0 = 4"
  for ((i = 1; i < $1; ++i)); do echo "param p_$i = p_$((i - 1)) + 0"; done
  echo "network N(x: [2, 8, 8] over 2) { x = x |> conv2d(p_$(($1 - 1)), padding = 1) |> batchnorm |> reverb $end }"
}
# imports N: files with a block each, all of them used.
imports() {
  for ((i = 0; i < $1; ++i)); do
    printf 'import neurons\nblock B_%s(x) { return x |> %s |> reverb }\n' "$i" "$conv" >"file_$i.rvb"
    echo "import \"file_$i.rvb\""
  done
  echo "network N(x: [4, 8, 8] over 2) {"
  for ((i = 0; i < $1; ++i)); do echo "  x = x |> B_$i"; done
  echo "  $end }"
}
# deep N: blocks within blocks.
deep() {
  echo "block B_0(x) { return x |> $conv |> reverb }"
  for ((i = 1; i < $1; ++i)); do echo "block B_$i(x) { return x |> B_$((i - 1)) |> $conv |> reverb }"; done
  echo "network N(x: [4, 8, 8] over 2) { x = x |> B_$(($1 - 1)) $end }"
}

# Of the processor, so that a busy machine shows the same.
seconds() {
  local TIMEFORMAT='%U %S'
  { time { "$@" >/dev/null 2>&1 || true; }; } 2>&1 | awk '{ printf "%8.2f", $1 + $2 }'
}

declare -A sizes=([layers]="50 100 200" [separate]="32 64 128 256" [kernel]="101 201 401" [literals]="25 50 100"
  [unknown]="2000 4000 8000" [fan]="25 50 100" [params]="1000 2000 4000" [imports]="15 30 60" [deep]="12 24 48")
names=("$@")
[ ${#names[@]} -ne 0 ] || names=(layers separate kernel literals unknown fan params imports deep)
printf '%-10s %6s %8s %8s %8s\n' what size check summary compile
for name in "${names[@]}"; do
  for size in ${sizes[$name]}; do
    { echo 'import neurons'; "$name" "$size"; } >model.rvb
    [ "$name" = unknown ] || "$RVBC" check model.rvb
    printf '%-10s %6s %s %s %s\n' "$name" "$size" "$(seconds "$RVBC" check model.rvb)" "$(seconds "$RVBC" summary model.rvb)" \
      "$(RVB_CACHE_DIR=$work/cache.$name.$size seconds "$RVBC" model.rvb -q -o model)"
  done
done
