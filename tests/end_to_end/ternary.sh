#!/bin/bash
# Ternary weights deployed: two bits a weight, additions only, in floating point and in integers.
. "$(dirname "$0")/common.sh"
model=$root/tests/golden/variants.rvb
case=$root/tests/golden/cases/variant_ternary_alpha

# close FILE TOLERANCE: the logits in FILE against PyTorch's
close() {
  /usr/bin/python3 - "$1" "$case/logits.npy" "$2" <<'END' || die "the logits in $1 are wrong"
import sys, numpy as np
ours, golden = np.load(sys.argv[1]), np.load(sys.argv[2])
sys.exit(not np.abs(ours - golden).max() <= float(sys.argv[3]) * np.abs(golden).max())
END
}

expect 0 "$RVBC" summary "$model" -D 'weights=ternary(alpha)'
says 'packed params' 'binary and ternary weights'
deploy() { "$RVBC" deploy "$model" -D 'weights=ternary(alpha)' --weights "$case/weights.safetensors" "$@"; }
expect 0 deploy -o small --verify-addonly
says 'verified: 0 multiplies'
expect 0 ./small infer --input "$case/x.npy" --output logits.npy
close logits.npy 1e-5
./small info --json >info.json
# two planes of words of 32 channels: block1 2 x 9 x 4, block2 9 x 8 + 9 x 8 + 8, hidden 3 words (72 inputs) x 6
holds "$(field info.json '["deployment"]["binary_bytes"]') == 2 * 4 * (2 * 36 + 72 + 72 + 8 + 18)"
for spikes in i32 i16; do
  expect 0 deploy -o whole.$spikes --spikes $spikes --calibrate "$case/x.npy"
  expect 0 ./whole.$spikes infer --input "$case/x.npy" --output $spikes.npy
done
close i32.npy 1e-4
close i16.npy 5e-3

# Without alpha nothing but BatchNorm follows the weights, which are packed all the same.
cat >bare.rvb <<'END'
import neurons
network Bare(image: [3, 8, 8] repeated 2) {
  x = image |> conv2d(8, kernel = 3, padding = 1) |> batchnorm |> reverb
  x = x |> conv2d(40, kernel = 3, padding = 1, weights = ternary) as bare |> batchnorm |> reverb
  return x |> flatten |> linear(10, weights = ternary) as classifier |> mean_over_time
}
END
"$RVBC" bare.rvb -q -o bare
./bare init -o bare.safetensors
/usr/bin/python3 -c 'import numpy as np; np.save("image.npy", np.random.default_rng(1).standard_normal((5, 3, 8, 8), "f4"))'
./bare infer --input image.npy --weights bare.safetensors --output bare.npy
expect 0 "$RVBC" deploy bare.rvb --weights bare.safetensors -o bare.infer --verify-addonly
says 'of 2 binary layers'
./bare.infer info --json >info.json
# two planes: 8 channels are one word for each of 9 taps and 40 outputs; 2560 inputs are 80 words for each of 10
holds "$(field info.json '["deployment"]["binary_bytes"]') == 2 * 4 * (9 * 40 + 80 * 10)"
./bare.infer infer --input image.npy --output bare_deployed.npy
/usr/bin/python3 -c '
import numpy as np
a, b = np.load("bare.npy"), np.load("bare_deployed.npy")
assert np.abs(a - b).max() <= 1e-5 * np.abs(a).max(), (a, b)'

# Spikes nearly twice as large as any of the calibration still fit into 32 bits.
/usr/bin/python3 -c 'import sys, numpy as np; np.save("half.npy", np.load(sys.argv[1]) / np.float32(1.9))' "$case/x.npy"
expect 0 deploy -o half.i32 --spikes i32 --calibrate half.npy
expect 0 ./half.i32 infer --input "$case/x.npy" --output half.i32.npy
close half.i32.npy 1e-4
