#!/bin/bash
# Spikes in fixed point: the deployed program decides as the one in floating point, gives the same bits for every
# instruction set and number of threads, and still only adds.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

tiny
./tiny train --data "$data" --limit 3000 --epochs 1 --quiet --run-dir run
weights=run/last.safetensors
./tiny eval --data "$data" --limit 2000 --weights $weights --output real.npy --json >real.json

deploy() { "$RVBC" deploy "$here/tiny.rvb" --weights $weights "$@"; }
for spikes in i32 i16; do
  expect 0 deploy --spikes $spikes --calibrate "$data" --calibration-samples 500 -o $spikes.infer --verify-addonly
  says 'verified: 0 multiplies' "spikes of ${spikes#i} bits: accuracy" 'of 500 decisions differ'
  says 'calibrated on 500 samples' 'range used'
  # every binary layer sums integers
  deploy --spikes $spikes --calibrate "$data" --calibration-samples 500 --emit=ir -o - >$spikes.ir
  [ "$(grep -c ' = quantize(.*limit' $spikes.ir)" -ge 1 ] || die "no spike is quantized"
  grep -E ' = binary_conv2d\(.* : i32' $spikes.ir >/dev/null || die "no binary layer is in the IR"
  if grep -E ' = binary_(conv2d|linear)\(.* : f32' $spikes.ir; then die "a binary layer sums real numbers"; fi
  # and the neuron after it has no floating point before its last spike
  grep -A 20 ' = scan(%sums' $spikes.ir | sed '/^  }/q' >neuron.ir
  grep -q 'rescale' neuron.ir || die "a neuron does not compute in integers"
  if grep ' : f32' neuron.ir | grep -v 'dequantize\|  } :'; then die "a neuron computes with real numbers"; fi
  ./$spikes.infer eval --data "$data" --limit 2000 --compare real.npy --output $spikes.npy --json >$spikes.json
  ./$spikes.infer eval --data "$data" --limit 2000 --threads 1 --batch 7 --output again.npy --json >/dev/null
  same $spikes.npy again.npy
  for target in generic x86-64-v3; do
    deploy --spikes $spikes --calibrate "$data" --calibration-samples 500 --target $target -q -o other.infer
    ./other.infer eval --data "$data" --limit 2000 --output other.npy --json >/dev/null
    # The encoding layer is real: its sums may round differently, and a spike then falls to the next grid point.
    ./other.infer eval --data "$data" --limit 2000 --compare $spikes.npy --json >other.json
    holds "$(field other.json '["comparison"]["decisions_differ"]') <= 2"
  done
done
# What is beyond the calibration is counted: three times the input is beyond the 16 bits of every layer, and is said.
/usr/bin/python3 -c '
import numpy as np
x = np.random.RandomState(4).randn(300, 1, 28, 28).astype("f4")
np.save("seen.npy", x)
np.save("louder.npy", 3 * x)
np.save("loudest.npy", 100 * x)
np.save("labels.npy", np.arange(300) % 10)'
for spikes in i32 i16; do
  deploy --spikes $spikes --calibrate seen.npy --calibration-samples 300 -q -o held
  expect 0 ./held infer seen.npy --output held.npy
  if grep -q 'were held' said; then die "the calibration's own samples are beyond it"; fi
  input=louder && [ $spikes = i16 ] || input=loudest
  expect 0 ./held infer $input.npy --output held.npy
  says "spikes were held at the limit of their ${spikes#i} bits" '`unit`'
  ./held eval --input $input.npy --labels labels.npy --json >held.json
  holds "$(field held.json '["spikes"]["held"]') > 100"
  holds "$(field held.json '["spikes"]["layers"][0]["beyond_calibration"]') >= $(field held.json '["spikes"]["held"]')"
  ./held eval --input seen.npy --labels labels.npy --json >held.json
  holds "$(field held.json '["spikes"]["held"]') == 0"
  expect 0 ./held eval --input $input.npy --labels labels.npy
  says 'held at the limit' 'beyond calibr.'
  expect 0 ./held info
  says "integers of ${spikes#i} bits" 'calibrated on 300 samples' 'the largest of the calibration was'
done
holds "$(field i32.json '["comparison"]["decisions_differ"]') == 0"
holds "abs($(field i16.json '["accuracy"]') - $(field real.json '["accuracy"]')) <= 0.001 + 1e-9"

# A layer that is silent in the calibration is no reason for those after it to fire.
cat >silent.rvb <<'END'
import neurons
network Silent(image: [1, 28, 28] repeated 2) {
  x = image |> conv2d(8, kernel = 3, stride = 2, padding = 1) |> batchnorm |> reverb(threshold = 2)
  x = x |> conv2d(16, kernel = 3, padding = 1, weights = binary) |> lif(threshold = 0.4)
  x = x |> conv2d(16, kernel = 3, padding = 1, weights = binary(alpha)) |> batchnorm |> reverb
  return x |> avgpool(2) |> flatten |> linear(10) |> mean_over_time
}
END
"$RVBC" silent.rvb -q -o silent
./silent init -o silent.safetensors
/usr/bin/python3 -c '
import numpy as np
np.save("quiet.npy", np.random.default_rng(1).standard_normal((64, 1, 28, 28), "f4") / 64)'
./silent infer --input quiet.npy --weights silent.safetensors --output silent_real.npy
for spikes in i32 i16; do
  "$RVBC" deploy silent.rvb --weights silent.safetensors --spikes $spikes --calibrate quiet.npy -q -o silent.infer
  ./silent.infer infer --input quiet.npy --output silent_$spikes.npy
  /usr/bin/python3 - silent_$spikes.npy <<'END'
import sys
import numpy as np
difference = np.abs(np.load(sys.argv[1]) - np.load("silent_real.npy")).max()
assert difference <= 1e-5, difference
END
done

expect 2 deploy --spikes i16 -o never
says '--spikes i16 needs --calibrate'
expect 2 deploy --spikes i8 --calibrate "$data" -o never
expect 5 deploy --spikes i16 --calibrate /nowhere -o never
says 'calibration failed' '/nowhere'
[ ! -e never ] || die "a program was written without calibration"
