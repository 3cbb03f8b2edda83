#!/bin/bash
# Samples that are drawn: random numbers for what looks at answers, classes that can be learned for what trains.
. "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1

tiny
./tiny init --seed 1 -o w.st
expect 0 ./tiny infer -i random:7:40 --weights w.st --output a.npy -t 1
expect 0 ./tiny infer -i random:7 --weights w.st --output b.npy -b 3
expect 0 ./tiny infer -i random:8 --weights w.st --output c.npy
/usr/bin/python3 -c '
import numpy as np
a, b, c = np.load("a.npy"), np.load("b.npy"), np.load("c.npy")
assert a.shape == (40, 10) and b.shape == c.shape == (16, 10)
assert np.array_equal(a[:16], b) and not np.array_equal(b, c) and len(np.unique(a[:, 0])) == 40'
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.st -o tiny.infer
expect 0 ./tiny.infer infer -i random:7:40 --output d.npy
/usr/bin/python3 -c '
import numpy as np
a, d = np.load("a.npy"), np.load("d.npy")
assert np.abs(a - d).max() <= 1e-4 * np.abs(a).max()'
expect 0 ./tiny.infer eval --data synthetic:60
says '(cross entropy)'

# Chance is one in ten. The test samples are others than those that were learned from.
expect 0 ./tiny train --data synthetic:400 --epochs 2 --run-dir run
says 'on 400 samples'
./tiny eval --data synthetic:400 --weights run/last.safetensors --json >eval.json
holds "$(field eval.json '["accuracy"]') > 0.6 and $(field eval.json '["count"]') == 80"
[ "$(field eval.json '["classes"][3]["count"]')" = 8 ] || die "the classes are not of one size"
expect 0 ./tiny train --data synthetic:400 --epochs 1 --run-dir parts
expect 0 ./tiny train --resume --epochs 2 --run-dir parts
./tiny eval --data synthetic:400 --weights parts/last.safetensors --json >again.json
[ "$(field eval.json '["data"]["hash"]')" = "$(field again.json '["data"]["hash"]')" ] || die "other samples"
expect 0 env RVB_DATA=synthetic ./tiny eval --weights w.st --limit 20

# So does what rvbc asks a program for.
expect 0 "$RVBC" deploy "$here/tiny.rvb" --weights run/last.safetensors --spikes i16 --calibrate synthetic:400 -o tiny.i16
says 'calibrated on 400 samples' 'decisions differ'
expect 0 "$RVBC" deploy "$here/tiny.rvb" --weights run/last.safetensors --spikes i16 --calibrate random:1:30 -o tiny.i16
says 'calibrated on 30 samples'
expect 0 "$RVBC" pack "$here/tiny.rvb" --weights run/last.safetensors --data synthetic:100 -o small.st
says '0 of 20 decisions differ'

# Recordings and vectors are drawn, too.
cat >spoken.rvb <<'END'
import neurons
network Spoken(x: [20] over 5) {
  return x |> linear(12) as hidden |> reverb |> linear(3) as classifier |> mean_over_time
}
recipe { epochs = 8 batch = 20 }
END
"$RVBC" spoken.rvb -q -o spoken
expect 0 ./spoken train --data synthetic:300 --min-acc 0.6 --run-dir spoken.run -q
expect 0 ./spoken infer -i random:1:3 --weights spoken.run/last.safetensors

for wrong in random: random:x random:1: random:1:0 random:1:x random:1:2:3 random:99999999999999999999; do
  expect 2 ./tiny infer -i $wrong --weights w.st
  says 'expected random:SEED'
done
for wrong in synthetic: synthetic:0 synthetic:-1 synthetic:5x synthetic:99999999999; do
  expect 2 ./tiny eval --data $wrong --weights w.st
  says 'expected synthetic'
done
expect 2 ./tiny eval -i random:1 --labels c.npy --weights w.st
says '--data synthetic has'
expect 2 ./tiny eval --data synthetic --partition random:0.2:1 --weights w.st
expect 2 ./tiny eval --data synthetic --frames equal_time --weights w.st
expect 2 ./tiny infer -i random:1 --resize 40 --weights w.st
