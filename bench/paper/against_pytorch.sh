#!/bin/bash
# The slim ResNet20 on CIFAR-10 next to PyTorch: the same network, initial weights, recipe and number of epochs.
#
#   bench/paper/against_pytorch.sh --data DIR [--seeds 3] [--epochs N]
#
# Ours are the `learnable` runs of `ablation.sh cifar10`; where they are missing they are trained first. PyTorch begins with
# the same weights. RVB_THREADS says how many threads each uses.
set -euo pipefail
. "$(dirname "$0")/common.sh"

seeds=3 epochs=5 data=
[ -n "${1:-}" ] || usage
options "data seeds epochs" "$@"
[ -n "$data" ] || die "--data is missing"
install_missing build bench

paper=$root/bench/paper
"$paper/ablation.sh" cifar10 --data "$data" --seeds "$seeds" --epochs "$epochs" --variants learnable >&2
cd "$folder/paper/cifar10-$epochs"
for ((seed = 1; seed <= seeds; seed++)); do
  [ -e torch.$seed.json ] && continue
  say "PyTorch, seed $seed"
  ./learnable init --seed $seed -o torch.$seed.safetensors
  /usr/bin/python3 "$paper/slim_resnet20.py" --data "$data" --weights torch.$seed.safetensors --seed $seed \
    --epochs "$epochs" ${RVB_THREADS:+--threads "$RVB_THREADS"} --json torch.$seed.json >&2
done
/usr/bin/python3 - "$seeds" <<'END'
import json, statistics, sys

def accuracies(name):
    return [100 * json.load(open(f"{name}.{seed}.json"))["accuracy"] for seed in range(1, int(sys.argv[1]) + 1)]

print("| | accuracy, % | seeds |\n|---|---:|---|")
for title, name in (("rvb", "learnable"), ("PyTorch", "torch")):
    runs = accuracies(name)
    deviation = statistics.stdev(runs) if len(runs) > 1 else 0
    print(f"| {title} | {statistics.mean(runs):.2f} ± {deviation:.2f} | {', '.join('%.2f' % r for r in runs)} |")
END
