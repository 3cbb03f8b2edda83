#!/bin/bash
# Does a teacher help? A slim ResNet20 under signs on CIFAR-10, with and without the opinion of one with real weights, seed by
# seed. Prints one row a run.
#
#   bench/paper/distillation.sh --data cifar-10-batches-bin [--seeds N] [--epochs N] [--limit N] [--width N] [--threads N]
set -euo pipefail
. "$(dirname "$0")/common.sh"
data='' seeds=3 epochs=8 limit=0 width=16 threads=$(nproc)
options "data seeds epochs limit width threads" "$@"
[ -n "$data" ] || die "--data needs the folder with CIFAR-10's binary files"
enter_empty distillation
cp "$root"/bench/paper/distillation/*.rvb .
run() { # NAME SEED
  ./"$1" train --data "$data" --seed "$2" --epochs "$epochs" -t "$threads" --run-dir "$1.$2" -q ${limited[@]+"${limited[@]}"} >"$1.$2.log"
  ./"$1" eval --data "$data" --weights "$1.$2/last.safetensors" -t "$threads" --json >"$1.$2.json"
  printf '| %s | %s | %s |\n' "$1" "$2" "$(python3 -c 'import json, sys; print("{:.2%}".format(json.load(sys.stdin)["accuracy"]))' <"$1.$2.json")"
}
limited=()
[ "$limit" = 0 ] || limited=(--limit "$limit")
echo '| network | seed | accuracy |'
echo '|---|---|---|'
"$rvbc" teacher.rvb -q -D width="$width" -o teacher
run teacher 1
cp teacher.1/last.safetensors teacher.safetensors
"$rvbc" student.rvb -q -D width="$width" -o taught
"$rvbc" student.rvb -q -D width="$width" -D distilled=false -o alone
for seed in $(seq "$seeds"); do
  run alone "$seed"
  run taught "$seed"
done
