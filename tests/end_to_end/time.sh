#!/bin/bash
# A still image and threshold 0: the logits do not depend on T, with collapse-time on and off, trained and deployed; and
# the reports say which of the two it was.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(7, 1, 28, 28).astype("f4"))'
"$RVBC" "$here/tiny.rvb" -q -o tiny
./tiny init --seed 5 -o w.safetensors
for steps in 1 2 4; do
  for collapse in "" --no-collapse-time; do
    name=T$steps$collapse
    "$RVBC" "$here/tiny.rvb" -q -D T=$steps $collapse -o program
    ./program infer x.npy --weights w.safetensors --output "$name.npy"
    "$RVBC" deploy "$here/tiny.rvb" -q -D T=$steps $collapse --weights w.safetensors -o deployed
    ./deployed infer x.npy --output "deployed-$name.npy"
    expect 0 ./program info --json
    computed=$([ -z "$collapse" ] && echo 1 || echo $steps)
    /usr/bin/python3 - "$computed" <<'END'
import json, sys
steps = {l["path"]: l["computed_steps"] for l in json.load(open("said"))["layers"] if "computed_steps" in l}
assert steps["unit"] == steps["classifier"] == int(sys.argv[1]), steps
END
  done
done
/usr/bin/python3 -c '
import glob
import numpy as np
expected = np.load("T1.npy")
names = sorted(glob.glob("*T*.npy"))
assert len(names) == 12, names
for name in names:
    found = np.load(name)
    # The mean over time may round in its last bits; folding rounds differently.
    worst = np.abs(found - expected).max() / np.abs(expected).max()
    assert worst <= (1e-5 if name.startswith("deployed") else 2.4e-7), (name, worst)'
expect 0 "$RVBC" summary "$here/tiny.rvb" -D T=4
says 'inference computes 1 of 4 steps' 'training computes 1 of 4 steps'
expect 0 "$RVBC" summary "$here/tiny.rvb" -D T=4 --no-collapse-time
says 'computes all 4 steps'
expect 0 "$RVBC" summary "$here/tiny.rvb" -D T=4 -D threshold=0.25
says 'computes all 4 steps of'
expect 0 ./program info
says 'all 4 steps are computed'
