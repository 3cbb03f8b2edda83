#!/bin/bash
# The C example builds against a deployed library with a C compiler alone and gives the deployed program's logits.
. "$(dirname "$0")/common.sh"

"$RVBC" "$root/examples/fashion.rvb" -q -o fashion
./fashion init --seed 1 -o w.safetensors
"$RVBC" deploy "$root/examples/fashion.rvb" -q --weights w.safetensors -o fashion.infer
"$RVBC" deploy "$root/examples/fashion.rvb" -q --weights w.safetensors --emit=lib,header -o fashion
cc -std=c11 -Wall -Wextra -Werror -I. "$root/examples/embed.c" fashion.a -fopenmp -lm -o embed
/usr/bin/python3 -c '
import numpy as np
x = np.random.RandomState(1).randn(6, 1, 28, 28).astype("f4")
np.save("x.npy", x)
x.tofile("x.f32")'
./fashion.infer infer --input x.npy --output logits.npy
expect 0 ./embed x.f32 logits.f32 streamed.f32
/usr/bin/python3 -c '
import numpy as np
expected = np.load("logits.npy")
for name, tolerance in ("logits.f32", 0), ("streamed.f32", 1e-6):
    found = np.fromfile(name, "f4").reshape(6, 10)
    worst = np.abs(found - expected).max() / np.abs(expected).max()
    assert worst <= tolerance, (name, worst)'
expect 1 ./embed nowhere.f32 a b
head -c 5000 x.f32 >part.f32
expect 1 ./embed part.f32 a b
says 'holds no whole images'
ldd embed >libraries
if grep 'libstdc++' libraries; then
  die "the library needs the C++ library"
fi
