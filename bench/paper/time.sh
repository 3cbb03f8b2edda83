#!/bin/bash
# What time costs on a still image at threshold 0, where every step gives the same: ResNet20 with T = 1, 2 and 4.
#
#   bench/paper/time.sh [--rounds 9] [--batch 32] [--threads N] [--width 64]
#
# For every T, with collapse-time and (--no-collapse-time) without: how far the logits of the trained and of the deployed
# program lie from those of T = 1, relative to the largest logit; milliseconds of a forward pass and of a training step,
# the median of rounds in which all programs take turns, and their ratio to T = 1.
set -euo pipefail
. "$(dirname "$0")/common.sh"

rounds=9 batch=32 threads=$(nproc) width=64
options "rounds batch threads width" "$@"
enter_empty time
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(8, 3, 32, 32).astype("f4"))'
model=("$root/stdlib/networks/resnet20.rvb" -D "width=$width")
for T in 1 2 4; do
  for collapse in "" --no-collapse-time; do
    name=T$T$collapse
    "$rvbc" "${model[@]}" -D T=$T $collapse -q -o "$name"
    [ -e w.safetensors ] || "./$name" init --seed 1 -o w.safetensors
    "$rvbc" deploy "${model[@]}" -D T=$T $collapse --weights w.safetensors -q -o "$name.deployed"
    "./$name" infer x.npy --weights w.safetensors --output "$name.npy" >/dev/null
    "./$name.deployed" infer x.npy --output "$name.deployed.npy" >/dev/null
  done
done
exec /usr/bin/python3 - "$rounds" "$batch" "$threads" <<'END'
import json, statistics, subprocess, sys
import numpy as np

rounds, batch, threads = sys.argv[1:]
names = [f"T{T}{collapse}" for T in (1, 2, 4) for collapse in ("", "--no-collapse-time")]


def ms(program, *flags):
    command = [f"./{program}", "bench", "--batch", batch, "--threads", threads, "-r", "2", "--json", *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["rows"][0]["median_ms"]


times = {}
for r in range(int(rounds)):
    for name in names[r % 6:] + names[: r % 6]:
        times.setdefault((name, "forward"), []).append(ms(name + ".deployed"))
        times.setdefault((name, "training"), []).append(ms(name, "--train"))


def median(name, what):
    return statistics.median(times[name, what])


def ratio(name, what):  # round by round, so that what disturbs the machine disturbs both
    return statistics.median(a / b for a, b in zip(times[name, what], times["T1", what]))


print("| program | trained logits differ by | deployed | forward, ms | to T = 1 | training step, ms | to T = 1 |")
print("|---|---:|---:|---:|---:|---:|---:|")
for name in names:
    row = [name.replace("--no-collapse-time", ", all steps computed").replace("T", "T = ")]
    for kind in ("", ".deployed"):
        first, this = np.load(f"T1{kind}.npy"), np.load(f"{name}{kind}.npy")
        row.append(f"{np.abs(this - first).max() / np.abs(first).max():.1e}")
    for what in ("forward", "training"):
        row += [f"{median(name, what):.1f}", f"{ratio(name, what):.3f}"]
    print("| " + " | ".join(row) + " |")
END
