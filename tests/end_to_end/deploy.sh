#!/bin/bash
# The deployed program decides as the trained network, takes one bit a binary weight, multiplies in no binary layer, and
# needs nothing but what every machine has.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

for threshold in 0 0.25; do
  tiny tiny -D threshold=$threshold -D T=3
  ./tiny train --data "$data" --limit 3000 --epochs 1 --quiet --run-dir run$threshold
  weights=run$threshold/last.safetensors
  ./tiny eval --data "$data" --limit 2000 --weights $weights --output logits.npy --json >trained.json
  expect 0 "$RVBC" deploy "$here/tiny.rvb" -D threshold=$threshold -D T=3 --weights $weights -o tiny.infer --verify-addonly
  says 'verified: 0 multiplies in 2 kernels of 1 binary layers' # of infer and of step
  ./tiny.infer eval --data "$data" --limit 2000 --compare logits.npy --json >deployed.json
  holds "$(field deployed.json '["comparison"]["decisions_differ"]') == 0"
  holds "$(field deployed.json '["accuracy"]') > 0.4"
  holds "abs($(field deployed.json '["accuracy"]') - $(field trained.json '["accuracy"]')) <= $(field deployed.json '["comparison"]["ties"]') / 2000"
  says '% of the synaptic operations; with real weights multiply: `encode` (' ', `classifier` ('
  expect 0 ./tiny.infer --verify-addonly
  says 'verified: 0 multiplies in 2 kernels of 1 binary layers' 'with real weights multiply: `encode` ('
  expect 0 ./tiny.infer --verify-addonly --json
  says '"multiplying_layers":[{"layer":"encode"' '"binary_share":0.'
  ./tiny.infer info --json >info.json
  # 40 x 8 x 9 signs; 8 channels take a word of 32 bits
  holds "$(field info.json '["deployment"]["binary_bytes"]') == 40 * 9 * 4"
  holds "$(field info.json '["deployment"]["synaptic_multiplies"]') == 0"
  expect 0 ./tiny.infer bench --batch 1 --threads 1 --repeats 3
done

# libraries: C, mathematics, OpenMP, the data readers
ldd tiny.infer >libraries
if grep -vE 'linux-vdso|ld-linux|lib(c|m|gomp|pthread|dl|z|png16|jpeg)\.so' libraries; then
  die "the deployed program needs other libraries"
fi

# A bit that changed in the weights, or anywhere in the data, is noticed before anything is computed.
/usr/bin/python3 -c '
import numpy as np
np.save("x.npy", np.random.RandomState(0).randn(2, 1, 28, 28).astype("f4"))'
/usr/bin/python3 "$here/flipped_bits.py" tiny.infer x.npy 40

# A network whose layers are all real has nothing to verify, and that is no success.
cat >real.rvb <<'END'
import neurons
network Real(x: [4] repeated 2) { return x |> linear(3) as a |> reverb |> linear(2) as b |> mean_over_time }
END
"$RVBC" real.rvb -q -o real
./real init -o real.safetensors
expect 3 "$RVBC" deploy real.rvb -q --weights real.safetensors --verify-addonly -o real.infer
says 'nothing to verify: the network has no binary or ternary layer; with real weights multiply: `a` (66.7 %), `b` (33.3 %)'
expect 0 "$RVBC" deploy real.rvb -q --weights real.safetensors -o real.infer
expect 3 ./real.infer --verify-addonly
says 'nothing to verify'
expect 0 ./real.infer info
says 'nothing to verify'
