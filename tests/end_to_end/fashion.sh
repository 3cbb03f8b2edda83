#!/bin/bash
# The example learns: 6,000 images, two epochs, far above chance; the deployed program makes the same 10,000 decisions.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

"$RVBC" "$root/examples/fashion.rvb" -q -o fashion
./fashion train --data "$data" --limit 6000 --epochs 2 --seed 1 --quiet --run-dir run
./fashion eval --data "$data" --weights run/last.safetensors --output logits.npy --json >trained.json
echo "accuracy $(field trained.json '["accuracy"]')"
holds "$(field trained.json '["accuracy"]') > 0.70 and $(field trained.json '["count"]') == 10000"
"$RVBC" deploy "$root/examples/fashion.rvb" -q --weights run/last.safetensors -o fashion.infer
./fashion.infer eval --data "$data" --compare logits.npy --json >deployed.json
holds "$(field deployed.json '["comparison"]["decisions_differ"]') == 0"
./fashion.infer info --json >info.json
# 64 x 32 x 9 and 128 x 64 x 9 signs, one bit each
holds "$(field info.json '["deployment"]["binary_bytes"]') == (64 * 32 + 128 * 64) * 9 // 8"
