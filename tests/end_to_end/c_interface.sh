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
for name in "logits.f32", "streamed.f32":
    found = np.fromfile(name, "f4").reshape(6, 10)
    assert (found == expected).all(), (name, np.abs(found - expected).max())'
expect 1 ./embed nowhere.f32 a b
head -c 5000 x.f32 >part.f32
expect 1 ./embed part.f32 a b
says 'holds no whole images'
ldd embed >libraries
if grep 'libstdc++' libraries; then
  die "the library needs the C++ library"
fi

# Several libraries in one program: two trainings of one network, and another network whose layers have the same names.
sed 's/network Tiny/network Other/; s/threshold = 0/threshold = 0.25/' "$here/tiny.rvb" >other.rvb
"$RVBC" "$here/tiny.rvb" -q -o tiny
head -c $((4 * 784)) x.f32 >one.f32
/usr/bin/python3 -c 'import numpy as np; np.save("one.npy", np.fromfile("one.f32", "f4").reshape(1, 1, 28, 28))'
for library in first:1:"$here/tiny.rvb" second:2:"$here/tiny.rvb" third:1:other.rvb; do
  IFS=: read -r name seed model <<<"$library"
  ./tiny init --seed "$seed" -o "$name.safetensors"
  "$RVBC" deploy "$model" -q --weights "$name.safetensors" --emit=lib,header -o "$name"
  "$RVBC" deploy "$model" -q --weights "$name.safetensors" -o "$name.infer"
  "./$name.infer" infer one.npy --output "$name.npy"
done
cat >several.c <<'END'
#include "first.h"
#include "second.h"
#include "third.h"
#include <stdio.h>

static int say(const char* name, const rvb_program* program, const float* image) {
  float logits[10];
  rvb_network* network = NULL;
  FILE* file = fopen(name, "wb");
  int bad = file == NULL || rvb_create(program, 1, 1, &network) != RVB_OK ||
            rvb_run(network, image, 1, logits) != RVB_OK || fwrite(logits, 4, 10, file) != 10 || fclose(file) != 0;
  rvb_free(network);
  return bad;
}

int main(void) {
  static float image[784];
  rvb_frame many = {INT64_C(1) << 40, NULL, NULL, NULL}; /* refused before anything is touched */
  for (int i = 0; i < rvb_library_first()->function_count; ++i)
    if (rvb_library_first()->functions[i].run(&many) != RVB_BATCH_TOO_LARGE)
      return 1;
  FILE* file = fopen("one.f32", "rb");
  if (file == NULL || fread(image, 4, 784, file) != 784)
    return 1;
  return say("first.f32", rvb_library_first(), image) || say("second.f32", rvb_library_second(), image) ||
         say("third.f32", rvb_library_third(), image) || rvb_program_Other() != rvb_library_third();
}
END
cc -std=c11 -Wall -Wextra -Werror -I. several.c first.a second.a third.a -fopenmp -lm -o several
expect 0 ./several
/usr/bin/python3 -c '
import numpy as np
logits = [np.fromfile(name + ".f32", "f4") for name in ("first", "second", "third")]
for name, found in zip(("first", "second", "third"), logits):
    assert (found == np.load(name + ".npy").ravel()).all(), name
assert (logits[0] != logits[1]).any() and (logits[0] != logits[2]).any()'
# Whose program is meant by the network of two libraries, a compiler does not guess.
sed 's/rvb_library_first()/rvb_program_Tiny()/' several.c >unclear.c
if cc -std=c11 -Wall -Wextra -Werror -I. unclear.c first.a second.a third.a -fopenmp -lm -o unclear 2>said; then
  die "two libraries of one network go by its name"
fi
says 'rvb_program_Tiny_stands_in_two_libraries'

# A changed bit of the weights is noticed by the library, too.
/usr/bin/python3 - <<'END'
content = bytearray(open("fashion.a", "rb").read())
place = content.index(b"data.o/") + 60 # the member's header; then ELF's, then the first constants
content[place + 4096] ^= 4
open("fashion.a", "wb").write(content)
END
cc -std=c11 -I. "$root/examples/embed.c" fashion.a -fopenmp -lm -o embed
expect 1 ./embed x.f32 logits.f32 streamed.f32
says 'weights or tables are damaged'
