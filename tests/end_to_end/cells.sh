#!/bin/bash
# A recurrent network: it learns to tell sequences apart by what came first, gives the same bits for any number of threads,
# streams as it infers, deploys to additions, and compiles to as many kernels for 1,000 steps as for 10.
. "$(dirname "$0")/common.sh"

cat >cells.rvb <<'RVB'
param T = 10

cell Recurrent(x, units) {
  state u = 0 over [units]
  state s = 0 over [units]
  u = 0.9 * u * (1 - s) + linear(x, units) as input + linear(s, units, bias = false, weights = binary(alpha)) as recurrent
  s = step(u - 0.5, surrogate = triangle)
  return s
}

network Cells(x: [6] over T) {
  return x |> Recurrent(32) as hidden |> linear(2) as classifier |> mean_over_time
}

recipe {
  optimizer = adam(rate = 0.01)
  epochs = 12
}
RVB
# The class is the sign of the first frame; the rest is noise.
/usr/bin/python3 - <<'PY'
import numpy as np
random = np.random.default_rng(1)
labels = random.integers(0, 2, 512)
x = random.normal(0, 0.3, (10, 512, 6)).astype(np.float32)
x[0] += np.where(labels == 1, 1, -1)[:, None]
np.save("x.npy", x)
np.save("labels.npy", labels.astype(np.int64))
PY
"$RVBC" cells.rvb -o cells 2>/dev/null
for threads in 1 2; do
  ./cells train --input x.npy --labels labels.npy --batch 32 --seed 3 -t $threads -q --run-dir run$threads >log$threads
done
same run1/last.safetensors run2/last.safetensors
accuracy=$(./cells eval --input x.npy --labels labels.npy --weights run1/last.safetensors --json |
  /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["accuracy"])')
/usr/bin/python3 -c "assert $accuracy > 0.9, '$accuracy'"

expect 0 "$RVBC" deploy cells.rvb --weights run1/last.safetensors -o small --verify-addonly
says 'verified: 0 multiplies in 1 kernels of 1 binary layers'
./cells infer --weights run1/last.safetensors x.npy --output trained.npy
./small infer x.npy --output deployed.npy
./small infer --stream x.npy --output streamed.npy
/usr/bin/python3 - <<'PY'
import numpy as np
trained, deployed, streamed = (np.load(name + ".npy") for name in ("trained", "deployed", "streamed"))
assert np.abs(trained - deployed).max() < 1e-5
assert (streamed == deployed).all()
assert (trained.argmax(1) == deployed.argmax(1)).all()
PY

for steps in 10 1000; do
  "$RVBC" cells.rvb -o long -D T=$steps 2>&1 | sed -n 's/.*· \([0-9]* kernels\).*/\1/p' >kernels.$steps
done
test -s kernels.10
same kernels.10 kernels.1000

# What a cell reads of all steps together is known only after the last one: no stream, and that is said.
cat >whole.rvb <<'RVB'
cell Weighed(x, whole) {
  state u = 0
  u = 0.5 * u + x * whole
  return u
}
network Whole(x: [6] over 4) {
  return Weighed(x, mean(x, over = time)) |> linear(2) |> mean_over_time
}
RVB
"$RVBC" whole.rvb -q -o whole
./whole init -o whole.safetensors >/dev/null
expect 2 ./whole infer --stream x.npy --weights whole.safetensors
says 'was compiled without its function `step`'
