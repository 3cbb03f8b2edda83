#!/bin/bash
# Weights for stdlib/weights: trains a network of the library, packs what it has learned, evaluates that, and writes both
# with a card (stdlib/weights/README.md says what stands in it).
#
#   bench/paper/weights.sh NAME --data DIR --title TEXT [--epochs N] [--seed N] [--set "T=2 …"] [--flags "--lr 0.04 …"] [--run RUN]
#                          [--out FOLDER] [--precision full]
#
# NAME: a file of examples/ or stdlib/networks/. TEXT names the data. --set: params of the network; --flags: of `train`. RUN
# may hold a run that was begun with the same settings: it is continued. All is compiled for x86-64-v3, the kernels of every
# machine with AVX2. Real numbers are kept in half precision where no decision on the data changes, which is asked layer by
# layer, or with --precision full in single.
set -euo pipefail
. "$(dirname "$0")/common.sh"

case ${1:--h} in -*) usage ;; esac
name=$1 data= title= epochs= seed=1 set= flags= precision=tested run= out=$root/stdlib/weights target=x86-64-v3
options "data title epochs seed set flags precision run out" "${@:2}"
[ -n "$data" ] && [ -n "$title" ] || die "--data and --title are needed"
out=$(realpath -m "$out")
[ -z "$run" ] || run=$(realpath -m "$run")
model=$root/examples/$name.rvb
[ -f "$model" ] || model=$root/stdlib/networks/$name.rvb
[ -f "$model" ] || die "there is no network $name"
enter_empty "weights/$name"
run=${run:-$PWD/run}

defines=()
for each in $set; do defines+=(-D "$each"); done
"$rvbc" "$model" -q "${defines[@]}" --target $target -o "$name"
read -ra words <<<"$flags"
if [ -e "$run/last.safetensors" ]; then
  "./$name" train --resume --run-dir "$run" >&2
else
  "./$name" train --data "$data" ${epochs:+--epochs $epochs} --seed "$seed" "${words[@]}" --run-dir "$run" >&2
fi
mkdir -p "$out"
asked=() shown=
[ "$precision" = full ] || { asked=(--data "$data" --target $target); shown=" --data DIR --target $target"; }
"$rvbc" pack "$model" "${defines[@]}" --weights "$run/last.safetensors" "${asked[@]}" -o "$out/$name.safetensors"
"$rvbc" deploy "$model" -q "${defines[@]}" --weights "$out/$name.safetensors" --target $target -o "$name.infer"
"./$name.infer" eval --data "$data" --json >all.json
"./$name.infer" eval --data "$data" --limit 1000 --json >first.json
"./$name.infer" infer -i random:1 --output random.npy
"./$name" info --json >info.json
/usr/bin/python3 - "$name" "$title" "$run" "$out" "$model" "$root" "$set" "$flags" "$shown" <<'END'
import hashlib, json, os, sys
import numpy as np
name, title, run, out, model, root, sets, flags, asked = sys.argv[1:]
defines = "".join(" -D " + each for each in sets.split())
flags = " " + flags if flags else ""
load = lambda path: json.load(open(path))
config, info, everything, first = load(run + "/config.json"), load("info.json"), load("all.json"), load("first.json")
plan = {k: v for k, v in config["plan"].items() if k not in ("data", "input", "labels") and v not in ("", None)}
data = open(f"{out}/{name}.safetensors", "rb").read()
source = os.path.relpath(model, root)
part = lambda p: {k: v for k, v in p.items() if k in ("format", "part", "partition", "split_hash", "hash") and v}
card = {
    "schema": "rvb.card/1",
    "network": {"name": info["name"], "file": source, "source_hash": info["source_hash"], "set": sets,
                "params": info["constants"]},
    "data": {"name": title, "train": {"samples": config["train_samples"], **part(config["data"]["train"])},
             "test": {"samples": everything["count"], **part(everything["data"])}},
    "training": {"seed": plan.pop("seed"), "epochs": plan.pop("epochs"), "compiler": config["compiler"], "target": config["target"],
                 "recipe": plan},
    "commands": [f"rvbc {source}{defines} --target {config['target']} -o {name}",
                 f"./{name} train --data DIR --epochs {config['plan']['epochs']} --seed {config['plan']['seed']}{flags} --run-dir run",
                 f"rvbc pack {source}{defines} --weights run/last.safetensors{asked} -o {name}.safetensors"],
    "file": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    "test": {"accuracy": everything["accuracy"], "correct": everything["correct"], "count": everything["count"],
             "target": config["target"], "first": {"correct": first["correct"], "count": first["count"]},
             "random": {"input": "random:1", "decisions": np.load("random.npy").argmax(1).tolist()}},
}
with open(f"{out}/{name}.json", "w") as file:
    file.write(json.dumps(card, indent=2) + "\n")
print(f"{out}/{name}.safetensors: {len(data)} bytes, {100 * everything['accuracy']:.2f} %")
END
