#!/bin/bash
# Inputs of two and of four dimensions: trained from arrays, streamed, deployed; the same numbers in another shape are the
# same network, bit for bit.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 -c '
import os
import numpy as np
r = np.random.RandomState(4)
shapes = {"two": (4, 90), "image": (4, 30, 3), "four": (4, 6, 5, 3)}
for name, shape in shapes.items():
    r = np.random.RandomState(4)
    np.save(f"{name}.npy", r.randn(3, 5, *shape).astype("f4"))
    for part, count in ("train", 12), ("test", 4):
        for label in "abc":
            os.makedirs(f"{name}/{part}/{label}")
            for i in range(count):
                np.save(f"{name}/{part}/{label}/{i}.npy", r.poisson(1 + ord(label) % 3, (3, *shape)).astype("u1"))
np.save("labels.npy", np.arange(5) % 3)
np.save("events.npy", np.array([[0, 0, 0, 1], [3, 1, 0, 0]]))'
network() {
  cat <<END
import neurons
network Ranks(signal: [$1] over 3) {
  x = signal |> batchnorm as bn |> reverb |> dropout(0.1)
  x = x + signal |> lif
  x = x |> flatten |> linear(40, weights = binary(alpha)) as hidden |> batchnorm as bn2 |> reverb
  return x |> linear(3) as classifier |> mean_over_time
}
recipe {
  optimizer = sgd(rate = 0.1, momentum = 0.9)
  epochs = 2
  batch = 9
}
END
}
network '4, 90' >two.rvb
network '4, 30, 3' >image.rvb
network '4, 6, 5, 3' >four.rvb
for name in two image four; do
  "$RVBC" $name.rvb -q -o $name.net
  ./$name.net train --data $name --quiet --run-dir $name.run >/dev/null
  weights=$name.run/last.safetensors
  ./$name.net eval --data $name --weights $weights --json >$name.json
  ./$name.net infer $name.npy --weights $weights -o $name.logits.npy
  ./$name.net infer --stream $name.npy --weights $weights -o $name.stream.npy
  ./$name.net gradient --weights $weights --input $name.npy --labels labels.npy --output $name.gradient.safetensors
  "$RVBC" deploy $name.rvb -q --weights $weights -o $name.infer --verify-addonly
  ./$name.infer infer $name.npy -o $name.deployed.npy
  "$RVBC" deploy $name.rvb -q --weights $weights --spikes i16 --calibrate $name.npy -o $name.i16
  ./$name.i16 infer $name.npy -o $name.i16.npy
  ./$name.net eval --data $name --weights $weights --energy --json >$name.energy.json
done
for name in two four; do
  for kind in logits stream deployed i16; do
    same $name.$kind.npy image.$kind.npy
  done
  /usr/bin/python3 - $name <<'END' || die "the tensors of $name are not those of the image"
import json, struct, sys
def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: data[8 + size + t["data_offsets"][0]:8 + size + t["data_offsets"][1]]
            for name, t in header.items() if name != "__metadata__"}
for path in "%s.run/last.safetensors", "%s.gradient.safetensors":
    assert tensors(path % sys.argv[1]) == tensors(path % "image"), path
a, b = (json.load(open(f"{name}.energy.json"))["energy"] for name in (sys.argv[1], "image"))
assert [x["operations"] for x in a["synapses"]] == [x["operations"] for x in b["synapses"]]
END
done
/usr/bin/python3 -c '
import numpy as np
a, b = np.load("four.logits.npy"), np.load("four.deployed.npy")
assert np.abs(a).max() > 0.01 and np.abs(a - b).max() <= 1e-5 * np.abs(a).max()
assert (np.load("four.logits.npy") == np.load("four.stream.npy")).all()'

# The shapes where they are shown.
expect 0 "$RVBC" summary four.rvb
says '[4, 6, 5, 3]'
expect 0 "$RVBC" graph four.rvb --format dot
says '4×6×5×3'
expect 0 ./two.net info
says '[4, 90]'

# What does not fit.
expect 1 ./four.net infer image.npy --weights four.run/last.safetensors
says '[3, N, 4, 6, 5, 3]'
expect 1 ./four.net infer events.npy --weights four.run/last.safetensors
says '[2, 4]'
for part in train test; do
  mkdir -p {events,pictures}/$part/{a,b,c}
  for label in a b c; do cp events.npy events/$part/$label; done
done
expect 1 ./two.net eval --data events --weights two.run/last.safetensors
says 'events' '[4, 90]'
sed 's/over 3/repeated 3/' four.rvb >still.rvb
"$RVBC" still.rvb -q -o still
./still init -o still.safetensors
/usr/bin/python3 -c '
from PIL import Image
for part in "train", "test":
    for label in "abc":
        Image.new("L", (3, 30)).save(f"pictures/{part}/{label}/0.png")'
expect 1 ./still eval --data pictures --weights still.safetensors
says 'pictures' '[4, 6, 5, 3]'
