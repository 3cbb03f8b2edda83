#!/bin/bash
# BatchNorm over one value a channel: such a batch has no variance, and is refused or left out.
. "$(dirname "$0")/common.sh"

cat >rows.rvb <<'END'
import neurons
network Rows(x: [6] repeated 2) {
  return x |> linear(8) |> batchnorm as norm |> reverb |> linear(3) as c |> mean_over_time
}
recipe {
  epochs = 40
  batch = 8
}
END
sed 's/repeated 2/over 2/' rows.rvb >moving.rvb
sed 's/\[6\] repeated/[2, 3, 1] repeated/; s/linear(8)/conv2d(8, kernel = 1)/; s/|> linear(3)/|> flatten |> linear(3)/' rows.rvb >pixels.rvb
sed 's/batchnorm as norm |> reverb/lif(threshold = 0.4) |> linear(8) |> batchnorm as norm |> reverb/' rows.rvb >inner.rvb
/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(1)
for n in 1, 2, 9:
    x = r.randn(n, 6).astype("f4")
    np.save(f"x{n}.npy", x)
    np.save(f"pixels{n}.npy", x.reshape(n, 2, 3, 1))
    np.save(f"moving{n}.npy", r.randn(2, n, 6).astype("f4"))
    np.save(f"y{n}.npy", np.arange(n) % 3)'
for network in rows moving pixels inner; do "$RVBC" $network.rvb -q -o $network; done
./rows init -o rows.st
text='BatchNorm `norm` one value a channel, which has no variance'
samples() { echo --input "$1$2.npy" --labels "y$2.npy"; }
expect 1 ./rows train $(samples x 9) --batch 1 --run-dir one
says "$text" '--batch'
[ ! -e one/last.safetensors ] || die "a batch of one was trained on"
expect 1 ./rows train $(samples x 1) --run-dir one
says "$text"
expect 1 ./rows train $(samples x 9) --limit 1 --run-dir one
says "$text"
expect 1 ./rows gradient $(samples x 1) --weights rows.st
says "$text"
expect 1 ./rows gradient $(samples x 9) --batch 1 --weights rows.st
says "$text"
expect 0 ./rows gradient $(samples x 2) --weights rows.st
# The steps of a still image are alike where no neuron has been, and may differ after one: a membrane remembers.
for network in moving pixels inner; do
  given=$network && [ $network != inner ] || given=x
  expect 0 ./$network train $(samples $given 9) --batch 1 --epochs 1 --run-dir $network.run -q
done
# The ninth sample would be a batch by itself.
expect 0 ./rows train $(samples x 9) --run-dir left
says 'the last batch of an epoch, of one sample, is left out: BatchNorm `norm`'
[ "$(tail -1 left/metrics.jsonl | python3 -c 'import json; print(json.loads(input())["steps"])')" = 40 ] || die "no step was left out"
# In order, that is training on the first eight alone.
./rows train $(samples x 9) --run-dir nine --no-shuffle -q >/dev/null 2>&1
./rows train $(samples x 9) --run-dir eight --no-shuffle --limit 8 -q >/dev/null 2>&1
/usr/bin/python3 - "$root/tests/golden" <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from safetensors_file import read
nine, eight = read("nine/last.safetensors"), read("eight/last.safetensors")
assert all((nine[name] == eight[name]).all() for name in eight), nine["norm.running_var"] / eight["norm.running_var"]
END
# Interrupted and resumed: the same bytes.
./rows train $(samples x 9) --run-dir parts --steps 7 -q >/dev/null 2>&1
./rows train --resume --run-dir parts -q >/dev/null 2>&1
same left/last.safetensors parts/last.safetensors
