#!/bin/bash
# Equal text gives equal programs, byte for byte, wherever it is compiled and whether or not kernels were in the cache.
. "$(dirname "$0")/common.sh"

mkdir one two
cp "$here/tiny.rvb" one/
cp "$here/tiny.rvb" two/
(cd one && RVB_CACHE_DIR=$work/cache1 "$RVBC" tiny.rvb -q -o tiny)
(cd two && RVB_CACHE_DIR=$work/cache2 "$RVBC" tiny.rvb -q -o tiny)
same one/tiny two/tiny
(cd two && RVB_CACHE_DIR=$work/cache2 "$RVBC" tiny.rvb -q -o again)
same one/tiny two/again
(cd two && RVB_CACHE_DIR=$work/cache3 "$RVBC" tiny.rvb -q -j 1 -o serial) # kernels in turn
same one/tiny two/serial
(cd two && RVB_CACHE_DIR=$work/cache2 "$RVBC" tiny.rvb -q -o other -D T=5 -D threshold=0.5)
differ one/tiny two/other
