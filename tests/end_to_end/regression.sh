#!/bin/bash
# A regression: numbers are learned, an error is what epochs are chosen by and what eval shows, deployed and trained
# programs return the same numbers, and what belongs to classes is refused.
. "$(dirname "$0")/common.sh"

/usr/bin/python3 - <<'END'
import numpy as np
draws = np.random.default_rng(1)
def samples(count):
    x = draws.standard_normal((count, 1, 6, 6)).astype("<f4") + draws.standard_normal((count, 1, 1, 1)).astype("<f4")
    return x, np.stack([x[:, 0, :, :3].mean((1, 2)), x[:, 0, :, 3:].mean((1, 2))], 1)
for name, count in ("train", 640), ("test", 100):
    x, y = samples(count)
    np.save(f"{name}_x.npy", x)
    np.save(f"{name}_y.npy", y)
np.save("one.npy", y[:, 0])
np.save("whole.npy", np.zeros((100, 2), np.int64))
y[7, 1] = np.nan
np.save("nan.npy", y)
END
model=$here/regression.rvb
expect 0 "$RVBC" summary "$model"
says '2 numbers'
"$RVBC" "$model" -q -o net
train=(--input train_x.npy --labels train_y.npy --seed 3 --quiet)
expect 0 ./net train "${train[@]}" --validate 0.1 --run-dir run
says 'validation error' 'best'
! grep -q '%  validation' said || die "a regression has no accuracy"
expect 0 ./net eval --weights run/best.safetensors --input test_x.npy --labels test_y.npy --output trained.npy --json
cp said trained.json
holds "$(field trained.json '["squared_error"]') < 0.2 and min(n['r2'] for n in $(field trained.json '["numbers"]')) > 0.6"
# eval's figures are those of NumPy.
/usr/bin/python3 - <<'END'
import json
import numpy as np
got, y = np.load("trained.npy").astype(float), np.load("test_y.npy").astype(float)
said = json.load(open("trained.json"))
assert said["task"] == "regression" and said["count"] == 100 and "accuracy" not in said
assert abs(said["squared_error"] - ((got - y) ** 2).mean()) < 1e-9
assert abs(said["absolute_error"] - abs(got - y).mean()) < 1e-9
for k, number in enumerate(said["numbers"]):
    r2 = 1 - ((got - y)[:, k] ** 2).sum() / ((y - y.mean(0))[:, k] ** 2).sum()
    assert abs(number["r2"] - r2) < 1e-9, (number, r2)
lines = [json.loads(line) for line in open("run/metrics.jsonl")]
epochs = [line for line in lines if line["kind"] == "epoch"]
assert len(epochs) == 6 and all("validation_error" in e and "train_accuracy" not in e for e in epochs)
assert min(e["validation_error"] for e in epochs) == epochs[-1]["best_error"]
END

# Interrupted and resumed: the same bits, the best epoch is still that of the smallest error.
"./net" train "${train[@]}" --validate 0.1 --run-dir cut --steps 40 --epochs 6 >/dev/null
"./net" train "${train[@]}" --validate 0.1 --run-dir cut --resume >/dev/null
same run/last.safetensors cut/last.safetensors
same run/best.safetensors cut/best.safetensors
# Mixed samples have mixed numbers.
expect 0 ./net train "${train[@]}" --augment mixup --epochs 1 --run-dir mixed

expect 0 "$RVBC" deploy "$model" --weights run/best.safetensors -o small
expect 0 ./small eval --input test_x.npy --labels test_y.npy --compare trained.npy --json
holds "$(field said '["comparison"]["largest_difference"]') < 1e-4"
expect 0 ./small infer --input test_x.npy --limit 2
says 'sample  numbers'
expect 0 ./net report --run-dir run --input test_x.npy --labels test_y.npy -o page.html
grep -q 'Mean squared error' page.html && grep -q 'R²' page.html || die "the page has no errors"
expect 0 ./net sweep --grid seed=1,2 --run-dir swept --input train_x.npy --labels train_y.npy --validate 0.1 --epochs 1
says 'mean of best'

# Mistakes.
weights=(--weights run/best.safetensors)
expect 1 ./net eval "${weights[@]}" --input test_x.npy --labels one.npy
says 'one.npy has shape [100]' 'learns numbers, [100, 2]'
expect 1 ./net eval "${weights[@]}" --input test_x.npy --labels whole.npy
says 'whole.npy holds integers'
expect 1 ./net eval "${weights[@]}" --input test_x.npy --labels nan.npy
says 'number 1 of sample 7 is not finite'
expect 2 ./net eval "${weights[@]}" --input test_x.npy --labels test_y.npy --min-acc 0.5
says 'has no accuracy'
expect 2 ./net infer "${weights[@]}" --input test_x.npy --top 1
says '--top belongs to classes'
expect 2 ./net eval "${weights[@]}" --data synthetic
says 'learns numbers'
