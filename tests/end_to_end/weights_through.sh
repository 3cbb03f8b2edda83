#!/bin/bash
# Weights through functions of the program: trained and deployed give the same, and deployment holds signs and numbers alone.
. "$(dirname "$0")/common.sh"

cp "$root/tests/language/check/weights_through.rvb" .
"$RVBC" weights_through.rvb -q -o net
./net init --seed 3 -o w.safetensors
"$RVBC" deploy weights_through.rvb -q --weights w.safetensors -o small --verify-addonly >said
says 'verified: 0 multiplies'
./net infer random:1:64 --weights w.safetensors --output trained.npy
./small infer random:1:64 --output deployed.npy
/usr/bin/python3 - <<'PY'
import numpy as np
a, b = np.load("trained.npy"), np.load("deployed.npy")
assert np.ptp(a) > 0.1 and np.abs(a - b).max() < 1e-5 * np.abs(a).max(), np.abs(a - b).max()
PY
"$RVBC" deploy weights_through.rvb --weights w.safetensors --emit=ir >ir
grep -q 'two.a.bits: u32' ir
! grep -qE 'sqrt|cos\(|index\(|two.a.weight' ir || die "a function of the weights is computed again at every inference"

# What is trained is the argument of the function: one step moves it.
./net train --data synthetic:64 --epochs 1 --batch 16 --seed 3 --lr 0.1 -q --run-dir run >log
"$RVBC" deploy weights_through.rvb -q --weights run/last.safetensors -o trained
differ w.safetensors run/last.safetensors

# Signs that are drawn in training (BinaryConnect's stochastic ones): of 4,000 weights of 0.5 three quarters are 1, so that
# their sum is 2,000 with a deviation of 55; in use all are. The gradient at the signs is that of the weights.
cat >drawn.rvb <<'RVB'
function drawn(w) {
  return w + 1 - 2 * random(w, 0.5 + 0 * w)
}

network Drawn(x: [4000] repeated 1) {
  logits = x |> linear(2, bias = false, weights = binary(of = drawn, ste = 2)) as sums |> mean_over_time
  loss = mean(logits, over = channel)
  return logits
}
RVB
"$RVBC" drawn.rvb -q -o drawn
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden /usr/bin/python3 - <<'PY'
import numpy as np, safetensors_file
np.save("ones.npy", np.ones((3, 4000), "f4"))
np.save("labels.npy", np.zeros(3, "i8"))
safetensors_file.write("half.st", {"sums.weight": np.full((2, 4000), 0.5, "f4")})
PY
expect 0 ./drawn gradient --input ones.npy --labels labels.npy --weights half.st --output gradient.st
./drawn infer ones.npy --weights half.st --output used.npy
loss=$(sed -n 's/^loss \([-0-9.]*\) .*/\1/p' said) PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden /usr/bin/python3 - <<'PY'
import numpy as np, os, pathlib, safetensors_file
assert abs(float(os.environ["loss"]) - 2000) < 200, os.environ["loss"]
assert np.array_equal(np.load("used.npy"), np.full((3, 2), 4000))
gradient = safetensors_file.read(pathlib.Path("gradient.st"))["sums.weight"]
assert np.allclose(gradient, 0.5), gradient
PY
