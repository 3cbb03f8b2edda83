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
