#!/bin/bash
# Weights for stdlib/weights: trains a network of the library, packs what it has learned, evaluates that, and writes both
# with a card (stdlib/weights/README.md says what stands in it).
#
#   bench/paper/weights.sh NAME --data DIR --title TEXT [--epochs N] [--seed N] [--run RUN] [--out FOLDER]
#
# NAME: a file of examples/ or stdlib/networks/. TEXT names the data. RUN may hold a run that was begun with the same
# settings: it is continued. All is compiled for x86-64-v3, the kernels of every machine with AVX2.
set -euo pipefail
. "$(dirname "$0")/common.sh"

case ${1:--h} in -*) usage ;; esac
name=$1 data= title= epochs= seed=1 run= out=$root/stdlib/weights target=x86-64-v3
options "data title epochs seed run out" "${@:2}"
[ -n "$data" ] && [ -n "$title" ] || die "--data and --title are needed"
out=$(realpath -m "$out")
[ -z "$run" ] || run=$(realpath -m "$run")
model=$root/examples/$name.rvb
[ -f "$model" ] || model=$root/stdlib/networks/$name.rvb
[ -f "$model" ] || die "there is no network $name"
enter_empty "weights/$name"
run=${run:-$PWD/run}

"$rvbc" "$model" -q --target $target -o "$name"
flags=(--data "$data" ${epochs:+--epochs $epochs} --seed "$seed" --run-dir "$run")
if [ -e "$run/last.safetensors" ]; then
  "./$name" train --resume --run-dir "$run" >&2
else
  "./$name" train "${flags[@]}" >&2
fi
mkdir -p "$out"
"$rvbc" pack "$model" --weights "$run/last.safetensors" --data "$data" --target $target -o "$out/$name.safetensors"
"$rvbc" deploy "$model" -q --weights "$out/$name.safetensors" --target $target -o "$name.infer"
"./$name.infer" eval --data "$data" --json >all.json
"./$name.infer" eval --data "$data" --limit 1000 --json >first.json
"./$name" info --json >info.json
/usr/bin/python3 - "$name" "$title" "$run" "$out" "$model" "$root" <<'END'
import hashlib, json, os, sys
name, title, run, out, model, root = sys.argv[1:]
load = lambda path: json.load(open(path))
config, info, everything, first = load(run + "/config.json"), load("info.json"), load("all.json"), load("first.json")
plan = {k: v for k, v in config["plan"].items() if k not in ("data", "input", "labels") and v not in ("", None)}
data = open(f"{out}/{name}.safetensors", "rb").read()
source = os.path.relpath(model, root)
part = lambda p: {k: v for k, v in p.items() if k in ("format", "part", "partition", "split_hash", "hash") and v}
card = {
    "schema": "rvb.card/1",
    "network": {"name": info["name"], "file": source, "source_hash": info["source_hash"], "params": info["constants"]},
    "data": {"name": title, "train": {"samples": config["train_samples"], **part(config["data"]["train"])},
             "test": {"samples": everything["count"], **part(everything["data"])}},
    "training": {"seed": plan.pop("seed"), "epochs": plan.pop("epochs"), "compiler": config["compiler"], "target": config["target"],
                 "recipe": plan},
    "commands": [f"rvbc {source} --target {config['target']} -o {name}",
                 f"./{name} train --data DIR --epochs {config['plan']['epochs']} --seed {config['plan']['seed']} --run-dir run",
                 f"rvbc pack {source} --weights run/last.safetensors --data DIR --target {config['target']} -o {name}.safetensors"],
    "file": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
    "test": {"accuracy": everything["accuracy"], "correct": everything["correct"], "count": everything["count"],
             "target": config["target"], "first": {"correct": first["correct"], "count": first["count"]}},
}
with open(f"{out}/{name}.json", "w") as file:
    file.write(json.dumps(card, indent=2) + "\n")
print(f"{out}/{name}.safetensors: {len(data)} bytes, {100 * everything['accuracy']:.2f} %")
END
