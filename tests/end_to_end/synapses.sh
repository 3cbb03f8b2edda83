#!/bin/bash
# Convolutions in groups, dilated ones, and those of one dimension, deployed: additions only under signs, with and without
# tables for their neighbours, in floating point and in integers; step by step as all steps at once; any number of threads.
. "$(dirname "$0")/common.sh"

# close FILE CASE TOLERANCE: the logits in FILE against PyTorch's
close() {
  /usr/bin/python3 - "$1" "$root/tests/golden/cases/$2/logits.npy" "$3" <<'END' || die "the logits in $1 are wrong"
import sys, numpy as np
ours, golden = np.load(sys.argv[1]), np.load(sys.argv[2])
sys.exit(not np.abs(ours - golden).max() <= float(sys.argv[3]) * np.abs(golden).max())
END
}
deploy() { # CASE KIND ...
  local case=$root/tests/golden/cases/$1 kind=$2
  shift 2
  "$RVBC" deploy "$root/tests/golden/features/synapses.rvb" -D "kind=$kind" --weights "$case/weights.safetensors" "$@"
}

for kind in binary ternary; do
  name=feature_synapses_$kind
  for target in generic native; do
    expect 0 deploy $name "$kind(alpha)" --target $target -o $kind.$target --verify-addonly
    says 'verified: 0 multiplies' 'of 5 binary layers'
    expect 0 ./$kind.$target infer --input "$root/tests/golden/cases/$name/x.npy" --output $kind.npy
    close $kind.npy $name 1e-5
  done
done
name=feature_synapses_binary
x=$root/tests/golden/cases/$name/x.npy
expect 0 env OMP_NUM_THREADS=1 ./binary.native infer --input "$x" --output one.npy
expect 0 env OMP_NUM_THREADS=2 ./binary.native infer --input "$x" --output two.npy
cmp one.npy two.npy || die "the number of threads changes bits"
# Depthwise layers keep a bit a weight, 32 channels a word: 9 and 9 and 49 words of 4, 8 and 8 channels, 9 taps x 4
# channels of a group of the grouped one, 9 taps x 6 outputs of the one without groups.
./binary.native info --json >info.json
holds "$(field info.json '["deployment"]["binary_bytes"]') == 4 * (9 + 9 + 49 + 36 + 54)"
for spikes in i32 i16; do
  expect 0 deploy $name 'binary(alpha)' -o whole.$spikes --spikes $spikes --calibrate "$x" --verify-addonly
  says 'verified: 0 multiplies'
  expect 0 ./whole.$spikes infer --input "$x" --output $spikes.npy
done
close i32.npy $name 1e-4
close i16.npy $name 3e-2 # five layers after each other, spikes of at most 1021 steps

case=$root/tests/golden/cases/feature_lines
expect 0 "$RVBC" deploy "$root/tests/golden/features/lines.rvb" --weights "$case/weights.safetensors" -o lines --verify-addonly
says 'of 3 binary layers'
expect 0 ./lines infer --input "$case/x.npy" --output lines.npy
close lines.npy feature_lines 1e-5
