#!/bin/bash
# data: what a folder holds, counted independently, and every damaged file by name.
. "$(dirname "$0")/common.sh"
export PYTHONPATH=$root/tests/runtime/data PYTHONDONTWRITEBYTECODE=1
data=$(fashion_folder)

tiny
expect 0 ./tiny data "$data"
says 'train  60 000 samples, IDX' 'test   10 000 samples' 'values: mean [0.2' 'normalises with [0.2860] and [0.3530]'
expect 0 ./tiny data --data "$data" --json
/usr/bin/python3 - "$data" <<'END'
import gzip, json, sys
import numpy as np
found = json.load(open("said"))
for part, name in ("train", "train"), ("test", "t10k"):
    labels = np.frombuffer(gzip.open(f"{sys.argv[1]}/{name}-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    assert found[part]["classes"] == np.bincount(labels, minlength=10).tolist() and found[part]["damaged"] == []
images = np.frombuffer(gzip.open(f"{sys.argv[1]}/train-images-idx3-ubyte.gz").read(), np.uint8, offset=16).reshape(-1, 784)
some = images[::30] / 255
assert abs(found["train"]["mean"][0] - some.mean()) < 1e-4 and abs(found["train"]["deviation"][0] - some.std()) < 1e-4
END
./tiny init -o w.st
"$RVBC" deploy "$here/tiny.rvb" -q --weights w.st -o tiny.infer
expect 0 ./tiny.infer data "$data"

/usr/bin/python3 - <<'END'
import os
os.mkdir("five")
for part in "train", "t10k":
    open(f"five/{part}-images-idx3-ubyte", "wb").write(bytes.fromhex("00000803" "00000014" "0000001c" "0000001c") + bytes(20 * 784))
    open(f"five/{part}-labels-idx1-ubyte", "wb").write(bytes.fromhex("00000801" "00000014") + bytes(i % 5 for i in range(20)))
END
expect 0 ./tiny data five
says '4         4         4' '5         0         0  none to learn from'

# Pictures: two are damaged.
/usr/bin/python3 - <<'END'
import os
import numpy as np
from PIL import Image
for part in "train", "test":
    for name in "abc":
        os.makedirs(f"pictures/{part}/{name}")
        for i in range(3):
            Image.fromarray(np.full((30 + i, 40, 3), 50 * i, np.uint8)).save(f"pictures/{part}/{name}/{i}.png")
open("pictures/train/a/1.png", "r+b").truncate(60)
open("pictures/test/c/2.png", "wb").write(b"no picture")
END
cat >net.rvb <<'END'
import neurons
network Net(image: [3, 8, 8] repeated 2) {
  return image |> flatten |> linear(4) |> reverb |> linear(3) as classifier |> mean_over_time
}
END
"$RVBC" net.rvb -q -o net
expect 1 ./net data pictures
says 'train  9 samples' 'test   9 samples' '30 to 32 pixels high, 40 to 40 wide; the network sees 8 x 8' \
  'train/a/1.png' 'test/c/2.png' '2 samples cannot be used'
expect 1 ./net data pictures --json
[ "$(field <(grep -v '^error' said) '["test"]["damaged"][0]["name"]')" = pictures/test/c/2.png ] || die "the file is not named"
rm pictures/train/a/1.png pictures/test/c/2.png
expect 0 ./net data pictures

# Recordings: events, seconds and rates.
/usr/bin/python3 - <<'END'
import os
import numpy as np
r = np.random.RandomState(1)
for part in "train", "test":
    for name in "0", "1":
        os.makedirs(f"events/{part}/{name}")
        for i in range(2):
            n = 100 * (i + 1)
            t = np.sort(r.randint(0, 50000, n)); t[0], t[-1] = 0, 50000 * (i + 1)
            np.savez(f"events/{part}/{name}/{i}.npz", t=t, x=r.randint(0, 8, n), y=r.randint(0, 8, n), p=r.randint(0, 2, n))
open("events/train/1/1.npz", "r+b").truncate(200)
n = 10
np.savez("events/test/0/2.npz", t=np.arange(n), x=np.full(n, 99), y=np.zeros(n, int), p=np.zeros(n, int))
END
cat >eyes.rvb <<'END'
import neurons
network Eyes(x: [2, 8, 8] over 4) {
  return x |> flatten |> linear(6) |> reverb |> linear(2) as classifier |> mean_over_time
}
END
"$RVBC" eyes.rvb -q -o eyes
expect 1 ./eyes data events
says 'events a sample: 100 to 200, on average 133; 0.067 s, 2.0 thousand events a second; on average 33.3 events a time step' \
  'train/1/1.npz' 'test/0/2.npz' '2 samples cannot be used'

# What cannot be opened at all says so; so does one part of two.
mkdir nothing half
expect 1 ./tiny data nothing
says 'no known data set'
for file in train-images-idx3 train-labels-idx1; do ln -s "$data/$file-ubyte.gz" half/; done
expect 1 ./tiny data half
says 'train  60 000 samples' 'is missing' 'a part cannot be used'
expect 1 ./net data "$data"
says '28'
expect 2 ./tiny data
expect 2 ./tiny data "$data" --data "$data"
expect 2 ./tiny data "$data" --resize 40
expect 0 ./tiny data synthetic
