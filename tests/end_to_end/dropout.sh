#!/bin/bash
# Dropout: training draws masks that follow from seed and step, whatever the number of threads and across a resume; in use
# nothing of it is left.
. "$(dirname "$0")/common.sh"
data=$(fashion_folder)

cat >model.rvb <<'END'
import neurons
param rate = 0.5
network Drop(image: [1, 28, 28] repeated 2) {
  x = image |> conv2d(8, kernel = 3, stride = 2) |> batchnorm |> reverb |> dropout(rate)
  x = x |> conv2d(8, kernel = 3, stride = 2, weights = binary(alpha)) |> batchnorm |> reverb
  return x |> flatten |> linear(10) |> dropout(rate = 0.1) |> mean_over_time
}
END
compile() { "$RVBC" model.rvb -q "$@"; }
compile -o drop
sed 's/dropout(rate)/dropout(rate, each = step)/' model.rvb >steps.rvb
"$RVBC" steps.rvb -q -o steps
compile -D rate=0 -o plain
flags=(--data "$data" --limit 300 --epochs 2 --seed 5 --quiet)
./drop train "${flags[@]}" -t 1 --run-dir whole
./drop train "${flags[@]}" -t 2 --run-dir parts --steps 5
./drop train --run-dir parts --resume --quiet
same whole/last.safetensors parts/last.safetensors
./drop train --data "$data" --limit 300 --epochs 2 --seed 6 --quiet -w whole/best.safetensors --run-dir other
./plain train "${flags[@]}" --run-dir without
differ whole/last.safetensors without/last.safetensors

# A mask for every step is another one, and as little a matter of threads.
./steps train "${flags[@]}" -t 1 --run-dir steps1
./steps train "${flags[@]}" -t 2 --run-dir steps2
same steps1/last.safetensors steps2/last.safetensors
differ steps1/last.safetensors whole/last.safetensors

# In use it is not there: the same weights, the same logits, with and without; trained, deployed and step by step.
for program in drop plain; do
  ./$program eval --data "$data" --limit 200 --weights whole/last.safetensors --output $program.npy >said
done
same drop.npy plain.npy
deployed() { "$RVBC" deploy model.rvb -q --weights whole/last.safetensors "$@"; }
deployed -o used
deployed -D rate=0 -o used_plain
for program in used used_plain; do
  ./$program eval --data "$data" --limit 200 --output $program.npy >said
done
same used.npy used_plain.npy
expect 1 "$RVBC" check -D rate=1 model.rvb
says 'RVB0314' 'must be from 0 to 0.999'
expect 0 "$RVBC" summary model.rvb
says dropout
