#!/bin/bash
# An installed rvbc works without the build tree and without the sources.
. "$(dirname "$0")/common.sh"

cmake --install "$folder" --prefix "$work/prefix" >/dev/null
! find "$work/prefix" -type l -lname "$root*" | grep . || die "the installation points into the source tree"
! grep -rIlF "$root" "$work/prefix" || die "an installed file names the source tree"
mkdir elsewhere
cp "$here/tiny.rvb" elsewhere/
cd elsewhere
PATH=$work/prefix/bin:$PATH
expect 0 rvbc tiny.rvb -o tiny
expect 0 ./tiny init --seed 1 -o w.safetensors
expect 0 rvbc deploy tiny.rvb --weights w.safetensors -o tiny.infer
expect 0 rvbc deploy tiny.rvb --weights w.safetensors --emit=lib,header -o libtiny
[ -s libtiny.a ] && [ -s libtiny.h ] && [ -s rvb.h ] || die "a library or a header is missing"
expect 0 ./tiny.infer info
expect 0 rvbc explain RVB0101

# What other tools find in it: completions, the page, pkg-config, CMake; and networks to start from.
for file in share/bash-completion/completions/rvbc share/zsh/vendor-completions/_rvbc share/fish/vendor_completions.d/rvbc.fish \
  share/man/man1/rvbc.1 share/rvb/editors/vscode/package.json share/rvb/editors/vim/syntax/rvb.vim; do
  [ -s "$work/prefix/$file" ] || die "$file is missing"
done
expect 0 rvbc new begun --from fashion
expect 0 rvbc deploy tiny.rvb --weights w.safetensors --emit=so -o tiny.so
expect 0 env PYTHONPATH="$work/prefix/lib/python3/dist-packages" /usr/bin/python3 -B -c 'import rvb; print(rvb.Network("tiny.so"))'
says 'Tiny: [1, 28, 28] -> 10 classes'
expect 0 rvbc check begun/fashion.rvb
cp "$root/examples/embed.c" .
sed -i 's/fashion\.h/libtiny.h/; s/rvb_program_Fashion/rvb_program_Tiny/' embed.c
/usr/bin/python3 -c '
import numpy as np
x = np.random.RandomState(1).randn(3, 1, 28, 28).astype("f4")
np.save("x.npy", x)
x.tofile("x.f32")'
./tiny.infer infer --input x.npy --output logits.npy
right() { # FILE TOLERANCE: the logits that the library gave are those of the program
  /usr/bin/python3 -c '
import sys, numpy as np
a, b = np.load("logits.npy").ravel(), np.fromfile(sys.argv[1], "f4")
sys.exit(not np.abs(a - b).max() <= float(sys.argv[2]) * np.abs(a).max())' "$@" || die "the logits in $1 are wrong"
}
export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
rm rvb.h program.h # those of the installation
if command -v pkg-config >/dev/null; then
  expect 0 cc -I. embed.c libtiny.a $(pkg-config --cflags --libs rvb) -o embed
  expect 0 ./embed x.f32 embed.f32 steps.f32
  right embed.f32 0
fi
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(app LANGUAGES C)
find_package(rvb 0.1 REQUIRED)
rvb_add_network(libtiny MODEL tiny.rvb WEIGHTS w.safetensors OPTIONS --target generic)
add_executable(app embed.c)
target_link_libraries(app PRIVATE libtiny)
END
rm libtiny.a libtiny.h
expect 0 cmake -S . -B made -DCMAKE_PREFIX_PATH="$work/prefix"
expect 0 cmake --build made
expect 0 ./made/app x.f32 made.f32 steps.f32
right made.f32 1e-5
