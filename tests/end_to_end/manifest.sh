#!/bin/bash
# runtime/manifest.md says what manifests of real programs hold: no key and no role more, none less.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(4, 1, 28, 28).astype("f4"))'
"$RVBC" "$here/tiny.rvb" -q -o tiny
./tiny init -q -o w.safetensors 2>/dev/null || ./tiny init -o w.safetensors
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.safetensors --observe --spikes i16 --calibrate x.npy -o deployed
for program in tiny deployed; do
  ./$program info --json >$program.json
done
expect 0 /usr/bin/python3 "$here/manifest.py" "$root/runtime/manifest.md" tiny.json deployed.json
# What the page does not know, and what it says that is not so.
/usr/bin/python3 -c '
import json
m = json.load(open("tiny.json"))
m["functions"]["infer"]["results"][0]["flavour"] = 1
m["functions"]["gradient"]["results"][0]["role"] = "profit"
del m["classes"]
json.dump(m, open("other.json", "w"))'
expect 1 /usr/bin/python3 "$here/manifest.py" "$root/runtime/manifest.md" other.json
says 'functions.*.results[].flavour is not described' 'role profit is not described' 'classes is described, but no program has it'
