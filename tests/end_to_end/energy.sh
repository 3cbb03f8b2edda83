#!/bin/bash
# What `eval --energy` counts, held against a count with NumPy: borders, strides, pools, time.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(1)
x = r.randn(6, 1, 28, 28).astype("f4")
x[:, :, :9, 3:] = 0
np.save("x.npy", x)
np.save("y.npy", np.array([0, 9, 3, 3, 7, 1]))'
for threshold in 0 0.25; do
  "$RVBC" "$here/tiny.rvb" -q -D threshold=$threshold -o tiny
  # Trained a little, so that no layer is at its initial values.
  rm -rf run
  ./tiny train --input x.npy --labels y.npy --epochs 3 --batch 3 --run-dir run -q >/dev/null
  cp run/last.safetensors w.safetensors
  expect 0 ./tiny eval --input x.npy --labels y.npy --weights w.safetensors --energy --json --batch 4
  /usr/bin/python3 "$here/energy.py" "$root/tests/golden" $threshold
done
expect 0 ./tiny eval --input x.npy --labels y.npy --weights w.safetensors --energy
says 'operations and energy of one sample' 'paper' '45nm-int8' 'binary spike costs'
# Ternary weights: those of 0 are no connections. The classifier reads neurons whose order flatten has changed.
sed -e 's/binary(alpha)/ternary(alpha)/' -e 's/avgpool(2) |> //' -e 's/linear(10)/linear(10, weights = ternary)/' "$here/tiny.rvb" >ternary.rvb
"$RVBC" ternary.rvb -q -D threshold=0.25 -o ternary
./ternary train --input x.npy --labels y.npy --epochs 3 --batch 3 --run-dir run3 -q >/dev/null
cp w.safetensors signs.safetensors
cp run3/last.safetensors w.safetensors
expect 0 ./ternary eval --input x.npy --labels y.npy --weights w.safetensors --energy --json
/usr/bin/python3 "$here/energy.py" "$root/tests/golden" 0.25 ternary
mv signs.safetensors w.safetensors
# A classifier on the image itself, whose order flatten has changed as well; and the image pooled before the first layer,
# which is a layer of the image all the same.
cat >bare.rvb <<'END'
network Bare(image: [2, 8, 8] repeated 2) {
  return image |> flatten |> linear(8, weights = ternary) as classifier |> mean_over_time
}
END
sed -e 's/x = image/x = image |> avgpool(2)/' "$here/tiny.rvb" >pooled.rvb
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from safetensors_file import write
w, image = np.zeros((8, 2, 64), "f4"), np.zeros((3, 2, 64), "f4")
w[:, 0], image[:, 1] = 1, 1  # all weights on channel 0, all light in channel 1
image[:, 0, :5] = 1
write("bare.safetensors", {"classifier.weight": w.reshape(8, 128), "classifier.bias": np.zeros(8, "f4")})
np.save("bare.npy", image.reshape(3, 2, 8, 8))
np.save("bare_labels.npy", np.array([0, 1, 2]))
END
"$RVBC" bare.rvb -q -o bare
expect 0 ./bare eval --input bare.npy --labels bare_labels.npy --weights bare.safetensors --energy --json
[ "$(field said '["energy"]["synapses"][0]["operations"]')" = 80.0 ] || die "operations: 5 pixels, 8 outputs, 2 steps"
"$RVBC" pooled.rvb -q -o pooled
./pooled init -o pooled.safetensors
expect 0 ./pooled eval --input x.npy --labels y.npy --weights pooled.safetensors --energy --json
[ "$(field said '["energy"]["total"]["flops"]')" = $((2 * 8 * 9 * 49)).0 ] || die "a pooled image's layer is counted in FLOPs"
# Sixty joins of one value are 2^60 ways from the layer to the image; which are looked at once.
cat >joins.rvb <<'END'
network Joins(frames: [2, 4, 4] over 2) {
  x = frames
  repeat i in 0..60 {
    x = x + x
  }
  return x |> flatten |> linear(2, weights = binary) |> mean_over_time
}
END
expect 0 timeout 300 "$RVBC" joins.rvb -q -o joins
# The deployed program counts the same events when it was asked to carry what is needed.
"$RVBC" deploy "$here/tiny.rvb" -q -D threshold=0.25 --weights w.safetensors -o seen --observe
expect 0 ./seen eval --input x.npy --labels y.npy --energy --json
/usr/bin/python3 "$here/energy.py" "$root/tests/golden" 0.25 deployed
"$RVBC" deploy "$here/tiny.rvb" -q -D threshold=0.25 --weights w.safetensors -o blind
expect 2 ./blind eval --input x.npy --labels y.npy --energy
says '--observe'

# The entropy of spikes is that of NumPy's counts over what observe shows.
./seen observe --input x.npy --limit 1000 -o observed.safetensors >/dev/null
expect 0 ./seen eval --input x.npy --labels y.npy --entropy --json
/usr/bin/python3 - "$root/tests/golden" <<'END'
import json
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from safetensors_file import read

def bits(values):
    share = np.unique(values, return_counts=True)[1] / values.size
    return -(share * np.log2(share)).sum()

spikes = read("observed.safetensors")
rows = json.load(open("said"))["entropy"]
assert len(rows) == 2
for row in rows:
    v = spikes["spikes:" + row["layer"]].ravel()
    assert row["values"] == v.size, (row, v.size)
    for name, want in (
        ("fired", (v != 0).mean()),
        ("fires_bits", bits(v != 0)),
        ("i8_bits", bits(np.rint(v / np.float32(abs(v).max()) * np.float32(127)))),
        ("i16_bits", bits(np.rint(v / np.float32(abs(v).max()) * np.float32(1021)))),
        ("f32_bits", bits(v)),
    ):
        assert abs(row[name] - want) < 1e-9, (row, name, want)
    assert 0.1 < row["fires_bits"] <= 1 < row["i16_bits"] < row["f32_bits"], row
END
