#!/bin/bash
# The paper's energy and memory table for the runs of `ablation.sh cifar10`: the slim ResNet20 in every
# variant, seed 1, on the CIFAR-10 test set.
#
#   bench/paper/energy.sh --data DIR [--epochs N] [--limit 1000]
#
# Per sample, over all time steps: FLOPs of real-valued layers, synaptic operations (firing rate x dense, as the paper counts;
# and exact, without padding), energy under the paper's constants and those of 45 nm, bytes of deployed weights. What is
# missing is trained first. The caveats of the numbers are printed by `eval --energy` itself.
set -euo pipefail
. "$(dirname "$0")/common.sh"

epochs= data= limit=1000 variants=vanilla,reverb,learnable,ternary
[ -n "${1:-}" ] || usage
options "data epochs limit" "$@"
[ -n "$data" ] || die "--data is missing"
"$root/bench/paper/ablation.sh" cifar10 --data "$data" --seeds 1 ${epochs:+--epochs "$epochs"} --variants "$variants" >&2
cd "$folder/paper/cifar10${epochs:+-$epochs}"
for variant in ${variants//,/ }; do
  "./$variant" eval --data "$data" --limit "$limit" --weights "$variant.1/last.safetensors" --energy --json >"$variant.energy.json"
  "$rvbc" summary "$root/stdlib/networks/resnet20.rvb" -D width=16 -D T=2 -D "variant=$variant" --json >"$variant.summary.json"
done
exec /usr/bin/python3 - "$variants" <<'END'
import json, sys

print("| variant | FLOPs | SOPs, rate × dense | SOPs, exact | firing rate | energy, paper's model | 45 nm, fp32 | weights |")
print("|---|---:|---:|---:|---:|---:|---:|---:|")
print("| the paper's ResNet20 | 3.54M | 75.10M | | | 50.03 µJ | | 1.41 MB |")
for variant in sys.argv[1].split(","):
    energy = json.load(open(f"{variant}.energy.json"))["energy"]
    total = energy["total"]
    models = {m["name"]: m["energy_uj"] for m in energy["models"]}
    bytes = json.load(open(f"{variant}.summary.json"))["total"]["deployed_bytes"]
    print(f"| {variant}, width 16 | {total['flops'] / 1e6:.2f}M | {total['rate_operations'] / 1e6:.2f}M | "
          f"{total['operations'] / 1e6:.2f}M | {100 * total['spikes'] / total['neuron_updates']:.1f} % | "
          f"{models['paper']:.2f} µJ | {models['45nm-f32']:.2f} µJ | {bytes / 1e6:.3f} MB |")  # fmt: skip
END
