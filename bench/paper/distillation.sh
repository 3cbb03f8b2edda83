#!/bin/bash
# Does a teacher help? A slim ResNet20 under signs on CIFAR-10, with and without the opinion of one with real weights, seed by
# seed. Prints one row a run.
#
#   bench/paper/distillation.sh --data cifar-10-batches-bin [--seeds N] [--epochs N] [--limit N] [--width N] [--threads N]
#
# What was done with the same settings is not done again, and a training that was interrupted goes on where it was saved.
set -euo pipefail
. "$(dirname "$0")/common.sh"
data='' seeds=3 epochs=8 limit=0 width=16 threads=$(nproc)
options "data seeds epochs limit width threads" "$@"
[ -n "$data" ] || die "--data needs the folder with CIFAR-10's binary files"
work=$folder/paper/distillation
asked="$data $epochs $limit $width"
if [ "$(cat "$work/asked" 2>/dev/null)" != "$asked" ]; then
  enter_empty distillation
  echo "$asked" >asked
fi
cd "$work"
cp "$root"/bench/paper/distillation/*.rvb .
limited=()
[ "$limit" = 0 ] || limited=(--limit "$limit")

# build NAME FILE FLAGS...: unless it stands. A new compiler or network makes all runs of it anew.
build() {
  stale "$1" || return 0
  rm -rf "$1" "$1".[0-9]*
  "$rvbc" "$2" -q -D width="$width" "${@:3}" -o "$1"
}

run() { # NAME SEED
  if [ ! -f "$1.$2.json" ]; then
    local how=(--seed "$2" --epochs "$epochs" -t "$threads" ${limited[@]+"${limited[@]}"})
    ! compgen -G "$1.$2/optimizer-*" >/dev/null || how=(--resume -t "$threads")
    ./"$1" train --data "$data" "${how[@]}" --run-dir "$1.$2" -q >>"$1.$2.log"
    ./"$1" eval --data "$data" --weights "$1.$2/last.safetensors" -t "$threads" --json >row.json
    mv row.json "$1.$2.json"
  fi
  printf '| %s | %s | %s |\n' "$1" "$2" "$(python3 -c 'import json, sys; print("{:.2%}".format(json.load(sys.stdin)["accuracy"]))' <"$1.$2.json")"
}

echo '| network | seed | accuracy |'
echo '|---|---|---|'
build teacher teacher.rvb
run teacher 1
if ! cmp -s teacher.1/last.safetensors teacher.safetensors; then # whoever it taught is taught anew
  cp teacher.1/last.safetensors teacher.safetensors
  rm -f taught
fi
build taught student.rvb
build alone student.rvb -D distilled=false
for seed in $(seq "$seeds"); do
  run alone "$seed"
  run taught "$seed"
done
