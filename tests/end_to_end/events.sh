#!/bin/bash
# Recordings in any order, unit and spelling give the logits of the plain ones, in training and deployed programs, from
# folders and as single files; frames of a fixed duration from the recipe and from the command line.
. "$(dirname "$0")/common.sh"
export RVB_CACHE_DIR=$work/cache

/usr/bin/python3 - <<'END'
import os

import numpy as np

rng = np.random.default_rng(2)
N = 200
for label in "ab":
    x, y, p = rng.integers(0, 8, N), rng.integers(0, 8, N), rng.integers(0, 2, N)
    t = np.sort(rng.permutation(100_000)[:N])  # no equal times: those keep the order of the file
    order = rng.permutation(N)
    padded = np.zeros(N, np.dtype({"names": list("xypt"), "formats": [">u2", "<u2", "<i2", "<i8"], "offsets": [0, 2, 4, 8], "itemsize": 24}))
    for name, column in zip("xypt", (x, y, 2 * p - 1, t)):
        padded[name] = column
    variants = {
        "plain": dict(x=x, y=y, p=p, t=t),
        "shuffled": dict(x=x[order], y=y[order], p=p[order], t=t[order]),
        "wrapped": dict(x=x, y=y, polarity=p.astype(bool), timestamp=((t + 2**31 - 50_000) & 0xFFFFFFFF).astype("u4").view("i4")),
        "seconds": dict(x=x, y=y, p=p, t=t * 1e-6),
    }
    for part in ("train", "test"):
        for name, arrays in variants.items():
            os.makedirs(f"{name}/{part}/{label}")
            np.savez(f"{name}/{part}/{label}/0.npz", **arrays)
        os.makedirs(f"padded/{part}/{label}")
        np.save(f"padded/{part}/{label}/0.npy", padded)
    frames = np.zeros((4, 1, 2, 8, 8), "f4")
    for k in range(4):
        inside = (t >= t[0] + 20_000 * k) & (t < t[0] + 20_000 * (k + 1))
        np.add.at(frames[k, 0], (p[inside], y[inside], x[inside]), 1)
    np.save(f"{label}.npy", frames)
    with open(f"{label}.late", "w") as file:
        file.write(str(N - int(frames.sum())))
END

cat >small.rvb <<'END'
import neurons

network Small(frames: [2, 8, 8] over 4) {
  return frames |> flatten |> linear(4) |> reverb |> linear(2, weights = binary(alpha)) as classifier |> mean_over_time
}

recipe {
  epochs = 2
  batch = 2
  frames = duration(us = 20000)
}
END
"$RVBC" small.rvb -q -o small
./small init -o w.safetensors
"$RVBC" fmt --check small.rvb
"$RVBC" deploy small.rvb -q --weights w.safetensors -o small.infer

# The recipe's rule: the frames that NumPy makes, and the events after the last one counted.
for label in a b; do
  ./small infer $label.npy --weights w.safetensors -o wanted.npy
  expect 0 ./small infer plain/test/$label/0.npz --weights w.safetensors -o one.npy
  same one.npy wanted.npy
  says "plain/test/$label/0.npz is longer than 4 frames of 20000 us: $(cat $label.late) events"
  ./small.infer infer $label.npy -o wanted.npy
  expect 0 ./small.infer infer plain/test/$label/0.npz -o one.npy
  same one.npy wanted.npy
done
expect 2 ./small.infer infer plain/test/a/0.npz --partition random:0.2:1
says 'belong to --data'

second='import sys, numpy as np; a, b = map(np.load, sys.argv[1:]); sys.exit(a.shape != (1, 2) or not (a[0] == b[1]).all())'
for rule in duration=20ms duration=30000 equal_time equal_count; do
  ./small eval --data plain --weights w.safetensors --frames $rule -o plain.npy >/dev/null 2>&1
  for name in shuffled wrapped seconds padded; do
    unit=()
    [ $name != seconds ] || unit=(--time-unit s)
    expect 0 ./small eval --data $name --weights w.safetensors --frames $rule "${unit[@]}" -o other.npy
    same other.npy plain.npy
    [ $name != shuffled ] || says "2 samples, such as one of shuffled/test/a/0.npz, are not ordered by time"
    [ $name != wrapped ] || says "a clock that overflowed"
    file=$(echo $name/test/b/0.np?)
    expect 0 ./small infer "$file" --weights w.safetensors --frames $rule "${unit[@]}" -o one.npy
    /usr/bin/python3 -c "$second" one.npy plain.npy || die "$file has other logits alone"
  done
done
expect 1 ./small eval --data seconds --weights w.safetensors
says seconds/test/a/0.npz "have fractions" "--time-unit s, ms, us or ns"
expect 1 ./small.infer infer seconds/test/a/0.npz
says seconds/test/a/0.npz "--time-unit"
expect 2 ./small eval --data plain --weights w.safetensors --frames duration
says '--frames is `duration`' duration=5000us
expect 2 ./small eval --data plain --weights w.safetensors --time-unit minutes
says 's, ms, us, ns'
expect 2 ./small eval --input a.npy --labels a.npy --weights w.safetensors --time-unit s
says 'belong to --data'

# The run keeps both settings.
settings=(--time-unit s --frames duration=30ms --quiet)
./small train --data seconds "${settings[@]}" --run-dir whole
./small train --data seconds "${settings[@]}" --run-dir parts --steps 1 --epochs 2
./small train --resume --quiet --run-dir parts
same whole/last.safetensors parts/last.safetensors
[ "$(field parts/config.json '["plan"]["frames"]') $(field parts/config.json '["plan"]["time_unit"]')" = "duration=30000us s" ] ||
  die "config.json does not keep the frames"
./small report --run-dir parts -o report.html
sed 's/frames = .*/time_unit = s/' small.rvb >unit.rvb
"$RVBC" unit.rvb -q -o unit
./unit eval --data seconds --weights w.safetensors -o other.npy >/dev/null
./small eval --data plain --weights w.safetensors --frames equal_count -o plain.npy >/dev/null
same other.npy plain.npy
"$RVBC" deploy unit.rvb -q --weights w.safetensors --spikes i16 --calibrate seconds -o unit.infer
