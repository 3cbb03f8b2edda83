#!/bin/bash
# Weights, arrays and folders that are missing, cut off, of the wrong kind or not finite.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

tiny
./tiny init --seed 1 -o good.safetensors
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys

import numpy as np

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import safetensors_file

good = safetensors_file.read("good.safetensors")


def variant(name, change):
    tensors = {key: value.copy() for key, value in good.items()}
    change(tensors)
    safetensors_file.write(name, tensors)


variant("missing.safetensors", lambda t: t.pop("unit.alpha"))
variant("extra.safetensors", lambda t: t.update({"surplus.weight": np.zeros(3)}))
variant("shape.safetensors", lambda t: t.update({"encode.weight": np.zeros([8, 1, 5, 5])}))
variant("nan.safetensors", lambda t: t["unit.weight"].__setitem__((0, 0, 0, 0), np.nan))
safetensors_file.write("wrapped.safetensors", {"module." + key: value for key, value in good.items()})
header = b'{"a":{"dtype":' + b"[" * 65500 + b"]" * 65500 + b',"shape":[],"data_offsets":[0,0]}}'
open("deep.safetensors", "wb").write(len(header).to_bytes(8, "little") + header)
open("keras.safetensors", "wb").write(b"\x89HDF\r\n\x1a\n" + bytes(100))
variant("variance.safetensors", lambda t: t["unit_bn.running_var"].__setitem__(3, -1))
content = open("good.safetensors", "rb").read()
open("cut.safetensors", "wb").write(content[:-9])
open("header.safetensors", "wb").write(b"\xff" * 7 + b"\x7f" + content[8:])
open("empty.safetensors", "wb").close()
x = np.zeros([4, 1, 28, 28], "f4")
np.save("x.npy", x)
np.save("y.npy", np.array([1, 2, 3, 4]))
np.save("wide.npy", np.zeros([4, 1, 28, 29], "f4"))
np.save("moving.npy", np.zeros([2, 4, 1, 28, 28], "f4"))
np.save("few_labels.npy", np.array([1, 2, 3]))
np.save("wrong_label.npy", np.array([1, 2, 3, 10]))
x[2, 0, 3, 3] = np.inf
np.save("inf.npy", x)
open("cut.npy", "wb").write(open("x.npy", "rb").read()[:-5])
END

weights() { expect "$1" ./tiny infer --weights "$2" --input x.npy --output out.npy; }
weights 0 good.safetensors
weights 5 nowhere.safetensors
says nowhere.safetensors
weights 4 missing.safetensors
says missing.safetensors unit.alpha
weights 4 extra.safetensors
says surplus.weight
weights 4 shape.safetensors
says encode.weight '[8, 1, 5, 5]' '[8, 1, 3, 3]'
weights 1 nan.safetensors
says nan.safetensors unit.weight
# One check, one message, whoever reads the weights.
for name in missing extra shape nan variance; do
  code=4
  case $name in
    nan) code=1 && text='`unit.weight` element 0 is not finite (nan)' ;;
    variance) code=1 && text='`unit_bn.running_var` element 3 of a variance is negative' ;;
    missing) text='`unit.alpha` is missing, expected shape [1, 8, 1, 1]' ;;
    extra) text='`surplus.weight` [3] is not a parameter of this network' ;;
    shape) text='`encode.weight` has shape [8, 1, 5, 5], expected [8, 1, 3, 3]' ;;
  esac
  weights $code $name.safetensors
  says "$text"
  for command in eval gradient "train --run-dir run.$name"; do
    expect $code ./tiny $command --weights $name.safetensors --input x.npy --labels y.npy
    says "$text"
  done
  expect $code "$RVBC" deploy "$here/tiny.rvb" -q --weights $name.safetensors -o tiny.infer
  says "$text"
done
for name in cut header empty deep keras; do
  weights 1 $name.safetensors
  says $name.safetensors
done
# Names that a wrapper of the model has lengthened.
weights 4 wrapped.safetensors
says 'the names begin with `module.`' '--strip-prefix module.'
expect 0 ./tiny infer --weights wrapped.safetensors --strip-prefix module. --input x.npy --output stripped.npy
weights 0 good.safetensors
same out.npy stripped.npy
expect 1 ./tiny infer --weights good.safetensors --strip-prefix module. --input x.npy --output stripped.npy
says good.safetensors 'begins with `module.`'
expect 4 "$RVBC" deploy "$here/tiny.rvb" -q --weights wrapped.safetensors -o tiny.infer
says 'error[RVB0502]: wrapped.safetensors' 'help: the names begin with `module.`'
expect 0 "$RVBC" deploy "$here/tiny.rvb" -q --weights wrapped.safetensors --strip-prefix module. -o tiny.infer
rm tiny.infer
for name in deep keras; do
  expect 1 "$RVBC" deploy "$here/tiny.rvb" -q --weights $name.safetensors -o tiny.infer
  says $name.safetensors
done
expect 4 "$RVBC" deploy "$here/tiny.rvb" -q --weights shape.safetensors -o tiny.infer
says 'error[RVB0502]: shape.safetensors' 'note: `encode.weight` has shape [8, 1, 5, 5], expected [8, 1, 3, 3]'
expect 4 "$RVBC" deploy "$here/tiny.rvb" -q --weights shape.safetensors -o tiny.infer --diagnostics json
mv said line.json
[ "$(field line.json '["code"]["code"]')" = RVB0502 ] || die "no code in the JSON"
expect 5 "$RVBC" deploy "$here/tiny.rvb" -q --weights nowhere.safetensors -o tiny.infer
[ ! -e tiny.infer ] || die "wrong weights left a program behind"

input() { expect "$1" ./tiny infer --weights good.safetensors --input "$2" --output out.npy; }
for name in wide moving inf cut; do
  input 1 $name.npy
  says $name.npy
done
input 5 nowhere.npy
for name in few_labels wrong_label; do
  expect 1 ./tiny gradient --weights good.safetensors --input x.npy --labels $name.npy --output g.safetensors
  says $name.npy
done

# Nothing is read that is no regular file; a shell's pipes are.
mkfifo pipe
ln -s /dev/zero endless
for name in pipe endless; do
  input 5 $name
  says "$name is a"
  weights 5 $name
  says "$name is a"
done
same <(./tiny infer --weights <(cat good.safetensors) --input <(cat x.npy) --output -) out.npy

expect 5 ./tiny eval --data "$work/nowhere" --weights good.safetensors
says nowhere
mkdir empty
expect 5 ./tiny eval --data empty --weights good.safetensors
mkdir broken
cp "$data"/* broken/
head -c 3000 "$data/t10k-images-idx3-ubyte.gz" >broken/t10k-images-idx3-ubyte.gz
expect 1 ./tiny eval --data broken --weights good.safetensors
says t10k-images-idx3-ubyte
expect 2 ./tiny eval --data "$data"
expect 2 ./tiny evla --data "$data"
says eval
expect 2 ./tiny eval --data "$data" --wieghts good.safetensors
says --weights

# A file that cannot be written to its end: nothing that was saved is lost.
cp good.safetensors kept.safetensors
limited() { (trap '' XFSZ && ulimit -f 8 && exec "$@"); }
expect 5 limited ./tiny init --seed 2 -o kept.safetensors
says kept.safetensors
same good.safetensors kept.safetensors
[ "$(ls | grep -c kept)" -eq 1 ] || die "a half-written file was left behind"
