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
expect 0 "$RVBC" graph "$here/tiny.rvb" --format mermaid
says flowchart conv2d
expect 0 "$RVBC" graph "$here/tiny.rvb" --format json
python3 -m json.tool said >/dev/null
expect 0 "$RVBC" targets
says native generic x86-64-v3 avx512 aarch64
expect 0 "$RVBC" fmt --check "$here/tiny.rvb" "$root/examples/fashion.rvb" "$root"/stdlib/*.rvb "$root"/tests/golden/*.rvb
printf 'import   neurons\n' >loose.rvb
expect 1 "$RVBC" fmt --check loose.rvb
expect 0 "$RVBC" fmt loose.rvb
[ "$(cat loose.rvb)" = 'import neurons' ] || die "fmt left a file as it was"
"$RVBC" fmt - <"$here/tiny.rvb" >formatted.rvb
same "$here/tiny.rvb" formatted.rvb
for kind in ast ir plan stmt llvm asm; do
  expect 0 "$RVBC" "$here/tiny.rvb" --emit=$kind
  [ -s said ] || die "--emit=$kind printed nothing"
done
expect 0 "$RVBC" "$here/tiny.rvb" --print-after=differentiate --time-passes
says 'func @gradient' 'grad:encode.weight'
expect 0 "$RVBC" "$here/tiny.rvb" --print-after=all
says '// after irgen' '// after differentiate' '// after fuse'
# Passes find nothing to do after the pipeline, from a file as from a pipe.
"$RVBC" "$here/tiny.rvb" --emit=ir -o tiny.ir
"$RVBC" opt - --pass=cse,dce <tiny.ir >again.ir
same tiny.ir again.ir
expect 2 "$RVBC" explain RVB9999
says RVB0203

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
mv said of_data.json
RVB_DATA=$data ./tiny eval --weights w.safetensors --limit 200 --json >of_environment.json
same of_data.json of_environment.json
expect 0 ./tiny eval --data "$data" --split train --weights w.safetensors --limit 200 --json
differ of_data.json said
# A picture is the array of its pixels, normalised as the recipe says.
/usr/bin/python3 - <<'END'
import numpy as np
from PIL import Image
pixels = np.random.RandomState(2).randint(0, 256, (28, 28)).astype("u1")
Image.fromarray(pixels).save("shoe.png")
np.save("shoe.npy", ((pixels / 255 - 0.2860) / 0.3530).astype("f4")[None, None])
END
for input in shoe.png shoe.npy; do
  expect 0 ./tiny infer $input --weights w.safetensors --output $input.logits
done
/usr/bin/python3 -c '
import numpy as np
picture, array = (np.load(f"shoe.{ending}.logits") for ending in ("png", "npy"))
assert np.abs(picture - array).max() <= 1e-5 * np.abs(array).max(), (picture, array)'
expect 0 ./tiny infer shoe.png --weights w.safetensors --top 3
[ "$(grep -c '%$' said)" -eq 3 ] || die "three classes are expected"
expect 0 ./tiny infer --data "$data" --limit 4 --weights w.safetensors --top 1
[ "$(grep -c '%$' said)" -eq 4 ] || die "a class for each of four samples is expected"
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(5, 1, 28, 28).astype("f4"))
np.save("y.npy", np.array([0, 9, 3, 3, 7]))'
expect 0 ./tiny infer --weights w.safetensors --input x.npy --output logits.npy
/usr/bin/python3 -c 'import numpy as np; assert np.load("logits.npy").shape == (5, 10)'
expect 0 ./tiny gradient --weights w.safetensors --input x.npy --labels y.npy --output g.safetensors --json
expect 0 ./tiny train --input x.npy --labels y.npy --no-shuffle --no-augment --log-every 1 --epochs 2 --batch 5 --run-dir run
[ "$(grep -c '"kind":"step"' run/metrics.jsonl)" -eq 2 ] || die "a line a step is expected in run/metrics.jsonl"
[ -s run/last.safetensors ] && [ -s run/best.safetensors ] || die "checkpoints are missing"
expect 0 ./tiny bench --batch 1,4 --threads 1,2 --repeats 3 --json
expect 0 ./tiny bench --train --batch 8 --threads 1 --repeats 3 --json
expect 0 ./tiny bench --batch 1,2 --threads 1 --repeats 3 --seconds 0.1 --format jsonl
[ "$(python3 -c 'import json; print([json.loads(line)["batch"] for line in open("said")])')" = '[1, 2]' ] || die "a row a line"
