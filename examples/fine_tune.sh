#!/bin/bash
# From the library's weights to a network of one's own: takes the trained Fashion-MNIST network, evaluates it, fine-tunes it
# on a folder of pictures in ten classes, deploys it, and lets the program say what is on a picture.
#
#   examples/fine_tune.sh [--pictures DIR] [--epochs N] [--threads N]
#
# DIR holds train/CLASS/*.png and test/CLASS/*.png (JPEG and others too, of any size). Without it, ten kinds of drawings are
# made, 30 to learn from of each. Everything is written below build/fine_tune (RVB_BUILD names another build folder).
set -euo pipefail
. "$(dirname "$0")/../.ci/common.sh"

pictures= epochs=5 threads=()
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage ;;
    --pictures | --epochs | --threads)
      [ $# -ge 2 ] || { echo "$1 needs a value" >&2; usage 2 >&2; }
      case $1 in
        --pictures) pictures=$(realpath "$2") ;;
        --epochs) epochs=$2 ;;
        --threads) threads=(--threads "$2") ;;
      esac
      shift 2
      ;;
    *) echo "unknown argument $1" >&2; usage 2 >&2 ;;
  esac
done

install_missing build
work=$folder/fine_tune
data=$(fashion_folder)
rvbc=$folder/bin/rvbc
say "building the compiler in $folder"
[ -f "$folder/CMakeCache.txt" ] || configure "$folder" -DRVB_TESTS=OFF
build "$folder" rvbc rvb_stdlib rvb_runtime_all
rm -rf "$work"
mkdir -p "$work"
cd "$work"

say "taking network, recipe and weights out of the library"
"$rvbc" new start --from fashion
cd start
"$rvbc" fashion.rvb -q -o fashion
say "evaluating the weights on $data"
./fashion eval --data "$data" --weights fashion.safetensors "${threads[@]}" | sed -n 1p

if [ -z "$pictures" ]; then
  pictures=$work/pictures
  say "drawing pictures into $pictures"
  /usr/bin/python3 -c 'import numpy, PIL' 2>/dev/null || install_missing test
  /usr/bin/python3 - "$pictures" <<'END'
import os, sys
import numpy as np
from PIL import Image, ImageDraw

random = np.random.default_rng(1)
kinds = "disk ring square frame triangle cross bar column diagonal dots".split()

def drawn(kind):
    size, width = 28 * 4, 4 * random.integers(3, 5)
    picture = Image.new("L", (size, size))
    pen = ImageDraw.Draw(picture)
    x, y = random.integers(40, 72, 2)
    r = random.integers(20, 36)
    box = [x - r, y - r, x + r, y + r]
    if kind in ("disk", "ring"):
        pen.ellipse(box, fill=255 if kind == "disk" else 0, outline=255, width=int(width))
    elif kind in ("square", "frame"):
        pen.rectangle(box, fill=255 if kind == "square" else 0, outline=255, width=int(width))
    elif kind == "triangle":
        pen.polygon([(x - r, y + r), (x + r, y + r), (x, y - r)], fill=255)
    elif kind == "dots":
        for _ in range(7):
            a, b = random.integers(16, 96, 2)
            pen.ellipse([a - 6, b - 6, a + 6, b + 6], fill=255)
    else:
        lines = {"bar": [(-1, 0)], "column": [(0, -1)], "diagonal": [(-1, -1)], "cross": [(-1, 0), (0, -1)]}[kind]
        for a, b in lines:
            pen.line([x + a * r, y + b * r, x - a * r, y - b * r], fill=255, width=int(width))
    noisy = np.asarray(picture.resize((28, 28), Image.BOX)) * random.uniform(0.6, 1) + random.normal(0, 16, (28, 28))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))

for part, count in ("train", 30), ("test", 20):
    for kind in kinds:
        folder = f"{sys.argv[1]}/{part}/{kind}"
        os.makedirs(folder)
        for i in range(count):
            drawn(kind).save(f"{folder}/{i}.png")
END
fi

say "what the folder holds"
./fashion data "$pictures"
train=(--data "$pictures" --epochs "$epochs" --batch 25 --no-augment --quiet "${threads[@]}")
say "fine-tuning: everything begins with the library's weights but the classifier, whose classes are others"
./fashion train "${train[@]}" --weights fashion.safetensors --fresh classifier --run-dir tuned
say "the same from nothing, to compare"
./fashion train "${train[@]}" --run-dir untaught

say "deploying"
"$rvbc" deploy fashion.rvb --weights tuned/last.safetensors --verify-addonly -o mine
./mine eval --data "$pictures" "${threads[@]}"
picture=$(find "$pictures/test" -type f | sort | sed -n 1p)
say "what is on $picture"
./mine infer "$picture" --top 3
