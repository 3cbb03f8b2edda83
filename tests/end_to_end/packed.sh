#!/bin/bash
# Packed weights: signs in bits, read wherever weights are read, and by the lines of Python in the runtime's README.
. "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1
data=$(fashion_folder)

# The documented reader, and what a file is made of for it.
/usr/bin/python3 - "$root/runtime/README.md" <<'END'
import re, sys
text = re.search(r"```python\n(import json, numpy.*?)```", open(sys.argv[1]).read(), re.S).group(1)
open("documented.py", "w").write(text)
END
cat >edit.py <<'END'
import json
import numpy as np

TYPES = {"F32": "<f4", "F16": "<f2", "U8": "u1"}

def load(path):
    raw = open(path, "rb").read()
    end = 8 + int.from_bytes(raw[:8], "little")
    return json.loads(raw[8:end]), bytearray(raw[end:])

def arrays(path):
    header, data = load(path)
    header.pop("__metadata__", None)
    return {n: np.frombuffer(data, TYPES[t["dtype"]], count=int(np.prod(t["shape"])),
                             offset=t["data_offsets"][0]).reshape(t["shape"]) for n, t in header.items()}

def save(path, header, data):
    text = json.dumps(header).encode()
    open(path, "wb").write(len(text).to_bytes(8, "little") + text + data)
END
cat >compare.py <<'END'
# compare.py ORIGINAL PACKED UNPACKED half|single NAME:THRESHOLD...   the named ones are packed; binary: -1
import sys
import numpy as np
from documented import load_packed
from edit import arrays

original, raw, unpacked, read = arrays(sys.argv[1]), arrays(sys.argv[2]), arrays(sys.argv[3]), load_packed(sys.argv[2])
packed = {n: float(t) for n, t in (word.split(":") for word in sys.argv[5:])}
assert set(original) == set(raw) == set(unpacked) == set(read)
for name, w in original.items():
    assert unpacked[name].dtype == np.float32 and np.array_equal(unpacked[name], read[name]), name
    if name not in packed:
        half = sys.argv[4] == "half"
        assert raw[name].dtype == (np.float16 if half else np.float32), name
        assert np.array_equal(unpacked[name], w.astype("f2").astype("f4") if half else w), name
        continue
    assert raw[name].dtype == np.uint8
    if packed[name] < 0:
        values, bits = np.where(w >= 0, 1, -1), 1
    else:
        limit = packed[name] * np.abs(w.astype("f8")).mean()
        values, bits = np.where(w > limit, 1, np.where(w < -limit, -1, 0)), 2
    assert raw[name].size == (w.size * bits + 7) // 8, name
    assert np.array_equal(np.sign(unpacked[name]), values), name
    scales = np.unique(np.abs(unpacked[name][values != 0]))
    mean = np.abs(w[values != 0]).mean()
    assert len(scales) == 1 and abs(scales[0] - min(mean, 1)) < 1e-5 * mean, (name, scales, mean)
END
compare() { /usr/bin/python3 compare.py "$@" || die "the packed weights are wrong: $*"; }

tiny
./tiny train --data "$data" --limit 300 --epochs 1 --quiet --run-dir run
w=run/last.safetensors
model=$here/tiny.rvb
expect 0 "$RVBC" pack "$model" --weights $w -o small.safetensors
says 'small.safetensors: ' '2880 weights of 1 layers in 360 bytes' 'single precision, as they were'
expect 0 "$RVBC" unpack small.safetensors -o wide.safetensors
compare $w small.safetensors wide.safetensors single unit.weight:-1

# Every program reads it, with the same bits.
for file in $w small.safetensors wide.safetensors; do
  ./tiny eval --data "$data" --limit 200 --weights $file --output "$(basename $file).npy" >/dev/null
  "$RVBC" deploy "$model" -q --weights $file -o tiny.infer
  ./tiny.infer eval --data "$data" --limit 200 --output "$(basename $file).infer.npy" >/dev/null
done
for file in small wide; do
  same last.safetensors.npy $file.safetensors.npy
  same last.safetensors.infer.npy $file.safetensors.infer.npy
done
expect 0 ./tiny train --data "$data" --limit 100 --epochs 1 --weights small.safetensors --run-dir more
says 'note: small.safetensors is packed: '
expect 2 "$RVBC" pack "$model" --weights $w -o $w
says 'would replace'
expect 0 "$RVBC" pack "$model" --weights small.safetensors -o again.safetensors # of packed weights, the same
same small.safetensors again.safetensors

# Other classes: the classifier is new, everything else begins as it was.
sed 's/linear(10)/linear(3)/' "$model" >three.rvb
"$RVBC" three.rvb -q -o three
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(1).randn(9, 1, 28, 28).astype("f4"))
np.save("y.npy", np.arange(9) % 3)'
expect 4 ./three train --input x.npy --labels y.npy --weights small.safetensors --run-dir fine
says '`classifier.weight` has shape' 'named with --fresh'
expect 0 ./three train --input x.npy --labels y.npy --weights small.safetensors --fresh classifier --lr 1e-9 --seed 5 --epochs 1 --run-dir fine
says 'note: `classifier` is new' 'small.safetensors is packed'
./three init --seed 5 -o begun.safetensors
/usr/bin/python3 -c '
import numpy as np
from edit import arrays
fine, begun, wide = arrays("fine/last.safetensors"), arrays("begun.safetensors"), arrays("wide.safetensors")
for name in fine:
    if "running" not in name:
        right = begun if name.startswith("classifier.") else wide
        assert np.allclose(fine[name], right[name], atol=1e-6), name' || die "the weights did not begin as they should"
expect 2 ./three train --input x.npy --labels y.npy --weights small.safetensors --fresh clasifier --run-dir never
says 'did you mean `classifier`'
expect 2 ./three train --input x.npy --labels y.npy --fresh classifier --run-dir never

# Half precision: everywhere, or where it changes no decision. Two classes that single precision alone can tell apart:
expect 0 "$RVBC" pack "$model" --weights $w --half -o half.safetensors
"$RVBC" unpack half.safetensors -o half.wide.safetensors
compare $w half.safetensors half.wide.safetensors half unit.weight:-1
/usr/bin/python3 - $w "$data" <<'END'
import gzip, os, sys
import numpy as np
from edit import load, save
# A small test part: of 10,000 images some are so close to a border that any rounding turns them over.
os.mkdir("few")
for name, start, each in ("images-idx3", 16, 784), ("labels-idx1", 8, 1):
    for part in "train", "t10k":
        raw = gzip.open(f"{sys.argv[2]}/{part}-{name}-ubyte.gz").read(start + 100 * each)
        open(f"few/{part}-{name}-ubyte", "wb").write(raw[:4] + (100).to_bytes(4, "big") + raw[8:])
header, data = load(sys.argv[1])
at, end = header["classifier.weight"]["data_offsets"]
weight = np.frombuffer(data[at:end], "<f4").reshape(10, -1).copy()
weight[1] = weight[0] * (1 + 2.0 ** -14 * np.random.RandomState(1).randn(weight.shape[1]))
weight[2:] = -1 # out of the question: spikes are not negative
data[at:end] = weight.astype("<f4").tobytes()
if "classifier.bias" in header:
    at, end = header["classifier.bias"]["data_offsets"]
    data[at:end] = bytes(end - at)
save("close.safetensors", header, data)
at, end = header["encode_bn.weight"]["data_offsets"]
data[at:at + 4] = np.float32(65600).tobytes()
save("large.safetensors", header, data)
END
expect 0 "$RVBC" pack "$model" --weights close.safetensors --data few -o checked.safetensors
says 'half precision; single in classifier' '0 of 100 decisions differ'
./tiny eval --data few --weights close.safetensors --output close.npy >/dev/null
decisions() {
  ./tiny eval --data few --weights "$1" --compare close.npy --json >compared.json
  field compared.json '["comparison"]["decisions_differ"]'
}
[ "$(decisions checked.safetensors)" = 0 ] || die "a decision changed"
"$RVBC" pack "$model" -q --weights close.safetensors --half -o half.safetensors
[ "$(decisions half.safetensors)" -gt 5 ] || die "the case is not one where precision matters"
expect 0 "$RVBC" pack "$model" --weights large.safetensors --half -o large.half.safetensors
says 'single in encode_bn'

# Ternary weights: two bits.
ternary() { "$RVBC" "$1" "$root/tests/golden/variants.rvb" -D 'weights=ternary(alpha)' "${@:2}"; }
case=$root/tests/golden/cases/variant_ternary_alpha
expect 0 ternary pack --weights "$case/weights.safetensors" -o t.safetensors
expect 0 "$RVBC" unpack t.safetensors -o t.wide.safetensors
names=$(/usr/bin/python3 -c '
import json
from edit import load
print(*(n + ":0.7" for n in json.loads(load("t.safetensors")[0]["__metadata__"]["rvb.packed"])["tensors"]))')
[ "$(wc -w <<<"$names")" -ge 3 ] || die "ternary layers are not packed: $names"
compare "$case/weights.safetensors" t.safetensors t.wide.safetensors single $names
for file in "$case/weights.safetensors" t.safetensors; do
  ternary deploy -q --weights "$file" -o t.infer
  ./t.infer infer --input "$case/x.npy" --output "$(basename "$file").t.npy"
done
same weights.safetensors.t.npy t.safetensors.t.npy

# What is damaged is refused by name; nothing is written.
/usr/bin/python3 - <<'END'
import json
from edit import load, save

def damage(name, change, source="small.safetensors"):
    header, data = load(source)
    packed = json.loads(header["__metadata__"]["rvb.packed"])
    change(header, data, packed, packed["tensors"].get("unit.weight"))
    header["__metadata__"]["rvb.packed"] = json.dumps(packed)
    save(name + ".st", header, data)

def ternary_code(header, data, packed, t):
    data[header[next(iter(packed["tensors"]))]["data_offsets"][0]] = 2

def set_(key, value):
    return lambda header, data, packed, t: t.__setitem__(key, value)

damage("schema", lambda h, d, p, t: p.__setitem__("schema", "rvb.packed/2"))
damage("none", lambda h, d, p, t: p.pop("schema"))
damage("tensors", lambda h, d, p, t: p.__setitem__("tensors", [1]))
damage("missing", lambda h, d, p, t: p["tensors"].__setitem__("nothing", t))
damage("bits", set_("bits", 3))
damage("scale", set_("scale", 0))
damage("tiny", set_("scale", 1e-80))
damage("huge", set_("scale", 1e80))
damage("shape", set_("shape", [40, 8, 3, 4]))
damage("negative", set_("shape", [-40, 8, 3, 3]))
damage("overflow", set_("shape", [2 ** 40, 2 ** 40, 3, 3]))
damage("text", set_("shape", "x"))
damage("number", lambda h, d, p, t: p["tensors"].__setitem__("unit.weight", 7))
damage("real", lambda h, d, p, t: p["tensors"].__setitem__("unit.alpha", t))
damage("code", ternary_code, "t.safetensors")
header, data = load("small.safetensors")
header["__metadata__"]["rvb.packed"] = "[" * 100
save("deep.st", header, data)
END
for damaged in *.st; do
  expect 1 "$RVBC" unpack "$damaged" -o never
  says 'these packed weights are damaged'
  [ "$damaged" = code.st ] || expect 1 ./tiny eval --data "$data" --limit 5 --weights "$damaged"
done
expect 1 "$RVBC" unpack $w -o never
says 'is not packed'
expect 4 "$RVBC" pack "$model" --weights t.safetensors -o never
expect 2 "$RVBC" pack "$model" --weights $w -o never --half --data "$data"
says 'exclude each other'
expect 5 "$RVBC" pack "$model" --weights nowhere -o never
expect 5 "$RVBC" pack "$model" --weights $w --data "$here" -o never
[ ! -e never ] || die "a file was written"
