#!/bin/bash
# A network over frames learns recordings of events from their folder: the same bits with one thread and with two, stopped
# or not, with every way to vary them; the results name the data.
. "$(dirname "$0")/common.sh"
export RVB_CACHE_DIR=$work/cache

/usr/bin/python3 - "$root/tests/runtime/data" <<'END'
import sys

import numpy as np

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from writers import atis, put, random_events

# A class is where the events are: a corner of the sensor, growing in time.
rng = np.random.default_rng(1)
for part, count in (("Train", 40), ("Test", 10)):
    for label in range(4):
        for i in range(count):
            events = random_events(rng, 300, 34, 34)
            most = rng.random(300) < 0.6
            events["x"][most] = events["x"][most] // 2 + 17 * (label % 2)
            events["y"][most] = events["y"][most] // 2 + 17 * (label // 2)
            put(f"data/{part}/{label}/{i:05}.bin", atis(events))
END

cat >corners.rvb <<'END'
import neurons

network Corners(frames: [2, 34, 34] over 4) {
  x = frames |> conv2d(8, kernel = 3, padding = 1) as encode |> batchnorm |> reverb(threshold = 0.25) |> avgpool(4, stride = 2)
  x = x |> conv2d(16, kernel = 3, padding = 1, weights = binary(alpha)) |> batchnorm |> reverb(threshold = 0.25)
  return x |> avgpool(4) |> flatten |> linear(4) as classifier |> mean_over_time
}

recipe {
  epochs = 4
  batch = 16
  augment = [crop(padding = 1), roll(size = 1), cutout(size = 3), drop(rate = 0.1)]
  frames = equal_time
}
END
"$RVBC" corners.rvb -q -o corners

for threads in 1 2; do
  ./corners train --data data --threads $threads --quiet --run-dir run$threads
done
./corners train --data data --threads 2 --quiet --run-dir parts --steps 13
./corners train --resume --threads 1 --quiet --run-dir parts
same run1/last.safetensors run2/last.safetensors
same run1/last.safetensors parts/last.safetensors
./corners train --data data --quiet --no-augment --run-dir plain
differ run1/last.safetensors plain/last.safetensors

./corners eval --data data --weights run1/last.safetensors --json >eval.json
holds "$(field eval.json '["accuracy"]') >= 0.9"
[ "$(field eval.json '["data"]["hash"]')" = "$(field run1/config.json '["data"]["test"]["hash"]')" ] || die "the hashes differ"
[ "$(field eval.json '["data"]["format"]')" = N-MNIST ] || die "the format is missing"
grep -q "$(field run1/config.json '["data"]["train"]["hash"]')" run1/metrics.jsonl || die "metrics.jsonl does not name the data"

"$RVBC" deploy corners.rvb -q --weights run1/last.safetensors -o corners.infer
./corners.infer eval --data data --json >deployed.json
[ "$(field deployed.json '["correct"]')" = "$(field eval.json '["correct"]')" ] || die "the deployed program decides otherwise"

# Other samples than at the beginning.
mv data/Train/0/00000.bin data/Train/0/x.bin
expect 0 ./corners train --resume --quiet --run-dir parts --epochs 5
says "not those that the run in parts began with"

expect 2 ./corners train --data data --augment resized_crop --run-dir no
says resized_crop
expect 2 ./corners eval --data data --weights run1/last.safetensors --partition half
says random:0.2:1
rm -r data/Test
expect 5 ./corners eval --data data --weights run1/last.safetensors
says Test "is missing"
truncate -s 1003 data/Train/1/00007.bin
expect 1 ./corners train --data data --partition random:0.2:3 --run-dir no
says Train/1/00007.bin
