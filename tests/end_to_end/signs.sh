#!/bin/bash
# What train says of spikes after an epoch is what eval --energy counts in the same weights; averages are tested in place of
# the weights.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

tiny
./tiny train --data "$data" --limit 200 --epochs 1 --quiet --run-dir run >line
grep -q 'flips .* %  outside .* %  rate 0\.' line || die "the epoch's line says nothing of flips and rates: $(cat line)"
./tiny eval --data "$data" --limit 32 --energy --json --weights run/last.safetensors >eval.json
python3 - <<'END'
import json
epoch = [json.loads(line) for line in open("run/metrics.jsonl")][-1]
energy = json.load(open("eval.json"))["energy"]
counted = {row["layer"]: row["rate"] for row in energy["neurons"]}
assert len(epoch["rates"]) == 2 and epoch["rates"] == counted, (epoch["rates"], counted)
assert list(epoch["layers"]) == ["unit.weight"] and 0 < epoch["layers"]["unit.weight"]["flips"] == epoch["flips"], epoch
assert 0 <= epoch["outside"] < 1
END

# The average, with statistics taken anew, is what the epoch was tested with.
./tiny train --data "$data" --limit 200 --epochs 2 --average 0.9 --quiet --run-dir averaged
differ averaged/tested.safetensors averaged/last.safetensors
./tiny eval --data "$data" --limit 200 --json --weights averaged/tested.safetensors >eval.json
[ "$(field eval.json '["accuracy"]')" = "$(tail -1 averaged/metrics.jsonl | python3 -c 'import json, sys; print(json.loads(sys.stdin.read())["test_accuracy"])')" ] ||
  die "tested.safetensors has another accuracy than the epoch"
./tiny reestimate-batchnorm --data "$data" --limit 200 --weights averaged/tested.safetensors -o anew.safetensors
python3 - <<'END'
import json, struct
def read(path):
    data = open(path, "rb").read()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    return {k: data[8 + size:][slice(*v["data_offsets"])] for k, v in header.items() if k != "__metadata__"}
assert read("anew.safetensors") == read("averaged/tested.safetensors")
END
