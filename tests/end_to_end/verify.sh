#!/bin/bash
# Layer by layer: what observe writes is what NumPy computes, a deployed program is held against it, and a weight that was
# changed is found in the layer it belongs to.
. "$(dirname "$0")/common.sh"
export PYTHONPATH=$here:$root/tests/golden PYTHONDONTWRITEBYTECODE=1
data=$(fashion_folder)

tiny tiny -D threshold=0.25
./tiny train --data "$data" --limit 200 --epochs 2 --batch 50 --run-dir run -q
w=run/last.safetensors
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(7, 1, 28, 28).astype("f4"))
np.save("other.npy", np.random.RandomState(2).randn(7, 1, 28, 28).astype("f4"))'
expect 0 ./tiny observe -i x.npy --weights $w -o seen.st -b 3
/usr/bin/python3 - $w <<'END'
import sys
import numpy as np
import tiny_reference as reference
from safetensors_file import read
weights, seen, x = read(sys.argv[1]), read("seen.st"), np.load("x.npy")
names = [n for n in seen if n.startswith("spikes:")]
assert len(names) == 2 and len(seen) == 5, list(seen)
first, first_u = reference.encode(weights, x, 2, 0.25)
second, second_u = reference.unit(weights, first, 0.25)
for name, spikes, membranes in zip(names, (first, second), (first_u, second_u)):
    for found, right in (seen[name], np.stack(spikes)), (seen[name.replace("spikes", "membrane")], np.stack(membranes)):
        assert found.shape == right.shape, (name, found.shape, right.shape)
        close = np.abs(found - right) <= 1e-4 * np.abs(right).max()
        assert close.mean() > 0.9999, (name, close.mean())  # but for a neuron at its threshold
logits = seen["logits"]
assert logits.shape == (7, 10)
np.save("logits.npy", logits)
END
./tiny infer -i x.npy --weights $w --output l.npy
same l.npy logits.npy

deploy() { "$RVBC" deploy "$here/tiny.rvb" -D threshold=0.25 -q "$@"; }
deploy --weights $w --observe -o tiny.infer
expect 0 ./tiny.infer verify -i x.npy --against seen.st --tolerance 1e-3
says '0 of 7 decisions differ' 'logits'
expect 0 ./tiny verify -i x.npy --weights $w --against seen.st --tolerance 0
deploy --weights $w -o blind
expect 0 ./blind verify -i x.npy --against seen.st --tolerance 1e-3
says 'only the answers can be compared'
expect 0 ./tiny observe --data "$data" --weights $w -o data.st
expect 0 ./tiny.infer verify --data "$data" --against data.st --tolerance 1e-2 --json
expect 0 ./tiny observe -i random:3:20 --weights $w -o random.st
expect 0 ./blind verify -i random:3:20 --against random.st --tolerance 1e-3

# One sign of the binary layer, and one weight of the first.
/usr/bin/python3 - $w <<'END'
import json, sys
import numpy as np
raw = bytearray(open(sys.argv[1], "rb").read())
end = 8 + int.from_bytes(raw[:8], "little")
header = json.loads(raw[8:end])
def change(name, file):
    copy = bytearray(raw)
    at = end + header[name]["data_offsets"][0] + 4 * 40
    value = np.frombuffer(bytes(copy[at:at + 4]), "<f4")[0]
    copy[at:at + 4] = np.float32(-value).tobytes()
    open(file, "wb").write(copy)
change("unit.weight", "unit.st")
change("encode.weight", "encode.st")
END
layers=($(/usr/bin/python3 -c '
from safetensors_file import read
print(*(n[7:] for n in read("seen.st") if n.startswith("spikes:")))'))
for case in "encode ${layers[0]}" "unit ${layers[1]}"; do
  read -r file layer <<<"$case"
  deploy --weights "$file.st" --observe -o changed
  expect 3 ./changed verify -i x.npy --against seen.st --tolerance 1e-3
  says "the first difference is in \`$layer\`, sample 0" ' here, '
  ./changed verify -i x.npy --against seen.st --tolerance 1e-3 --json >found.json 2>/dev/null && die "no difference"
  [ "$(field found.json '["first"]["layer"]')" = "$layer" ] || die "another layer is named"
  /usr/bin/python3 - "$layer" <<'END'
import json, sys
from safetensors_file import read
first = json.load(open("found.json"))["first"]
there = read("seen.st")["spikes:" + sys.argv[1]][(first["step"], first["sample"], *first["element"])]
assert abs(there - first["there"]) < 1e-6 and abs(first["here"] - first["there"]) > 0, (there, first)
END
done

expect 1 ./tiny.infer verify -i other.npy --against seen.st
says 'of other samples'
expect 1 ./tiny.infer verify -i x.npy --limit 3 --against seen.st
expect 1 ./tiny.infer verify -i x.npy --against $w
says '`logits` is missing'
expect 2 ./tiny.infer verify -i x.npy
says '--against'
expect 2 ./tiny.infer observe -i x.npy
expect 5 ./tiny.infer verify -i x.npy --against nowhere
head -c 3000 seen.st >cut.st
expect 1 ./tiny.infer verify -i x.npy --against cut.st
