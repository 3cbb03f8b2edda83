#!/bin/bash
# The paper's ablation, one row a variant: vanilla, reverb, learnable, ternary; mean and deviation over seeds.
#
#   bench/paper/ablation.sh fashion|nmnist|cifar10 --data DIR [--seeds 3] [--epochs N] [--variants LIST] [--json FILE]
#
# fashion: examples' network on Fashion-MNIST; nmnist: bench/paper/nmnist.rvb; cifar10: the slim ResNet20 (width 16), with
# crops and flips. Every run is kept below build/paper, and continued when the script is called again. A line of JSON for
# every run goes to FILE. RVB_THREADS says how many threads train; the results do not depend on it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

task=${1:-} seeds=3 epochs= data= json= recipe=() variants=vanilla,reverb,learnable,ternary
case $task in -h | --help | "") usage ;; esac
options "data seeds epochs variants json" "${@:2}"
case $task in
  fashion) model=("$root/bench/paper/fashion.rvb") data=${data:-$(fashion_folder)} ;;
  nmnist) model=("$root/bench/paper/nmnist.rvb") ;;
  cifar10)
    # The paper's rate, 0.1, and its initial weights are for 400 epochs. With smaller latent weights signs flip sooner.
    model=("$root/stdlib/networks/resnet20.rvb" -D width=16 -D T=2 -D gain=0.005)
    recipe=(--augment flip,crop=4 --lr 0.02)
    ;;
  *) die "unknown task $task: fashion, nmnist or cifar10" ;;
esac
[ -n "$data" ] || die "--data is missing"

work=$folder/paper/$task${epochs:+-$epochs}
mkdir -p "$work"
cd "$work"
for variant in ${variants//,/ }; do
  ! stale $variant || "$rvbc" "${model[@]}" -D variant=$variant -q -o $variant
  for ((seed = 1; seed <= seeds; seed++)); do
    run=$variant.$seed
    [ -e $run.json ] && continue
    say "$task, $variant, seed $seed"
    resume=()
    [ ! -e $run/last.safetensors ] || resume=(--resume)
    ./$variant train --data "$data" --seed $seed ${epochs:+--epochs $epochs} --run-dir $run "${recipe[@]}" "${resume[@]}" --quiet >&2
    ./$variant eval --data "$data" --weights $run/last.safetensors --json >$run.json.part
    mv $run.json.part $run.json
  done
done
/usr/bin/python3 - "$task" "$seeds" "$variants" ${json:+"$json"} <<'END'
import json, statistics, sys

task, seeds = sys.argv[1], int(sys.argv[2])
lines = []
print("| variant | accuracy, % | seeds |\n|---|---:|---|")
for variant in sys.argv[3].split(","):
    runs = []
    for seed in range(1, seeds + 1):
        with open(f"{variant}.{seed}.json") as file:
            result = json.load(file)
        runs.append(100 * result["accuracy"])
        lines.append({"task": task, "variant": variant, "seed": seed, "accuracy": result["accuracy"], "count": result["count"]})
    deviation = statistics.stdev(runs) if seeds > 1 else 0
    print(f"| {variant} | {statistics.mean(runs):.2f} ± {deviation:.2f} | {', '.join('%.2f' % r for r in runs)} |")
if len(sys.argv) > 4:
    with open(sys.argv[4], "w") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
END
