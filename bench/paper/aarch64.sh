#!/bin/bash
# The paper's fifteen networks, narrow, deployed for aarch64 and run by an emulator (qemu-user), against those deployed for
# this machine: with real spikes the decisions, with integer spikes the bits of the logits.
#
#   bench/paper/aarch64.sh [--only REGEX] [--json FILE]
#
# Prints a row a network: synapses under signs of a sample, in millions; the largest difference between the logits with real
# spikes relative to the largest logit; for real, 32-bit and 16-bit spikes whether decisions are equal, and how many of the
# logits differ in any bit; multiplies found in the machine code of binary layers. Weights are untrained. The first and the last
# layer are real, and compilers may round their sums in another order; what binary layers make of integers is the same.
set -euo pipefail
. "$(dirname "$0")/common.sh"

only=. json=/dev/null
options "only json" "$@"
enter_empty aarch64
: >"$json"
run_arm() { qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu "$@"; }

echo '| network | synapses, M | f32 logits differ by | f32 | i32 | i16 | multiplies |'
echo '|---|---:|---:|---|---|---|---:|'
while read -r -a row; do
  name=${row[*]}
  grep -qE -- "$only" <<<"$name" || continue
  model=$root/stdlib/networks/${row[0]}.rvb
  "$rvbc" summary "$model" "${row[@]:1}" --json >summary.json
  "$rvbc" "$model" "${row[@]:1}" -q -o trained
  ./trained init --seed 1 -o fresh.safetensors
  ./trained info --json >trained.json
  # As networks.sh: spikes neither grow from layer to layer nor fall silent.
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden /usr/bin/python3 - <<'END'
import json

import numpy as np
import safetensors_file

input = json.load(open("trained.json"))["input"]
tensors, fan_in = safetensors_file.read("fresh.safetensors"), 1
for name, value in tensors.items():
    if value.ndim == 4 and name.endswith("weight"):
        fan_in = int(np.prod(value.shape[1:]))
    elif name.endswith("running_var") and not input["sequence"]:
        tensors[name] = np.full_like(value, fan_in)
safetensors_file.write("weights.safetensors", tensors)
shape = ([input["steps"]] if input["sequence"] else []) + [4, *input["shape"]]
np.save("x.npy", np.random.RandomState(1).randn(*shape).astype("f4"))
END
  multiplies=0
  for spikes in f32 i32 i16; do
    flags=(--weights weights.safetensors --spikes $spikes)
    [ $spikes = f32 ] || flags+=(--calibrate x.npy)
    "$rvbc" deploy "$model" "${row[@]:1}" "${flags[@]}" -q -o here
    "$rvbc" deploy "$model" "${row[@]:1}" "${flags[@]}" --target aarch64 -q --verify-addonly -o there >verified.txt
    multiplies=$((multiplies + $(grep -oE 'verified: [0-9]+' verified.txt | grep -oE '[0-9]+')))
    ./here infer x.npy --output here.$spikes.npy >/dev/null 2>&1
    run_arm ./there infer x.npy --output there.$spikes.npy >/dev/null 2>&1
  done
  /usr/bin/python3 - "$name" "$multiplies" "$json" <<'END'
import json, sys
import numpy as np

name, multiplies, lines = sys.argv[1], int(sys.argv[2]), sys.argv[3]
row = {"network": name, "multiplies": multiplies,
       "synapses": sum(layer["additions"] * layer["computed_steps"]["infer"]
                       for layer in json.load(open("summary.json"))["layers"])}
cells = []
for spikes in "f32", "i32", "i16":
    here, there = np.load(f"here.{spikes}.npy"), np.load(f"there.{spikes}.npy")
    row[spikes] = {"difference": float(np.abs(here - there).max() / np.abs(here).max()),
                   "decisions_agree": bool((here.argmax(1) == there.argmax(1)).all()),
                   "logits_differ": int((here.view("u4") != there.view("u4")).sum()), "logits": here.size}
    r = row[spikes]
    cells.append(("equal" if r["decisions_agree"] else "DIFFER") +
                 (", same bits" if r["logits_differ"] == 0 else f", {r['logits_differ']} of {r['logits']} logits differ"))
print(f"| {name.replace(' -D', ',')} | {row['synapses'] / 1e6:.1f} | {row['f32']['difference']:.1e} | " + " | ".join(cells) +
      f" | {multiplies} |", flush=True)
open(lines, "a").write(json.dumps(row) + "\n")
sys.exit(multiplies != 0 or not all(row[s]["decisions_agree"] for s in ("f32", "i32", "i16")))
END
done <<'END'
resnet20 -D width=16
resnet20 -D width=16 -D classes=100
resnet20 -D width=16 -D events=true -D T=4
resnet19 -D width=16
resnet19 -D width=16 -D classes=100
resnet19 -D width=16 -D events=true -D T=4
resnet19 -D width=16 -D tet=true
vgg16 -D width=16
vgg16 -D width=16 -D classes=100
resnet18 -D width=16 -D size=64 -D classes=100
resnet34 -D width=16 -D size=64 -D classes=100
vggsnn -D width=16 -D T=4
vggsnn -D width=16 -D T=4 -D pooling=false
scnn -D width=16 -D size=64 -D T=4
scnn -D width=16 -D size=64 -D T=4 -D candidate=asa
END
