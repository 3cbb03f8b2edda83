#!/bin/bash
# Every command of rvbc and of a compiled program once, on the right input.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

tiny
expect 0 "$RVBC" check "$here/tiny.rvb"
expect 0 "$RVBC" summary "$here/tiny.rvb"
says encode unit classifier
expect 0 "$RVBC" summary "$here/tiny.rvb" --json
python3 -m json.tool said >/dev/null
expect 0 "$RVBC" graph "$here/tiny.rvb" --format dot
says digraph
expect 0 "$RVBC" graph "$here/tiny.rvb" --format svg -o tiny.svg
grep -q '<svg' tiny.svg
expect 0 "$RVBC" fmt --check "$here/tiny.rvb" "$root/examples/fashion.rvb" "$root"/stdlib/*.rvb "$root"/tests/golden/*.rvb
for kind in ast ir plan stmt llvm asm; do
  expect 0 "$RVBC" "$here/tiny.rvb" --emit=$kind
  [ -s said ] || die "--emit=$kind printed nothing"
done
expect 0 "$RVBC" "$here/tiny.rvb" --print-after=differentiate --time-passes
says 'func @gradient' 'grad:encode.weight'

expect 0 ./tiny info
says Tiny encode
expect 0 ./tiny info --json
python3 -m json.tool said >/dev/null
expect 0 ./tiny init --seed 3 -o w.safetensors
./tiny init --seed 3 -o again.safetensors
./tiny init --seed 4 -o other.safetensors
same w.safetensors again.safetensors
differ w.safetensors other.safetensors
expect 0 ./tiny eval --data "$data" --weights w.safetensors --limit 200 --json
python3 - said <<'END'
import json, sys
result = json.load(open(sys.argv[1]))
assert result["count"] == 200 and result["accuracy"] == result["correct"] / 200 and result["loss"] > 0, result
END
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(5, 1, 28, 28).astype("f4"))
np.save("y.npy", np.array([0, 9, 3, 3, 7]))'
expect 0 ./tiny infer --weights w.safetensors --input x.npy --output logits.npy
/usr/bin/python3 -c 'import numpy as np; assert np.load("logits.npy").shape == (5, 10)'
expect 0 ./tiny gradient --weights w.safetensors --input x.npy --labels y.npy --output g.safetensors --json
expect 0 ./tiny train --input x.npy --labels y.npy --no-shuffle --no-augment --log-every 1 --epochs 2 --batch 5 --run-dir run
[ "$(grep -c '"kind":"step"' run/metrics.jsonl)" -eq 2 ] || die "a line a step is expected in run/metrics.jsonl"
[ -s run/last.safetensors ] && [ -s run/best.safetensors ]
expect 0 ./tiny bench --batch 1,4 --threads 1,2 --repeats 3 --json
expect 0 ./tiny bench --train --batch 8 --threads 1 --repeats 3 --json
