#!/bin/bash
# infer --stream, frame by frame, gives what the whole sequence gives, bit for bit. The neurons begin at 0.375: a stream that began at 0 would differ.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(2)
for steps in 3, 4:
    x = r.randn(steps, 5, 2, 9, 8).astype("f4")
    np.save(f"x{steps}.npy", x)
    with open(f"frames{steps}.npy", "wb") as file:  # one array a frame, one after the other
        for frame in x:
            np.save(file, frame)
    np.save(f"one{steps}.npy", x[:, :1])
    with open(f"single{steps}.npy", "wb") as file:
        for frame in x:
            np.save(file, frame[0])
np.save("turned.npy", x.swapaxes(0, 1))
np.save("wrong.npy", np.zeros((4, 5, 2, 9, 7), "f4"))
np.save("whole.npy", np.zeros((4, 5, 2, 9, 8), "i4"))
np.save("none.npy", np.zeros((0, 5, 2, 9, 8), "f4"))'
for steps in 3 4; do
  "$RVBC" "$here/rested.rvb" -q -D T=$steps -o program
  ./program init --seed 3 -o w.safetensors
  "$RVBC" deploy "$here/rested.rvb" -q -D T=$steps --weights w.safetensors -o deployed
  ./program infer x$steps.npy --weights w.safetensors --output whole.trained.npy
  ./deployed infer x$steps.npy --output whole.deployed.npy
  for kind in trained deployed; do
    run=(./deployed infer)
    [ $kind = deployed ] || run=(./program infer --weights w.safetensors)
    "${run[@]}" --stream x$steps.npy --output file.npy
    "${run[@]}" --stream - --output input.npy <frames$steps.npy
    "${run[@]}" --stream one$steps.npy --output one.npy
    "${run[@]}" --stream single$steps.npy --output single.npy
    same file.npy input.npy
    same one.npy single.npy
    /usr/bin/python3 - $kind <<'END'
import sys
import numpy as np
whole, stream, one = np.load(f"whole.{sys.argv[1]}.npy"), np.load("file.npy"), np.load("one.npy")
assert (whole == stream).all(), np.abs(whole - stream).max()
assert np.abs(one - stream[:1]).max() <= 1e-6 * np.abs(whole).max()
END
  done
done
expect 0 ./deployed infer --stream x4.npy --json
[ "$(wc -l <said)" -eq 20 ] || die "a line a frame and stream is expected"
expect 0 ./deployed infer --stream x4.npy
says 'frame  sample  class'
expect 1 ./deployed infer turned.npy
says '[5, 4, 2, 9, 8]' '[4, N, 2, 9, 8]; swap the first two axes: time goes first'
expect 1 ./deployed infer --stream wrong.npy
says '[4, 5, 2, 9, 7]' '[2, 9, 8]'
expect 1 ./deployed infer --stream whole.npy
says 'integers'
expect 1 ./deployed infer --stream none.npy
says 'no frames'
head -c 3000 frames4.npy >cut.npy
expect 1 ./deployed infer --stream cut.npy
says truncated
expect 5 ./deployed infer --stream nowhere.npy
expect 2 ./deployed infer --stream
# A network that must know which step it is at cannot be streamed, and says so.
sed 's/|> batchnorm as down_bn/|> batchnorm(time = scaled) as down_bn/' "$here/rested.rvb" >scaled.rvb
"$RVBC" scaled.rvb -q -o scaled
./scaled init --seed 3 -o scaled.safetensors
expect 0 ./scaled infer x4.npy --weights scaled.safetensors --output scaled.npy
expect 2 ./scaled infer --stream x4.npy --weights scaled.safetensors
says 'without its function `step`'

# Spikes in fixed point: membranes are integers between frames as well, where neurons begin at 0, and the same to
# the bit. Where they begin elsewhere all neurons stay in floating point.
sed 's/state u = 0.375/state u = 0/' "$here/rested.rvb" >zero.rvb
for spikes in i16 i32; do
  for network in zero rested; do
    model=zero.rvb && [ $network = zero ] || model=$here/rested.rvb
    deploy=("$RVBC" deploy "$model" -q --weights w.safetensors --spikes $spikes --calibrate x4.npy)
    "${deploy[@]}" -o fixed
    ./fixed infer x4.npy --output whole.npy
    ./fixed infer --stream x4.npy --output stream.npy
    same whole.npy stream.npy
    expect 0 "$RVBC" deploy "$model" --weights w.safetensors --spikes $spikes --calibrate x4.npy -o fixed
    if [ $network = rested ]; then says 'compute in floating point: rested_2, rested_3'; fi
    "${deploy[@]}" --emit=ir -o - >$network.ir
  done
  grep -q 'state.1: i32' zero.ir || die "a membrane is no integer"
  if grep -q 'state.1: i32' rested.ir; then die "a membrane that begins at 0.375 is an integer"; fi
done

# Trained factors go through membranes into the constants of batch normalisation, in a stream as in the whole sequence:
# the same to the bit, as are still images, which are computed once in whole inferences and step by step in a stream.
second='conv2d(6, kernel = 3, padding = 1, weights = binary(alpha)) as second |> batchnorm as second_bn |> rested'
sed "s/threshold = 0.5/threshold = 0/; s/0.125/0/; s/as inner_bn |> rested/as inner_bn |> rested |> $second/" zero.rvb >moving.rvb
sed 's/frames: \[2, 9, 8\] over T/frames: [2, 9, 8] repeated T/' moving.rvb >still.rvb
"$RVBC" moving.rvb -q -o trained
./trained init --seed 3 -o w.safetensors
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from safetensors_file import read, write
random = np.random.RandomState(5)
weights = {name: random.uniform(-1.5, 1.5, value.shape) if name.endswith(".alpha") else value
           for name, value in read("w.safetensors").items()}
write("alpha.safetensors", weights)
x = np.load("x4.npy")[0]
np.save("image.npy", x)
np.save("images.npy", np.stack([x] * 4))
END
for spikes in f32 i16 i32; do
  for kind in moving still; do
    whole=x4.npy && stream=x4.npy
    if [ $kind = still ]; then whole=image.npy && stream=images.npy; fi
    calibrate=(--calibrate $whole) && [ $spikes != f32 ] || calibrate=()
    "$RVBC" deploy $kind.rvb -q --weights alpha.safetensors --spikes $spikes "${calibrate[@]}" -o $kind
    ./$kind infer $whole --output whole.npy
    ./$kind infer --stream $stream --output stream.npy
    same whole.npy stream.npy
  done
done
"$RVBC" $kind.rvb -q -o trained
./trained infer $whole --weights alpha.safetensors --output trained.npy
"$RVBC" deploy $kind.rvb -q --weights alpha.safetensors -o $kind
./$kind infer $whole --output whole.npy
/usr/bin/python3 -c '
import numpy as np
trained, deployed = np.load("trained.npy"), np.load("whole.npy")
assert np.abs(trained - deployed).max() <= 1e-5 * np.abs(trained).max(), np.abs(trained - deployed).max()'

# Trained numbers inside of neurons, through every function: in @infer they stand in the body of a scan, in @step there is
# none, and in deployed programs they are constants. The same bits all the same, for one sample and for several.
cat >learned.rvb <<'END'
import neurons
neuron curved(level = 0.3) {
  state u = 0
  state v = 0.1
  trained k = 0.4 over channel
  trained z = 0.7 over layer
  v = tanh(k) * v + atan(input * z) / (1 + exp(k))
  u = sigmoid(k * z) * u + log(1 + abs(input)) - sqrt(abs(v)) * exp(0 - z)
  emit u >= level ? u : tanh(v)
  u = u >= level ? u - level : u
}
network Learned(x: [3, 7, 6] over 3) {
  x = x |> conv2d(5, padding = 1) |> batchnorm |> lif_learned(each = channel)
  x = x |> conv2d(7, kernel = 3, padding = 1, weights = binary(alpha)) |> batchnorm |> reverb_learned(each = channel)
  x = x |> conv2d(9, kernel = 3, padding = 1, weights = ternary) |> batchnorm |> curved |> avgpool(2)
  return x |> flatten |> linear(11) |> curved |> linear(10) |> mean_over_time
}
END
"$RVBC" learned.rvb -q -o trained
./trained init --seed 3 -o w.safetensors
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from safetensors_file import read, write
random = np.random.RandomState(5)
learned = ("leak", "level", "k", "z")
write("w.safetensors", {name: random.uniform(-1.5, 1.5, value.shape) if name.split(".")[-1] in learned else value
                        for name, value in read("w.safetensors").items()})
x = 3 * random.randn(3, 5, 3, 7, 6).astype("f4")
np.save("five.npy", x)
np.save("one.npy", x[:, 2:3])
END
"$RVBC" deploy learned.rvb -q --weights w.safetensors -o deployed
"$RVBC" deploy learned.rvb -q --weights w.safetensors --spikes i16 --calibrate five.npy -o fixed
for run in "./trained infer --weights w.safetensors" "./deployed infer" "./fixed infer"; do
  for input in five.npy one.npy; do
    $run $input --output whole.npy
    $run --stream $input --output stream.npy
    same whole.npy stream.npy
  done
done

# What follows the mean over time may be no affine map: a maximum of means is no mean of maxima.
cat >after.rvb <<'END'
import neurons
param T = 4
network After(x: [1, 1, 2] over T) {
  return x |> reverb |> mean_over_time |> maxpool([1, 2]) |> flatten |> linear(2) as o
}
END
sed 's/maxpool(\[1, 2\])/batchnorm |> maxpool([1, 2])/; s/linear(2)/linear(3, weights = binary(alpha)) as b |> linear(2)/' after.rvb >deep.rvb
/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(7)
for steps in 1, 3, 4:
    np.save(f"after{steps}.npy", r.randn(steps, 5, 1, 1, 2).astype("f4"))'
for network in after deep; do
  for steps in 1 3 4; do
    "$RVBC" $network.rvb -q -D T=$steps -o program
    ./program init --seed 2 -o w.safetensors
    "$RVBC" deploy $network.rvb -q -D T=$steps --weights w.safetensors -o deployed
    for run in "./program infer --weights w.safetensors" "./deployed infer"; do
      $run after$steps.npy --output whole.npy
      $run --stream after$steps.npy --output stream.npy
      same whole.npy stream.npy
    done
  done
done
