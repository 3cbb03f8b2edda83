#!/bin/bash
# What training says of itself: the samples that choose the best epoch, layers that never or always fire, which loss.
. "$(dirname "$0")/common.sh"

cat >net.rvb <<'END'
import neurons
param threshold = 0
neuron always(tau = 0.5) {
  state u = 0
  u = tau * u + input
  fires = u >= 0 - 1000
  emit fires ? u + 2000 : 0
}
neuron readout(tau = 0.5) {
  state u = 0
  u = tau * u + input
  emit u + 2000
}
network Net(x: [1, 4, 4] repeated 2) {
  return x |> conv2d(8, kernel = 3, padding = 1) as encode |> batchnorm |> reverb(threshold = threshold) as first
    |> flatten |> linear(3) as classifier |> mean_over_time
}
recipe {
  loss = cross_entropy(smoothing = 0.25)
  epochs = 2
  batch = 10
}
END
sed 's/|> flatten/|> flatten |> linear(5) |> always as busy |> linear(5) |> readout as open/' net.rvb >always.rvb
sed 's/cross_entropy(smoothing = 0.25)/tet/' net.rvb >tet.rvb
sed 's/batch = 10/batch = 10\n  validate = 0.2/' net.rvb >kept.rvb
sed 's/batch = 10/batch = 10\n  validate = 1.5/' net.rvb >wrong.rvb
/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(1)
y = np.array([0] * 50 + [1] * 29 + [2])
x = r.randn(80, 1, 4, 4).astype("f4") + y[:, None, None, None]
np.save("x.npy", x)
np.save("y.npy", y)'
for network in net always tet kept; do "$RVBC" $network.rvb -q -o $network; done
"$RVBC" net.rvb -q -D threshold=1000 -o silent
expect 1 "$RVBC" check wrong.rvb
says '`validate` is `1.5`'
data="--input x.npy --labels y.npy"

expect 0 ./net train $data --run-dir plain
says 'plain/best.safetensors is chosen by the training accuracy; --validate 0.1'
[ "$(field plain/config.json '["best_chosen_by"]')" = 'training accuracy' ] || die "what chose the best epoch is not told"
expect 0 ./net train $data --validate 0.1:7 --run-dir a
says 'on 72 samples' 'validation '
if grep -q 'is chosen by' said; then die "a note without a need"; fi
expect 0 ./net train $data --validate 0.1:7 --run-dir b -t 1 -q
expect 0 ./net train $data --validate 0.1:8 --run-dir c -q
expect 0 ./kept train $data --run-dir d -q
same a/last.safetensors b/last.safetensors
same a/best.safetensors b/best.safetensors
[ "$(field a/config.json '["best_chosen_by"]')" = 'validation accuracy' ] || die "what chose the best epoch is not told"
holds "$(field a/config.json '["validation_samples"]') == 8" # of 50, 29 and 1
holds "$(field d/config.json '["validation_samples"]') == 16"
hash() { field "$1/config.json" '["data"]["'"$2"'"]["split_hash"]'; }
[ "$(hash a train)" != "$(hash c train)" ] || die "another seed kept the same samples"
[ "$(hash a train)" != "$(hash a validation)" ] || die "two parts have one hash"
[ "$(hash a train)" != "$(hash plain train)" ] || die "the whole and a part have one hash"
grep -q '"validation_accuracy"' a/metrics.jsonl || die "no validation accuracy in the metrics"
expect 0 ./net train $data --validate 0.1:7 --run-dir e --steps 5 -q
expect 0 ./net train --resume --run-dir e -q
same a/last.safetensors e/last.safetensors
expect 0 ./net report --run-dir a -o page.html
grep -q 'by validation accuracy' page.html || die "the report does not say what chose the best epoch"
expect 0 ./kept train $data --validate 0 --run-dir f -q
[ "$(field f/config.json '["best_chosen_by"]')" = 'training accuracy' ] || die "--validate 0 keeps none"
for wrong in 1 -0.1 x 0.1: 0.1:x; do
  expect 2 ./net train $data --validate=$wrong --run-dir never
done
says '--validate is' '0.1:7'

# Each layer once, in the log and in the metrics.
expect 0 ./silent train $data --run-dir silent.run
says 'warning: epoch 1: `first` never fires' 'a lower threshold'
[ "$(grep -c 'never fires' said)" -eq 1 ] || die "told twice"
[ "$(grep -c '"fires":"never"' silent.run/metrics.jsonl)" -eq 1 ] || die "not once in the metrics"
expect 0 ./silent train --resume --epochs 3 --run-dir silent.run
if grep -q 'never fires' said; then die "told again after a resume"; fi
expect 0 ./always train $data --lr 1e-9 --run-dir always.run
says '`busy` always fires' 'a higher threshold'
if grep -q '`open`\|`first` ' said; then die "a read-out and a layer that works are warned of"; fi

# Which loss: cross entropy, and the recipe's next to it.
expect 0 ./net eval $data --weights plain/last.safetensors --output l.npy
says '(cross entropy)' "the recipe's loss (cross entropy, smoothing 0.25): "
./net eval $data --weights plain/last.safetensors --json >eval.json
/usr/bin/python3 - <<'END'
import json
import numpy as np
z, y, found = np.load("l.npy").astype(float), np.load("y.npy"), json.load(open("eval.json"))
log = z - z.max(1, keepdims=True)
log -= np.log(np.exp(log).sum(1, keepdims=True))
plain, smooth = -log[np.arange(80), y].mean(), -log.mean()
assert found["loss_name"] == "cross entropy" and abs(found["loss"] - plain) < 1e-6
assert found["recipe_loss"]["name"] == "cross entropy, smoothing 0.25"
assert abs(found["recipe_loss"]["value"] - (0.75 * plain + 0.25 * smooth)) < 1e-6
END
./tet init -o tet.st
expect 0 ./tet eval $data --weights tet.st
says "the recipe's loss (tet): needs the logits of every step"
