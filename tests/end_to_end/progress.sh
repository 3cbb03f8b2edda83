#!/bin/bash
# progress(): factors of a loss and weights that change while a network learns; 1 in use; resumed runs read the same.
. "$(dirname "$0")/common.sh"

cat >net.rvb <<'END'
import neurons
import losses

param T = 2

function steeper(w) { return tanh((1 + 3 * progress()) * w) }

network Annealed(image: [1, 6, 6] repeated T) {
  x = image |> conv2d(4, padding = 1) as encode |> batchnorm |> reverb
  x = x |> conv2d(4, padding = 1, weights = real(of = steeper)) as soft |> reverb
  y = x |> flatten |> linear(3) as classifier |> mean_over_time
  loss = (1 - progress()) * mean(square(y), over = channel) + progress() * cross_entropy(y)
  return y
}

recipe { batch = 16 epochs = 3 }
END
sed 's/progress()/1/g' net.rvb >done.rvb
/usr/bin/python3 - <<'END'
import numpy as np
draws = np.random.default_rng(1)
np.save("x.npy", draws.standard_normal((64, 1, 6, 6)).astype("<f4"))
np.save("y.npy", draws.integers(0, 3, 64))
END
"$RVBC" net.rvb -q -o net
"$RVBC" done.rvb -q -o done
./net init --seed 1 -o w.safetensors
for p in 0 0.25 1; do
  ./net gradient --weights w.safetensors --input x.npy --labels y.npy --progress $p --output g$p.npz --json >$p.json
done
# At 1 it is the network with 1 in its place; a quarter of the way, that with a quarter.
./done gradient --weights w.safetensors --input x.npy --labels y.npy --output done.npz --json >done.json
sed 's/progress()/0.25/g' net.rvb >quarter.rvb
"$RVBC" quarter.rvb -q -o quarter
./quarter gradient --weights w.safetensors --input x.npy --labels y.npy --output quarter.npz --json >quarter.json
./net infer --weights w.safetensors --input x.npy --output a.npy
./done infer --weights w.safetensors --input x.npy --output b.npy
same a.npy b.npy
/usr/bin/python3 - <<'END'
import json
import numpy as np
loss = lambda name: json.load(open(name + ".json"))["loss"]
for ours, theirs in ("g1", "done"), ("g0.25", "quarter"):
    a, b = np.load(ours + ".npz"), np.load(theirs + ".npz")
    assert sorted(a.files) == sorted(b.files) and "soft.weight" in a.files, a.files
    for name in a.files:
        assert abs(a[name] - b[name]).max() <= 1e-5 * abs(b[name]).max() + 1e-9, (ours, name)
assert abs(loss("1") - loss("done")) < 1e-6 and abs(loss("0.25") - loss("quarter")) < 1e-6 and abs(loss("0") - loss("1")) > 1e-2
END

# Deployed, it is 1; a run that was interrupted goes on with the progress of its steps.
"$RVBC" deploy net.rvb -q --weights w.safetensors -o small
expect 0 ./small infer --input x.npy --output c.npy
/usr/bin/python3 -c 'import numpy as np; a, c = np.load("a.npy"), np.load("c.npy"); assert abs(a - c).max() < 1e-5 * abs(a).max()'
train=(--input x.npy --labels y.npy --seed 2 --quiet)
./net train "${train[@]}" --run-dir whole >/dev/null
./net train "${train[@]}" --run-dir cut --steps 5 --epochs 3 >/dev/null
./net train "${train[@]}" --run-dir cut --resume >/dev/null
same whole/last.safetensors cut/last.safetensors
expect 2 ./net gradient --weights w.safetensors --input x.npy --labels y.npy --progress 2
says '--progress'
