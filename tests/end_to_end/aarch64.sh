#!/bin/bash
# --target aarch64: cross-compiled programs, run by an emulator, against those for this machine. Integers have the same bits;
# real numbers decide alike.
. "$(dirname "$0")/common.sh"

arm() { qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu "$@"; } # of the first version of Armv8-A
close() { # of two arrays: how far apart, and that the largest numbers are at the same places
  /usr/bin/python3 - "$@" <<'END'
import sys
import numpy as np
a, b, tolerance = np.load(sys.argv[1]), np.load(sys.argv[2]), float(sys.argv[3])
assert a.shape == b.shape and np.abs(a).max() > 0 and np.isfinite(a).all()
assert np.abs(a - b).max() <= tolerance * np.abs(a).max(), np.abs(a - b).max()
assert (a.argmax(-1) == b.argmax(-1)).all()
END
}

# Every layer binary: with integer spikes nothing is real but the input before its first rounding, and the last scale. Counts
# of channels and outputs that fill no vector, a stride, membranes, a residual join, two batches.
cat >whole.rvb <<'END'
import neurons
network Whole(frames: [3, 12, 10] over 3) {
  x = frames |> conv2d(20, padding = 1, weights = binary) as first |> batchnorm |> reverb
  y = x |> conv2d(20, padding = 1, weights = binary(alpha)) as inner |> batchnorm |> reverb
  x = x + y
  x = x |> conv2d(37, padding = 1, stride = 2, weights = binary) as second |> batchnorm |> reverb
  x = x |> conv2d(70, kernel = 1, weights = ternary) as third |> batchnorm |> lif
  return x |> maxpool(2) |> flatten |> linear(7, weights = binary) as last |> mean_over_time
}
END
"$RVBC" whole.rvb -q -o whole
./whole init --seed 4 -o w.safetensors
/usr/bin/python3 -c '
import numpy as np
r = np.random.RandomState(2)
np.save("x.npy", r.randn(3, 9, 3, 12, 10).astype("f4"))
np.save("one.npy", r.randn(3, 1, 3, 12, 10).astype("f4"))
np.save("labels.npy", r.randint(0, 7, 9))'
for spikes in f32 i32 i16; do
  flags=(--weights w.safetensors --spikes $spikes --calibrate x.npy)
  expect 0 "$RVBC" deploy whole.rvb "${flags[@]}" --target aarch64 --verify-addonly -o $spikes.arm
  says 'verified: 0 multiplies in'
  [ $spikes = f32 ] || says 'one for aarch64 does not run here'
  "$RVBC" deploy whole.rvb "${flags[@]}" -q -o $spikes.here
  for run in x one; do
    ./$spikes.here infer $run.npy --output $run.here.npy >/dev/null
    arm ./$spikes.arm infer $run.npy --output $run.arm.npy >/dev/null
    arm ./$spikes.arm infer --stream $run.npy --output $run.stream.npy >/dev/null
    ./$spikes.here infer --stream $run.npy --output $run.stream.here.npy >/dev/null
    if [ $spikes = f32 ]; then
      close $run.here.npy $run.arm.npy 1e-5
      close $run.stream.here.npy $run.stream.npy 1e-5
    else
      same $run.here.npy $run.arm.npy
      same $run.stream.here.npy $run.stream.npy
    fi
  done
  arm ./$spikes.arm infer x.npy --threads 1 --output alone.npy >/dev/null
  same x.arm.npy alone.npy
done
expect 0 arm ./i16.arm info
says 'for aarch64: neon (this CPU has them)' 'integers of 16 bits'

# Damage of read-only data is noticed, as on this machine.
/usr/bin/python3 - <<'END'
import struct
content = bytearray(open("i16.arm", "rb").read())
start, = struct.unpack_from("<Q", content, 32)
entry, entries = struct.unpack_from("<HH", content, 54)
segments = [struct.unpack_from("<IIQQQQQQ", content, start + i * entry) for i in range(entries)]
offset, size = next((s[2], s[5]) for s in segments if s[0] == 1 and s[1] == 4 and s[2] != 0)
content[offset + size // 2] ^= 16
open("damaged", "wb").write(content)
END
chmod +x damaged
expect 4 arm ./damaged infer x.npy
says 'are damaged'

# A library, in a C program.
"$RVBC" deploy whole.rvb --weights w.safetensors --target aarch64 --emit=lib,header -q -o fashion
cat >one.c <<'END'
#include "fashion.h"
#include <stdio.h>
int main(void) {
  static float frames[3 * 360], logits[7];
  rvb_network* network = NULL;
  if (fread(frames, 4, 3 * 360, stdin) != 3 * 360 || rvb_create(rvb_library_fashion(), 1, 0, &network) != RVB_OK ||
      rvb_run(network, frames, 1, logits) != RVB_OK)
    return 1;
  rvb_free(network);
  return fwrite(logits, 4, 7, stdout) != 7;
}
END
aarch64-linux-gnu-gcc -std=c11 -Wall -Wextra -Werror -I. one.c fashion.a -fopenmp -lm -o embedded
/usr/bin/python3 -c 'import numpy as np; np.load("one.npy").tofile("one.f32")'
arm ./f32.arm infer one.npy --output one.npy.logits.npy >/dev/null
arm ./embedded <one.f32 >one.logits
/usr/bin/python3 -c '
import numpy as np
assert (np.fromfile("one.logits", "f4") == np.load("one.npy.logits.npy").ravel()).all()'

# Training programs, too: logits and gradients.
"$RVBC" whole.rvb -q --target aarch64 -o whole.arm
./whole gradient --weights w.safetensors --input x.npy --labels labels.npy --output here.safetensors
arm ./whole.arm gradient --weights w.safetensors --input x.npy --labels labels.npy --output arm.safetensors
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$root/tests/golden /usr/bin/python3 - <<'END'
import numpy as np
import safetensors_file
here, arm = (safetensors_file.read(name + ".safetensors") for name in ("here", "arm"))
assert here.keys() == arm.keys() and len(here) > 5
for name, value in here.items():
    assert np.abs(value - arm[name]).max() <= 1e-4 * max(np.abs(value).max(), 1e-3), name
END

# What is missing is named before anything is compiled; CXX is a compiler for this machine, or for that one.
expect 5 env PATH=/nowhere "$RVBC" deploy whole.rvb --weights w.safetensors --target aarch64 -o never
says 'error[RVB0404]' '`aarch64-linux-gnu-g++` is not in PATH' 'install the package g++-aarch64-linux-gnu'
expect 5 env RVB_LIBRARY="$work" "$RVBC" whole.rvb --target aarch64 -o never
says 'error[RVB0404]' "$work/aarch64 is missing"
[ ! -e never ] || die "a program was written without a linker"
expect 0 env PATH=/nowhere "$RVBC" whole.rvb --target aarch64 --emit=asm -o whole.s
deploy() { "$RVBC" deploy whole.rvb --weights w.safetensors --target aarch64 -q "$@"; }
deploy -o first.arm
CXX=c++ deploy -o again.arm
same first.arm again.arm
expect 5 env CXX='aarch64-linux-gnu-g++ -Wl,--not-an-option' "$RVBC" whole.rvb --target aarch64 -o never
says 'not-an-option'
