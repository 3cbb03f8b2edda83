#!/bin/bash
# Wrong text, wrong flags, missing files: what rvbc says and how it ends.
. "$(dirname "$0")/common.sh"

cat >wrong.rvb <<'END'
import neurons

network Wrong(image: [1, 28, 28] repeated 2) {
  x = image |> conv2d(32, kernel = 3, padding = 1) |> reverb
  y = image |> conv2d(16, kernel = 3, padding = 1) |> reverb
  z = x + y
  w = missing |> reverb
  return x |> flatten |> linear(10) |> mean_over_time
}
END
expect 1 "$RVBC" check wrong.rvb
says 'error[RVB0203]' 'error[RVB0101]' 'wrong.rvb:6:' 'wrong.rvb:7:' '^' '[32, 28, 28]' '[16, 28, 28]'
expect 1 "$RVBC" wrong.rvb -o wrong
[ ! -e wrong ] || die "a wrong model left a program behind"
expect 1 "$RVBC" check wrong.rvb --diagnostics=json
python3 - said <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
codes = [row["code"]["code"] for row in rows if row.get("code")]
assert "RVB0203" in codes and "RVB0101" in codes, codes
END

expect 0 "$RVBC" explain RVB0203
expect 0 "$RVBC" explain 203
expect 0 "$RVBC" check "$root/examples/fashion.rvb"
expect 1 "$RVBC" check "$root/examples/fashion.rvb" -D nothing=1
says RVB0108
expect 2 "$RVBC" "$root/examples/fashion.rvb" --targett=native
says --target
expect 2 "$RVBC" "$root/examples/fashion.rvb" --target=x86-64-v33 -o never
says 'error[RVB0401]: unknown target `x86-64-v33`' 'did you mean `x86-64-v3`'
for command in check fmt summary; do
  expect 5 "$RVBC" $command nowhere.rvb
  says 'error[RVB0501]: cannot read nowhere.rvb'
done
printf 'import resnet20\nimport vgg16\n' >two.rvb
expect 1 "$RVBC" check two.rvb --diagnostics=short
says 'RVB0312'
[ "$(grep -c error said)" = 1 ] || die "one mistake, several errors"
# Flags of a program that say nothing where they stand
"$RVBC" "$here/tiny.rvb" -q -o flags
./flags init -o flags.safetensors
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.zeros((2, 1, 28, 28), "f4"))
np.save("y.npy", np.array([1, 2]))
np.save("nan.npy", np.full((2, 10), np.nan, "f4"))'
samples=(--input x.npy --labels y.npy --weights flags.safetensors)
expect 0 ./flags eval "${samples[@]}"
for flag in '--partition official' '--frames equal_time' '--split train'; do
  expect 2 ./flags eval "${samples[@]}" $flag
  says 'belong to --data'
done
expect 2 ./flags eval "${samples[@]}" --resize 30
says '--resize belongs to pictures'
# An empty value is no value, and not a flag that was left out.
for flag in --data --weights --output --threads --partition; do
  expect 2 ./flags infer --input x.npy --weights flags.safetensors $flag ''
  says "$flag needs a value"
done
expect 2 ./flags train "${samples[@]}" --validate= --run-dir never
says '--validate needs a value'
for flag in --emit --mem-limit --print-after; do
  expect 2 "$RVBC" "$here/tiny.rvb" -o never $flag ''
  says "$flag: needs a value"
done
expect 2 "$RVBC" deploy "$here/tiny.rvb" -o never --weights flags.safetensors --calibrate ''
says '--calibrate: needs a value'

# Images are taken as they are, and flags that nothing would heed are refused.
/usr/bin/python3 - <<'END'
import struct
for part in "train", "t10k":
    open(part + "-images-idx3-ubyte", "wb").write(struct.pack(">4I", 0x803, 4, 28, 28) + bytes(4 * 784))
    open(part + "-labels-idx1-ubyte", "wb").write(struct.pack(">2I", 0x801, 4) + bytes(4))
END
expect 0 ./flags eval --data . --weights flags.safetensors
for flag in '--resize 30' '--frames equal_time' '--time-unit ms'; do
  for command in 'eval --weights flags.safetensors' 'train --run-dir never'; do
    expect 2 ./flags $command --data . $flag
    says "${flag% *} belongs to"
  done
done
expect 2 ./flags eval --data /tmp --labels y.npy --weights flags.safetensors
says '--labels belongs to --input'
expect 2 ./flags train --data /tmp --labels y.npy
expect 1 ./flags eval "${samples[@]}" --compare nan.npy
says 'nan.npy: a logit is not finite'
expect 2 ./flags bench --json --format csv
expect 2 ./flags bench --threads 1,
says '`1,`'
expect 0 ./flags gradient "${samples[@]}" --batch 1 --json
[ "$(field said '["count"]')" = 1 ] || die "--batch 1 takes one sample"

expect 2 "$RVBC" chekc "$root/examples/fashion.rvb"
says check
expect 2 "$RVBC" "$root/examples/fashion.rvb" -D nothing
expect 5 "$RVBC" check no/such.rvb
says no/such.rvb
expect 5 "$RVBC" "$here/tiny.rvb" -q -o no/such/folder/tiny
says no/such/folder
# Options before the model, whatever they take; the model from a pipe.
for words in '--target generic' '--diagnostics short' '--print-after dce'; do
  expect 0 "$RVBC" $words "$here/tiny.rvb" -q -o tiny
done
expect 0 "$RVBC" --emit plan "$here/tiny.rvb" -o plan.txt
"$RVBC" - -q -o piped <"$here/tiny.rvb" || die "a model from standard input"
[ -x piped ] || die "no program from standard input"
expect 2 "$RVBC" -
says '-o FILE is needed'

# Another C++ compiler links, and one that is missing is named.
printf '#!/bin/sh\ntouch %s/called\nexec c++ "$@"\n' "$work" >linker
chmod +x linker
CXX=$PWD/linker expect 0 "$RVBC" "$here/tiny.rvb" -q -o other
[ -e called ] || die "CXX was not asked"
CXX=/nowhere/c++ expect 5 "$RVBC" "$here/tiny.rvb" -q -o never
says /nowhere/c++
[ ! -e never ] || die "a program was written without a linker"

# What a program is made from is never replaced.
cp "$here/tiny.rvb" model
expect 2 "$RVBC" model -q
says 'would replace model'
./piped init -o w.safetensors
expect 2 "$RVBC" deploy "$here/tiny.rvb" --weights w.safetensors -o w.safetensors
says 'would replace w.safetensors'
same model "$here/tiny.rvb"
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from safetensors_file import read, write
weights = {name: values.copy() for name, values in read("w.safetensors").items()}
weights["unit_bn.running_var"][3] = -1
write("negative.safetensors", weights)
END
expect 1 "$RVBC" deploy "$here/tiny.rvb" --weights negative.safetensors -o never
says 'unit_bn.running_var' 'variance is negative'

# A cache in a folder of the user's: only what the compiler put there goes; what is damaged there is made again.
mkdir mine
truncate -s 2G mine/precious.bin
echo text >mine/thesis.txt
truncate -s 2G mine/rvb_old_0123456789abcdef.o
touch -d '2001-01-01' mine/*
RVB_CACHE_DIR=$PWD/mine expect 0 "$RVBC" "$here/tiny.rvb" -q -o tiny
[ -s mine/thesis.txt ] && [ -s mine/precious.bin ] || die "files of the user's are gone"
[ ! -e mine/rvb_old_0123456789abcdef.o ] || die "the cache has no bound"
for object in mine/rvb_*.o; do
  : >"$object"
done
RVB_CACHE_DIR=$PWD/mine expect 0 "$RVBC" "$here/tiny.rvb" -q -o tiny

# Weights that grew too large in the last step of an epoch are found when the epoch is tested.
cat >linear.rvb <<'END'
network Linear(image: [1, 28, 28] repeated 1) {
  return image |> flatten |> linear(32) |> linear(10) |> mean_over_time
}
END
expect 0 "$RVBC" linear.rvb -q -o linear
expect 1 ./linear train --data "$(fashion_folder)" --limit 32 --batch 32 --epochs 4 --lr 1e6 --weight-decay 1e3 --run-dir grown --quiet
says 'testing epoch 3' 'training has diverged' 'grown/last.safetensors'

expect 0 "$RVBC" --help
says rvbc
expect 0 "$RVBC" --version
