#!/bin/bash
# From a text file to an addition-only program: builds the compiler, compiles examples/fashion.rvb, trains it on
# Fashion-MNIST, deploys it and compares both programs on all 10,000 test images.
#
#   examples/quickstart.sh [--epochs N] [--limit N] [--threads N] [--json FILE]
#
# --limit trains on the first N images only. Everything is written below build/quickstart (RVB_BUILD names another build
# folder).
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"

epochs=() limit=() threads=() json=
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    --epochs | --limit | --threads | --json)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2; usage 2 >&2; }
      case $1 in
        --epochs) epochs=(--epochs "$2") ;;
        --limit) limit=(--limit "$2") ;;
        --threads) threads=(--threads "$2") ;;
        --json) json=$(realpath -m "$2") ;;
      esac
      shift 2
      ;;
    *) echo "unknown argument $1" >&2; usage 2 >&2 ;;
  esac
done

install_missing build
work=$folder/quickstart
data=$(fashion_folder)
rvbc=$folder/bin/rvbc
model=$root/examples/fashion.rvb

say "building the compiler in $folder"
[ -f "$folder/CMakeCache.txt" ] || configure "$folder" -DRVB_TESTS=OFF
build "$folder" rvbc rvb_stdlib rvb_runtime_all
rm -rf "$work"
mkdir -p "$work"
cd "$work"

say "compiling $model"
"$rvbc" "$model" -o fashion
say "training on $data"
./fashion train --data "$data" --run-dir run "${epochs[@]}" "${limit[@]}" "${threads[@]}" >&2
say "evaluating the trained network"
./fashion eval --data "$data" --weights run/last.safetensors --output trained.npy --json "${threads[@]}" >trained.json
say "deploying: BatchNorm and alpha folded, signs packed to bits"
"$rvbc" deploy "$model" --weights run/last.safetensors -o fashion.infer
say "evaluating the deployed program"
./fashion.infer eval --data "$data" --compare trained.npy --json "${threads[@]}" >deployed.json
./fashion.infer --verify-addonly --json >verification.json || [ $? -eq 3 ] # 3: multiplies were found; the table says so
./fashion.infer info --json >info.json
./fashion bench --weights run/last.safetensors --batch 1 --threads 1 --json >trained.bench.json
./fashion.infer bench --batch 1 --threads 1 --json >deployed.bench.json

python3 - "$json" <<'END'
import json, os, sys

def load(name):
    with open(name) as file:
        return json.load(file)

trained, deployed, info = load("trained.json"), load("deployed.json"), load("info.json")
comparison = deployed["comparison"]
result = {
    "accuracy": trained["accuracy"],
    "deployed_accuracy": deployed["accuracy"],
    "decisions_differ": comparison["decisions_differ"],
    "weight_bytes": info["deployment"]["weight_bytes"],
    "ms_per_image": load("trained.bench.json")["rows"][0]["ms_per_image"],
    "deployed_ms_per_image": load("deployed.bench.json")["rows"][0]["ms_per_image"],
    "synaptic_multiplies": load("verification.json")["multiplies"],
}
size = {name: os.path.getsize(name) for name in ("run/last.safetensors", "fashion", "fashion.infer")}
rows = [
    ("", "trained", "deployed"),
    ("accuracy, %d images" % trained["count"], "%.2f %%" % (100 * result["accuracy"]), "%.2f %%" % (100 * result["deployed_accuracy"])),
    ("decisions that differ", "", "%d (and %d ties)" % (comparison["decisions_differ"], comparison["ties"])),
    ("weights", "%d bytes" % size["run/last.safetensors"], "%d bytes" % result["weight_bytes"]),
    ("program", "%d bytes" % size["fashion"], "%d bytes" % size["fashion.infer"]),
    ("one image, one thread", "%.3f ms" % result["ms_per_image"], "%.3f ms" % result["deployed_ms_per_image"]),
    ("multiplies in the code of binary layers", "", "%d" % result["synaptic_multiplies"]),
]
print()
for row in rows:
    print("%-28s %16s %22s" % row)
if sys.argv[1]:
    with open(sys.argv[1], "w") as file:
        file.write(json.dumps(result, indent=2) + "\n")
END
