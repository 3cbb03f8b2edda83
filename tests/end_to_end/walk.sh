#!/bin/bash
# compiler/WALK.md says what is so: its files and functions exist, and the compiler prints what it shows.
. "$(dirname "$0")/common.sh"

mkdir bin
ln -s "$RVBC" bin/rvbc
export PATH=$work/bin:$PATH
python3 - <<'END' # three classes: the events lie on the left, in the middle, on the right
import os, random, struct
random.seed(1)
for part in "train", "test":
    for first, name in enumerate(("left", "middle", "right")):
        os.makedirs(f"frames/{part}/{name}")
        for i in range(8):
            header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 8, 8), }".ljust(117) + "\n"
            counts = bytes(random.randrange(4) if 0 <= x - 3 * first + first // 2 < 3 else 0 for _ in range(32) for x in range(8))
            open(f"frames/{part}/{name}/{i}.npy", "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + counts)
END
expect 0 python3 "$here/walk.py" "$root/compiler/WALK.md" "$root"
# What is not so is found: a function, a file, a line that is not printed.
sed 's/`plan` (`compiler/`plant` (`compiler/; s/dense\.cpp/denser.cpp/; s/name binary @238/name binary @239/' \
  "$root/compiler/WALK.md" >wrong.md
rm -r run
expect 1 python3 "$here/walk.py" wrong.md "$root"
says 'compiler/codegen/plan.cpp does not know plant' 'compiler/layerkernels/schemes/denser.cpp does not exist' 'not printed:           name binary @239'
