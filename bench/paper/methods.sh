#!/bin/bash
# The methods that the paper compares itself with, narrow, trained for a few minutes each: on Fashion-MNIST, or on
# generated sequences where the method is for sequences.
#
#   bench/paper/methods.sh [--methods LIST] [--variants vanilla,learnable] [--epochs 4] [--limit N] [--data DIR] [--json FILE]
#
# `vanilla` is as published, real weights; `learnable` has signs and real spikes. A row for each: accuracy on the test part,
# minutes of training, bytes of deployed weights, the share of multiplications among the synaptic operations of the deployed
# program, and decisions in which it differs from the trained one. --limit trains on the first N samples. A line of JSON
# for every row goes to FILE.
set -euo pipefail
. "$(dirname "$0")/common.sh"

methods=spikformer,qkformer,egru,radlif,recurrent_lif,binaryconnect,agmm,qblif,tab variants=vanilla,learnable
epochs=4 limit= data= json=/dev/null
options "methods variants epochs limit data json" "$@"
enter_empty methods
: >"$json"

# What is set for the short training. The published recipes are for hundreds of epochs, some with a warm-up of twenty.
flags() { # METHOD: flags of rvbc, then of train
  local image="-D channels=1 -D size=28"
  case $1 in
    spikformer) settings="$image -D T=2 -D width=64 -D depth=1 -D heads=4" training="--lr 2e-3 --warmup 0 --augment flip" ;;
    qkformer) settings="$image -D T=2 -D width=64 -D heads=4" training="--lr 2e-3 --warmup 0 --augment flip" ;;
    egru) settings="-D T=60 -D units=96" training="--schedule cosine" ;;
    radlif) settings="-D T=60 -D inputs=100 -D width=96" training="" ;;
    recurrent_lif) settings="-D T=60 -D inputs=100 -D width=96" training="--lr 5e-3" ;;
    binaryconnect) settings="-D mnist=true -D width=256" training="--lr 3e-3" ;;
    agmm | qblif) settings="$image -D width=16 -D gain=0.05" training="--lr 0.05" ;;
    tab) settings="$image -D width=16 -D hidden=128 -D gain=0.05" training="--lr 0.05" ;;
    *) die "no method $1" ;;
  esac
}

# Twenty classes of spikes of 100 channels in 60 steps, as spoken digits have them: each class lets two bands of
# channels sound that rise or fall, shifted in time and thinned at random; ten classes of waves of one number a step.
/usr/bin/python3 - <<'END'
import numpy as np

random = np.random.RandomState(1)
time, channel = np.arange(60)[:, None], np.arange(100)
bands = [(random.randint(5, 95, 2), random.uniform(-1.2, 1.2, 2)) for _ in range(20)]
for part, count in (("train", 6000), ("test", 2000)):
    labels = random.randint(0, 20, count)
    x = np.zeros((60, count, 100), "f4")
    for i, label in enumerate(labels):
        shift = random.randint(-8, 9)
        rate = 0.01 + sum(
            0.5 * np.exp(-(((channel - begin - slope * (time - 30 - shift)) / 3.0) ** 2)) for begin, slope in zip(*bands[label])
        )
        x[:, i] = random.rand(60, 100) < rate
    np.save(f"spikes.{part}.npy", x)
    np.save(f"spikes.{part}.labels.npy", labels)
    labels = random.randint(0, 10, count)
    phase, pace = random.uniform(0, 2 * np.pi, count), 0.12 + 0.06 * labels
    x = np.sin(phase + pace * time) + 0.3 * random.randn(60, count)
    np.save(f"waves.{part}.npy", x[..., None].astype("f4"))
    np.save(f"waves.{part}.labels.npy", labels)
END

echo '| method | variant | parameters | accuracy, % | training, min | deployed, bytes | multiplications, % | decisions that differ |'
echo '|---|---|---:|---:|---:|---:|---:|---:|'
for method in ${methods//,/ }; do
  flags "$method"
  case $method in
    egru) task=waves ;;
    radlif | recurrent_lif) task=spikes ;;
    *) task= data=${data:-$(fashion_folder)} ;;
  esac
  training_data=(--data "$data") test_data=(--data "$data")
  if [ -n "$task" ]; then
    training_data=(--input $task.train.npy --labels $task.train.labels.npy)
    test_data=(--input $task.test.npy --labels $task.test.labels.npy)
  fi
  for variant in ${variants//,/ }; do
    name=$method.$variant model=("$root/stdlib/networks/$method.rvb")
    # shellcheck disable=SC2206 # words of flags
    model+=($settings -D "variant=$variant")
    say "$name"
    "$rvbc" "${model[@]}" -q -o "$name"
    begin=${EPOCHREALTIME/[.,]/}
    # shellcheck disable=SC2086
    "./$name" train "${training_data[@]}" $training --epochs "$epochs" --batch 64 ${limit:+--limit "$limit"} --run-dir "$name.run" \
      --quiet >&2
    seconds=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000000))
    weights=$name.run/last.safetensors
    "$rvbc" deploy "${model[@]}" --weights "$weights" -q -o "$name.deployed" >&2
    "./$name" eval "${test_data[@]}" --weights "$weights" --output logits.npy --json >trained.json
    "./$name.deployed" eval "${test_data[@]}" --compare logits.npy --json >deployed.json
    "./$name.deployed" info --json >info.json
    "$rvbc" summary "${model[@]}" --json >summary.json
    /usr/bin/python3 - "$method" "$variant" "$seconds" "$json" <<'END'
import json, sys

method, variant, seconds, lines = sys.argv[1:]
load = lambda file: json.load(open(file))
trained, deployed, layers, total = load("trained.json"), load("deployed.json"), load("info.json")["layers"], load("summary.json")["total"]
multiplied = sum(layer.get("multiply_adds", 0) * layer.get("computed_steps", 1) for layer in layers)
added = sum(layer.get("additions", 0) * layer.get("computed_steps", 1) for layer in layers)
share, differ = multiplied / (multiplied + added), deployed["comparison"]["decisions_differ"]
print(f"| {method} | {variant} | {total['parameters_without_alpha']:,} | {100 * trained['accuracy']:.2f} | {int(seconds) / 60:.1f} | "
      f"{total['deployed_bytes']:,} | {100 * share:.1f} | {differ} of {deployed['count']:,} |", flush=True)  # fmt: skip
with open(lines, "a") as file:
    file.write(json.dumps({"method": method, "variant": variant, "accuracy": trained["accuracy"], "seconds": int(seconds),
                           "deployed_bytes": total["deployed_bytes"], "multiplied": share, "decisions_differ": differ}) + "\n")  # fmt: skip
END
  done
done
