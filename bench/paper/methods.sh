#!/bin/bash
# The methods that the paper compares itself with, narrow, trained for a few minutes each: on Fashion-MNIST, or on
# generated sequences where the method is for sequences.
#
#   bench/paper/methods.sh [--quick] [--methods LIST] [--variants vanilla,learnable] [--epochs 4] [--limit N] [--threads N]
#                          [--data DIR] [--json FILE]
#
# `vanilla` is as published; `learnable` has signs and real spikes. A row for each: accuracy on the test part, minutes of
# training, bytes of deployed weights, the share of multiplications among the synaptic operations and products of the deployed
# program (--verify-addonly), and decisions in which it differs from the trained one. --limit trains on the first N samples;
# --quick is one epoch of 640. A line of JSON for every row goes to FILE. What was done with the same settings is not done
# again: an interrupted run goes on with the next row. `rm -r build/paper/methods` begins anew.
set -euo pipefail
. "$(dirname "$0")/common.sh"

methods=spikformer,qkformer,sdt_v2,egru,egru_speech,radlif,recurrent_lif,binaryconnect,binaryconnect_drawn,q_snn,agmm,fsta
methods+=,tcja,asa,ternary_spike,qblif,tab,hsd,direct,poisson,latency,delta
variants=vanilla,learnable epochs=4 limit= threads=$(nproc) data= json=/dev/null
if [ "${1:-}" = --quick ]; then
  epochs=1 limit=640
  shift
fi
options "methods variants epochs limit threads data json" "$@"
work=$folder/paper/methods
mkdir -p "$work"
cd "$work"
: >"$json"

# What is set for the short training. The published recipes are for hundreds of epochs, some with a warm-up of twenty.
flags() { # METHOD: the network, flags of rvbc, then of train; what is learned
  local image="-D channels=1 -D size=28"
  network=$1 task=images
  case $1 in
    spikformer) settings="$image -D T=2 -D width=64 -D depth=1 -D heads=4" training="--lr 2e-3 --warmup 0 --augment flip" ;;
    qkformer) settings="$image -D T=2 -D width=64 -D heads=4" training="--lr 2e-3 --warmup 0 --augment flip" ;;
    sdt_v2)
      settings="$image -D small=true -D T=2 -D widths=[16,16,32,32] -D blocks=[1,1,1,1,1] -D heads=4"
      training="--lr 2e-3 --warmup 0"
      ;;
    egru) settings="-D T=60 -D units=96" training="--schedule cosine" task=waves ;;
    egru_speech) network=egru settings="-D speech=true -D T=60 -D inputs=100 -D units=96" training="--schedule cosine" task=spikes ;;
    radlif) settings="-D T=60 -D inputs=100 -D width=96" training="" task=spikes ;;
    recurrent_lif) settings="-D T=60 -D inputs=100 -D width=96" training="--lr 5e-3" task=spikes ;;
    binaryconnect) settings="-D mnist=true -D width=256" training="--lr 3e-3" ;;
    binaryconnect_drawn) network=binaryconnect settings="-D mnist=true -D width=256 -D stochastic=true" training="--lr 1e-2" ;;
    agmm | qblif) settings="$image -D width=16 -D gain=0.05" training="--lr 0.05" ;;
    q_snn) settings="$image -D width=16 -D gain=0.05" training="--lr 0.05 --augment flip" ;;
    ternary_spike) settings="$image -D width=16 -D gain=0.05" training="--lr 0.05" ;;
    fsta) settings="$image -D T=2 -D width=8 -D gain=0.05" training="--lr 0.05 --warmup 0 --augment flip" ;;
    tab) settings="$image -D width=16 -D hidden=128 -D gain=0.05" training="--lr 0.05" ;;
    tcja) settings="-D T=8 -D size=32 -D classes=10 -D width=16 -D hidden=64" training="" task=moves ;;
    asa) settings="-D T=8 -D size=32 -D classes=10 -D width=16" training="" task=moves ;;
    hsd) settings="-D T=8 -D size=32 -D width=8" training="--lr 1e-3 --augment flip" task=moves ;;
    direct | poisson | latency | delta) network=coded settings="-D coding=$1" training="" ;;
    *) die "no method $1" ;;
  esac
}

# Three tasks of sequences. Spikes: twenty classes of 100 channels in 60 steps, as spoken digits have them: each class
# lets two bands of channels sound that rise or fall, shifted in time and thinned at random. Waves: ten paces of one
# number a step. Moves: ten classes of events of a disk that goes into one of eight directions or round, either way, a
# channel for what it covers and one for what it leaves, thinned at random.
sequences() {
  /usr/bin/python3 - <<'PYTHON'
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

y, x = np.mgrid[:32, :32]
step = np.arange(9)
for part, count in (("train", 2500), ("test", 1000)):
    labels = random.randint(0, 10, count)
    frames = np.zeros((8, count, 2, 32, 32), "f4")
    for i, label in enumerate(labels):
        at, radius = random.uniform(13, 19, 2), random.uniform(2, 4)
        if label < 8:
            way = (step - 4)[:, None] * 2.2 * np.array([np.sin(label * np.pi / 4), np.cos(label * np.pi / 4)])
        else:
            angle = random.uniform(0, 2 * np.pi) + (1 if label == 8 else -1) * step * np.pi / 5
            way = 8 * np.stack([np.sin(angle), np.cos(angle)], 1)
        centre = at + way
        disk = (y - centre[:, :1, None]) ** 2 + (x - centre[:, 1:, None]) ** 2 < radius**2
        events = np.stack([disk[1:] & ~disk[:-1], disk[:-1] & ~disk[1:]], 1)
        frames[:, i] = (events & (random.rand(*events.shape) < 0.8)) | (random.rand(*events.shape) < 0.01)
    np.save(f"moves.{part}.npy", frames)
    np.save(f"moves.{part}.labels.npy", labels)
PYTHON
  touch sequences.done
}

# train NAME ARGUMENT...: into NAME.run, anew.
train() {
  rm -rf "$1.run"
  # shellcheck disable=SC2086 # words of flags
  "./$1" train "${training_data[@]}" $training --epochs "$epochs" --batch 64 -t "$threads" ${limit:+--limit "$limit"} \
    --run-dir "$1.run" --quiet "${@:2}" >&2
}

# measure METHOD VARIANT NAME: trains and deploys; what was found goes to NAME.row.
measure() {
  local model=("$root/stdlib/networks/$network.rvb") name=$3 begin=() weights
  [ "$network" != coded ] || model=("$root/bench/paper/coded.rvb")
  if [ "$network" = hsd ]; then # a teacher's weights lie beside the source
    mkdir -p hsd
    cp "${model[0]}" hsd/hsd.rvb
    model=(hsd/hsd.rvb)
  fi
  # shellcheck disable=SC2206
  model+=($settings -D "variant=$2")
  say "$name"
  local since=${EPOCHREALTIME/[.,]/}
  if [ "$network" = hsd ]; then
    "$rvbc" "${model[@]}" -D stage=teacher -q -o hsd.teacher
    train hsd.teacher --lr 0.05
    cp hsd.teacher.run/last.safetensors hsd/teacher.safetensors
    [ "$2" != vanilla ] || begin=(--weights hsd/teacher.safetensors)
  fi
  "$rvbc" "${model[@]}" -q -o "$name"
  train "$name" ${begin[@]+"${begin[@]}"}
  local seconds=$(((${EPOCHREALTIME/[.,]/} - since) / 1000000))
  weights=$name.run/last.safetensors
  "$rvbc" summary "${model[@]}" --json >summary.json
  # Where no layer is binary there is nothing to verify, which is an error; any other failure is one here, too.
  if ! "$rvbc" deploy "${model[@]}" --weights "$weights" --verify-addonly -q -o "$name.deployed" >&2 2>deploy.log; then
    grep -q 'has no binary or ternary layer to verify' deploy.log || die "$name: $(cat deploy.log)"
    "$rvbc" deploy "${model[@]}" --weights "$weights" -q -o "$name.deployed" >&2
  fi
  "./$name" eval "${test_data[@]}" --weights "$weights" -t "$threads" --output logits.npy --json >trained.json
  "./$name.deployed" eval "${test_data[@]}" -t "$threads" --compare logits.npy --json >deployed.json
  "./$name.deployed" info --json >info.json
  /usr/bin/python3 - "$1" "$2" "$seconds" >row.json <<'PYTHON'
import json, sys

method, variant, seconds = sys.argv[1:]
load = lambda file: json.load(open(file))
trained, deployed, total = load("trained.json"), load("deployed.json"), load("summary.json")["total"]
added = load("info.json")["deployment"].get("verification", {}).get("binary_share", 0)  # nothing to verify: all multiply
print(json.dumps({
    "method": method, "variant": variant, "parameters": total["parameters_without_alpha"], "accuracy": trained["accuracy"],
    "seconds": int(seconds), "deployed_bytes": total["deployed_bytes"], "multiplied": 1 - added,
    "decisions_differ": deployed["comparison"]["decisions_differ"], "count": deployed["count"],
}))  # fmt: skip
PYTHON
  rm -f "$name" "$name.deployed" hsd.teacher logits.npy
  mv row.json "$name.row"
}

echo '| method | variant | parameters | accuracy, % | training, min | deployed, bytes | multiplications, % | decisions that differ |'
echo '|---|---|---:|---:|---:|---:|---:|---:|'
for method in ${methods//,/ }; do
  flags "$method"
  if [ "$task" = images ]; then
    data=${data:-$(fashion_folder)}
    training_data=(--data "$data") test_data=(--data "$data")
  else
    [ -f sequences.done ] || sequences
    training_data=(--input $task.train.npy --labels $task.train.labels.npy)
    test_data=(--input $task.test.npy --labels $task.test.labels.npy)
  fi
  for variant in ${variants//,/ }; do
    name=$method.$variant
    asked="$settings $training $epochs $limit ${training_data[*]}"
    if [ ! -f "$name.row" ] || [ "$(cat "$name.asked" 2>/dev/null)" != "$asked" ] || [ "$rvbc" -nt "$name.row" ]; then
      rm -f "$name.row"
      measure "$method" "$variant" "$name"
      echo "$asked" >"$name.asked"
    fi
    cat "$name.row" >>"$json"
    /usr/bin/python3 - "$name.row" <<'PYTHON'
import json, sys

r = json.load(open(sys.argv[1]))
print(f"| {r['method']} | {r['variant']} | {r['parameters']:,} | {100 * r['accuracy']:.2f} | {r['seconds'] / 60:.1f} | "
      f"{r['deployed_bytes']:,} | {100 * r['multiplied']:.1f} | {r['decisions_differ']} of {r['count']:,} |", flush=True)  # fmt: skip
PYTHON
  done
done
