#!/bin/bash
# The paper's fifteen networks at full size: each is compiled for training, deployed with untrained weights, and
# both programs run on the same input.
#
#   bench/paper/networks.sh [--only REGEX] [--json FILE]
#
# Prints a row a network: parameters without alphas, seconds to compile and to deploy, bytes of deployed weights, the
# largest difference between the logits of both programs relative to the largest logit, whether all decisions agree, and
# milliseconds a sample (batch 1). A line of JSON for every row goes to FILE.
set -euo pipefail
. "$(dirname "$0")/common.sh"

only=. json=/dev/null
options "only json" "$@"
enter_empty networks
: >"$json"

seconds() { # NAME COMMAND...: how long it takes, in $NAME
  local begin=${EPOCHREALTIME/[.,]/} tenths
  "${@:2}"
  tenths=$(((${EPOCHREALTIME/[.,]/} - begin) / 100000))
  printf -v "$1" '%d.%d' $((tenths / 10)) $((tenths % 10))
}

echo '| network | parameters | compile, s | deploy, s | weights, bytes | logits differ by | decisions | trained, ms | deployed, ms |'
echo '|---|---:|---:|---:|---:|---:|---|---:|---:|'
while read -r -a row; do
  name=${row[*]}
  grep -qE -- "$only" <<<"$name" || continue
  model=$root/stdlib/networks/${row[0]}.rvb
  "$rvbc" summary "$model" "${row[@]:1}" --json >summary.json
  seconds compile "$rvbc" "$model" "${row[@]:1}" -q -o trained
  ./trained init --seed 1 -o fresh.safetensors
  ./trained info --json >trained.json
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden /usr/bin/python3 - <<'END'
# The running variance of fresh weights is 1, and spikes would grow from layer to layer, in 34 of them past what is finite.
# Networks for sequences are shallower, and their threshold would keep them silent instead.
import json

import numpy as np
import safetensors_file

tensors, fan_in = safetensors_file.read("fresh.safetensors"), 1
for name, value in tensors.items():
    if value.ndim == 4 and name.endswith("weight"):
        fan_in = int(np.prod(value.shape[1:]))
    elif name.endswith("running_var") and not json.load(open("trained.json"))["input"]["sequence"]:
        tensors[name] = np.full_like(value, fan_in)
safetensors_file.write("weights.safetensors", tensors)
END
  seconds deploy "$rvbc" deploy "$model" "${row[@]:1}" --weights weights.safetensors -q --verify-addonly -o deployed >verified.txt
  ./deployed info --json >deployed.json
  /usr/bin/python3 - <<'END'
import json
import numpy as np

input = json.load(open("trained.json"))["input"]
shape = ([input["steps"]] if input["sequence"] else []) + [4, *input["shape"]]
np.save("x.npy", np.random.RandomState(1).randn(*shape).astype("f4"))
END
  ./trained infer x.npy --weights weights.safetensors --output trained.npy >/dev/null
  ./deployed infer x.npy --output deployed.npy >/dev/null
  ./trained bench --weights weights.safetensors --batch 1 -r 5 --json >trained.bench.json
  ./deployed bench --batch 1 -r 5 --json >deployed.bench.json
  /usr/bin/python3 - "$name" "$compile" "$deploy" "$json" <<'END'
import json, sys
import numpy as np

name, compile, deploy, lines = sys.argv[1:]
load = lambda file: json.load(open(file))
trained, deployed = np.load("trained.npy"), np.load("deployed.npy")
difference = float(np.abs(trained - deployed).max() / np.abs(trained).max())
agree = bool((trained.argmax(1) == deployed.argmax(1)).all())
parameters = load("summary.json")["total"]["parameters_without_alpha"]
weights = load("deployed.json")["deployment"]["weight_bytes"]
times = [load(f"{kind}.bench.json")["rows"][0]["ms_per_image"] for kind in ("trained", "deployed")]
print(f"| {name.replace(' -D', ',')} | {parameters:,} | {compile} | {deploy} | {weights:,} | {difference:.1e} | "
      f"{'equal' if agree else 'DIFFER'} | {times[0]:.2f} | {times[1]:.2f} |", flush=True)  # fmt: skip
row = {"network": name, "parameters": parameters, "compile_seconds": float(compile), "deploy_seconds": float(deploy),
       "weight_bytes": weights, "difference": difference, "decisions_agree": agree,
       "trained_ms": times[0], "deployed_ms": times[1]}  # fmt: skip
open(lines, "a").write(json.dumps(row) + "\n")
sys.exit(not (agree and difference < 1e-4))
END
done <<'END'
resnet20
resnet20 -D classes=100
resnet20 -D events=true
resnet19
resnet19 -D classes=100
resnet19 -D events=true
resnet19 -D tet=true
vgg16
vgg16 -D classes=100
resnet18
resnet34
vggsnn
vggsnn -D pooling=false
scnn
scnn -D candidate=asa
END
