#!/bin/bash
# A picture gives the same bits whatever reads it: a folder in eval, infer and calibration, the file alone in infer, eval
# and trace, in programs that train and deployed ones. As many kinds of files as there are.
. "$(dirname "$0")/common.sh"
export RVB_CACHE_DIR=$work/cache

cat >net.rvb <<'RVB'
import neurons

network Net(image: [3, 16, 16] repeated 2) {
  x = image |> conv2d(8, kernel = 3, stride = 2, padding = 1) as encode |> batchnorm |> reverb
  x = x |> conv2d(16, kernel = 3, padding = 1, weights = binary(alpha)) as unit |> batchnorm |> reverb
  return x |> avgpool(2) |> flatten |> linear(2) as classifier |> mean_over_time
}

recipe {
  loss = cross_entropy
  optimizer = sgd(rate = 0.1)
  epochs = 1
  batch = 4
  resize = 18
  normalize = (mean = [0.4, 0.45, 0.5], deviation = [0.25, 0.3, 0.2])
}
RVB
/usr/bin/python3 - <<'PY'
import os
import numpy as np
from PIL import Image
r = np.random.default_rng(3)
os.makedirs("data/train/b")
os.makedirs("data/test/a/inner")
os.makedirs("data/train/a")
os.makedirs("data/test/b")
def draw(h, w, mode):
    a = (r.integers(0, 256, (h, w, 4)) // 2 + np.mgrid[0:h, 0:w].sum(0)[..., None]).clip(0, 255).astype("u1")
    rgb = Image.fromarray(a[..., :3])
    if mode == "RGBA":
        return Image.fromarray(a, "RGBA")
    if mode == "LA":
        return Image.fromarray(np.ascontiguousarray(a[..., :2]), "LA")
    if mode == "P":
        return rgb.quantize(50)
    return rgb.convert(mode)
kinds = [("RGB", "png", {}), ("L", "png", {}), ("RGBA", "png", {}), ("LA", "png", {}), ("P", "png", {}), ("P", "png", {"transparency": 3}),
         ("1", "png", {}), ("RGB", "jpg", {}), ("L", "jpg", {}), ("CMYK", "jpg", {}), ("RGB", "bmp", {}), ("L", "bmp", {}), ("P", "bmp", {}),
         ("RGB", "webp", {}), ("RGBA", "webp", {"lossless": True, "exact": True}), ("RGB", "tif", {}), ("RGBA", "tiff", {"compression": "tiff_deflate"}),
         ("L", "tif", {"compression": "tiff_lzw"}), ("RGB", "ppm", {}), ("L", "pgm", {})]
sizes = [(40, 60), (60, 40), (16, 16), (200, 19), (17, 33), (18, 18), (9, 12)]
for i, (mode, ending, options) in enumerate(kinds):
    name = f"data/test/{'ab'[i % 2]}/{'inner/' if i % 4 == 0 else ''}{i:02}.{ending}"
    draw(*sizes[i % len(sizes)], mode).save(name, **options)
    if i < 6:
        draw(*sizes[i % len(sizes)], mode).save(f"data/train/{'ab'[i % 2]}/{i:02}.{ending}", **options)
Image.fromarray(r.integers(0, 65536, (30, 50)).astype("u2")).save("data/test/b/20.png")
open("data/test/a/notes.txt", "w").write("not a picture")
open("data/test/b/inner.gif", "w").write("GIF89a")
PY
"$RVBC" net.rvb -q -o net
expect 0 ./net train --data data --run-dir run --log-every 1
says 'note: data/test: 2 files of kinds that are not read are left out: 1 .gif, 1 .txt'
weights=run/last.safetensors
"$RVBC" deploy net.rvb -q --weights $weights --observe -o deployed

# In the order of the data set: the first of every class, the second of every class; folders in the order of their paths.
listed() { /usr/bin/python3 - "$1" <<'PY'
import os, sys
def walk(top):
    for root, _, names in sorted(os.walk(top)):
        for name in sorted(names):
            if not name.endswith((".txt", ".gif")):
                yield os.path.join(root, name)
a, b = (list(walk(f"data/{sys.argv[1]}/{c}")) for c in "ab")
for i in range(max(len(a), len(b))):
    print("\n".join(x[i] for x in (a, b) if i < len(x)))
PY
}
for resize in "" "--resize 27"; do
  for kind in trained deployed; do
    run=(./deployed)
    given=()
    [ $kind = deployed ] || { run=(./net); given=(--weights $weights); }
    "${run[@]}" eval --data data "${given[@]}" $resize --output eval.$kind.npy >/dev/null
    "${run[@]}" infer --data data "${given[@]}" $resize --output infer.npy
    same eval.$kind.npy infer.npy
    n=0
    for file in $(listed test); do
      expect 0 "${run[@]}" infer "$file" "${given[@]}" $resize --output $n.npy
      n=$((n + 1))
    done
    [ $n -eq 21 ] || die "$n pictures"
    /usr/bin/python3 - eval.$kind.npy <<'PY'
import sys
import numpy as np
rows = np.load(sys.argv[1])
assert len(rows) == 21
for i, row in enumerate(rows):
    assert np.load(f"{i}.npy").tobytes() == row.tobytes(), (i, row, np.load(f"{i}.npy"))
assert len({row.tobytes() for row in rows}) == 21
PY
    # eval and trace of the file alone
    file=$(listed test | sed -n 4p)
    /usr/bin/python3 -c 'import numpy as np; np.save("y.npy", np.array([1]))'
    "${run[@]}" eval --input "$file" --labels y.npy "${given[@]}" $resize --output one.npy >/dev/null 2>&1
    same one.npy 3.npy
    "${run[@]}" trace --data data --sample 3 --layer encode.reverb "${given[@]}" $resize -o a.svg 2>/dev/null ||
      "${run[@]}" trace --data data --sample 3 --layer "$("${run[@]}" info --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["observe"]["neurons"][0]["path"])')" "${given[@]}" $resize -o a.svg
    "${run[@]}" trace --input "$file" --layer "$("${run[@]}" info --json | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["observe"]["neurons"][0]["path"])')" "${given[@]}" $resize -o b.svg 2>/dev/null
    diff <(grep -v 'sample [03]' a.svg) <(grep -v 'sample [03]' b.svg) >/dev/null || die "trace differs"
  done
done

# Calibration on a folder of one picture and on the picture makes the same program.
mkdir -p one/train/a one/train/b
cp "$(listed train | sed -n 1p)" one/train/a/0.png
cp "$(listed train | sed -n 2p)" one/train/b/0.png
"$RVBC" deploy net.rvb -q --weights $weights --spikes i16 --calibrate one --calibration-samples 1 -o folder.infer
"$RVBC" deploy net.rvb -q --weights $weights --spikes i16 --calibrate one/train/a/0.png -o file.infer
same folder.infer file.infer

# Every other flag of --data is refused with a picture, and --resize with an array.
file=$(listed test | sed -n 1p)
expect 2 ./deployed infer "$file" --partition random:0.5:1
says 'belong to --data'
/usr/bin/python3 -c 'import numpy as np; np.save("x.npy", np.zeros((1, 3, 16, 16), "f4"))'
expect 2 ./deployed infer x.npy --resize 20
says '--resize belongs to pictures'
expect 1 ./deployed infer "$file" --resize 15
says 'resize must not be smaller'
# A size that was named is no news.
for resize in "" "--resize 27"; do
  expect 0 ./deployed infer "$file" $resize
  ! grep -q 'was resized' said || die "a note about what was asked for"
done
expect 2 ./deployed eval --data data --frames equal_time
says '--frames belongs to recordings'
# What is no picture is called by its name.
/usr/bin/python3 -c 'import numpy as np; np.savez("x.npz", a=np.zeros(3))'
: >empty
for name in data/test/b/inner.gif empty; do
  expect 1 ./deployed infer "$name"
  says "$name is"
done
expect 1 ./deployed infer x.npz
says 'x.npz: shape [3]: expected events'

mkfifo pipe
ln -s /dev/zero endless.png
for name in pipe endless.png; do
  expect 5 ./deployed infer $name
  says "$name is a"
  expect 5 ./net infer x.npy --weights $name
  says "$name is a"
  expect 5 "$RVBC" deploy net.rvb -q --weights $name -o out
  says "$name is a"
done
expect 5 ./deployed infer --stream pipe
says 'pipe is a named pipe'
ln -s /dev/zero data/test/b/99.png
expect 5 ./deployed eval --data data
says 'data/test/b/99.png is a character device'
