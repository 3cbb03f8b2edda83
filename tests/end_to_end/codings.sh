#!/bin/bash
# Codings of inputs (stdlib/methods/codings.rvb): the spikes are those that a hand writes down.
. "$(dirname "$0")/common.sh"
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden

cat >coded.rvb <<'END'
import codings

param T = 5

network Coded(x: [3] over T) {
  still = x |> latency(T) as latency
  moving = x |> delta(threshold = 0.25) as delta
  even = x |> regular as regular
  drawn = Poisson(x) as poisson
  y = concat(concat(still, moving), concat(even, drawn))
  return y |> linear(2) as classifier |> mean_over_time
}
END
"$RVBC" coded.rvb -q -o coded
/usr/bin/python3 - <<'PYTHON'
import numpy as np, safetensors_file

x = np.zeros((5, 3, 3), "f4")
x[:, 0] = [0.75, 0.5, 0]
x[:, 1] = [1, 0.2, 0.125]
x[:, 2] = np.transpose([[0.25, 0.5, 0.5, 0, 0], [0.3, 0.4, 0.6, 0.6, 0.2], [1, 1, 0, 0, 0]])
np.save("x.npy", x)
np.save("many.npy", np.repeat(x, 1000, 1))
np.save("labels.npy", np.zeros(3000, "i8"))
safetensors_file.write("zero.st", {"classifier.weight": np.zeros((2, 12), "f4"), "classifier.bias": np.zeros(2, "f4")})
PYTHON
for sample in 0 1 2; do
  expect 0 ./coded trace -i x.npy --weights zero.st --sample $sample -o $sample.npz
done
# With weights of 0 and two classes the gradient of a weight is minus half of the mean of what it reads: of spikes as
# training sees them.
expect 0 ./coded gradient --input many.npy --labels labels.npy --weights zero.st --output gradient.st
/usr/bin/python3 - <<'PYTHON'
import numpy as np, pathlib, safetensors_file

expected = {
    "latency": [".1... ..1.. .....", "1.... ...1. ....1", None],
    "delta": ["111.. 11... .....", "1111. ..... .....", "11.-- 1.1.- 11--."],
    "regular": ["11.11 1.1.1 .....", "11111 ..1.. ...1.", ".1... .1.1. 11..."],
}
expected["poisson.regular"] = expected["regular"]
for name, samples in expected.items():
    for sample, spikes in enumerate(samples):
        if spikes is None:  # a time is that of a number which does not change
            continue
        found = np.load(f"{sample}.npz")[name + ".spikes"].reshape(5, 3)
        written = " ".join("".join({0: ".", 1: "1", -1: "-"}[s] for s in channel) for channel in found.T)
        assert written == spikes, (name, sample, written, spikes)

means = -2 * safetensors_file.read(pathlib.Path("gradient.st"))["classifier.weight"][0].reshape(4, 3)
x = np.load("x.npy")
assert np.abs(means[3] - x.mean((0, 1))).max() < 0.02, means  # 15,000 draws: five deviations
assert means[3][1] != means[2][1]  # drawn, not even
delta = [(spikes.split()[c].count("1") - spikes.split()[c].count("-")) for c in range(3) for spikes in expected["delta"]]
assert np.allclose(means[1], np.reshape(delta, (3, 3)).sum(1) / 15, atol=1e-5), means
PYTHON

# Deployed, and shown frame by frame, they are the same.
./coded init --seed 1 -o w.st
expect 0 ./coded infer -i x.npy --weights w.st --output trained.npy
"$RVBC" deploy coded.rvb -q --weights w.st -o coded.infer
expect 0 ./coded.infer infer -i x.npy --output deployed.npy
/usr/bin/python3 -c '
import numpy as np
x = np.load("x.npy")
for sample in range(3):
    np.save(f"{sample}.npy", x[:, sample : sample + 1])'
expect 0 ./coded.infer infer --stream 2.npy --output streamed.npy
/usr/bin/python3 -c '
import numpy as np
trained, deployed, streamed = np.load("trained.npy"), np.load("deployed.npy"), np.load("streamed.npy")
assert np.abs(trained - deployed).max() < 1e-5
assert np.abs(streamed.reshape(-1, 2)[-1] - trained[2]).max() < 1e-5, streamed'
