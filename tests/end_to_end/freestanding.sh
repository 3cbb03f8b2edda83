#!/bin/bash
# deploy --emit=c: one source and one header, built without warnings for three architectures, with the bits of the native
# program, on this machine and on an emulated Cortex-M4; nothing multiplies in binary layers.
. "$(dirname "$0")/common.sh"

strict=(-std=c99 -Wall -Wextra -Wpedantic -Werror -ffreestanding)
cortex=(-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard)
harness=$here/freestanding

numbers() { # NAME SHAPE: inputs
  /usr/bin/python3 -c "
import numpy as np
np.save('$1.npy', np.random.RandomState(2).randn($2).astype('f4'))"
}
raw() { # FROM.npy TO FRAMES: samples one after the other
  /usr/bin/python3 -c "
import numpy as np
x = np.load('$1')
np.ascontiguousarray(x.swapaxes(0, 1) if $3 else x).tofile('$2')"
}
deploy() { "$RVBC" deploy "$model" "${flags[@]}" "$@"; }
# Real layers have the bits of AVX-512's kernels; others cut sums with real weights otherwise.
wide=0
! grep -q avx512dq /proc/cpuinfo || wide=1
real=0
runs_here() { # FRAMES: net.c against ./native
  local frames=$1
  cc "${strict[@]}" -O1 -c net.c -o net.o
  cc -O1 -DFRAMES="$frames" -I. "$harness/host.c" net.o -o here
  ./here <samples.f32 >net.f32
  /usr/bin/python3 -c "
import numpy as np
expected, found = np.load('native.npy'), np.fromfile('net.f32', 'f4')
assert np.abs(expected).max() > 0 and len(np.unique(expected)) > 3
if $real and not $wide:
    assert np.abs(expected.ravel() - found).max() <= 1e-3 * np.abs(expected).max()
else:
    assert (expected.ravel().view('u4') == found.view('u4')).all(), np.abs(expected.ravel() - found).max()"
}
# The same bits as the native program.
follows() { # MODEL WEIGHTS INPUTS FRAMES SPIKES…
  model=$1
  local weights=$2 inputs=$3 frames=$4
  raw "$inputs" samples.f32 "$frames"
  for spikes in "${@:5}"; do
    flags=(--weights "$weights" --spikes "$spikes")
    [ "$spikes" = f32 ] || flags+=(--calibrate "$inputs")
    deploy -q -o native
    ./native infer --input "$inputs" --output native.npy >/dev/null
    deploy -q --emit=c -o net
    runs_here "$frames"
  done
}

# Residual joins, streams, strides, counts that fill no vector, ternary weights.
cat >whole.rvb <<'END'
import neurons
network Whole(frames: [3, 8, 7] over 3) {
  x = frames |> conv2d(20, padding = 1, weights = binary) as first |> batchnorm |> reverb
  y = x |> conv2d(20, padding = 1, weights = binary(alpha)) as inner |> batchnorm |> reverb
  x = x + y
  x = x |> conv2d(37, padding = 1, stride = 2, weights = binary) as second |> batchnorm |> reverb
  x = x |> conv2d(30, kernel = 1, weights = ternary) as third |> batchnorm |> lif
  return x |> maxpool(2) |> flatten |> linear(7, weights = binary) as last |> mean_over_time
}
END
"$RVBC" whole.rvb -q -o whole
./whole init --seed 4 -o whole.safetensors
numbers whole "3, 6, 3, 8, 7"
follows whole.rvb whole.safetensors whole.npy 1 f32 i32 i16

# Tables in less RAM: other pieces, the same sums. What cannot fit says what it needs, and that much is enough.
for spikes in i16 f32; do
  flags=(--weights whole.safetensors --spikes $spikes)
  [ $spikes = f32 ] || flags+=(--calibrate whole.npy)
  deploy -q -o native
  ./native infer --input whole.npy --output native.npy >/dev/null
  expect 1 deploy --emit=c --ram 8K -o none
  says '--ram: none run needs' 'and may have 8192' 'layer `' 'of tables'
  [ ! -e none.c ] && [ ! -e none.h ] || die "files were written"
  least=$(sed -n 's/^--ram \([0-9]*K\) or more is needed/\1/p' said)
  deploy -q --emit=c --ram "$least" -o net
  runs_here 1
  arena=$(sed -n 's/^#define NET_RUN_BYTES //p' net.h)
  holds "$arena <= 1024 * ${least%K} and $arena > 1024 * (${least%K} - 1)"
done

# A real first convolution; the library's network with its trained weights.
real=1
tiny
./tiny init --seed 1 -o tiny.safetensors
numbers image "4, 1, 28, 28"
follows "$root/examples/fashion.rvb" "$root/stdlib/weights/fashion.safetensors" image.npy 0 i32
follows "$here/tiny.rvb" tiny.safetensors image.npy 0 f32 i32 i16

# For three architectures, without a warning; both compilers.
for compiler in gcc clang-14 aarch64-linux-gnu-gcc "arm-none-eabi-gcc ${cortex[*]}" "arm-none-eabi-gcc -mcpu=cortex-m4"; do
  for level in -O0 -O2; do
    # shellcheck disable=SC2086
    $compiler "${strict[@]}" $level -c net.c -o other.o
  done
  nm --undefined-only other.o >undefined
  # Without a floating-point unit, the compiler brings its own functions: __aeabi_…
  if grep -vE ' (memcpy|memset|__aeabi_.*)$' undefined; then
    die "$compiler: more than memcpy and memset is needed"
  fi
done

# An emulated Cortex-M4: the same bits, and no multiplication in the functions of binary layers.
cortex_m() { # FRAMES: builds and runs; prints flash and RAM, instructions
  /usr/bin/python3 -c "
import numpy as np
x = np.fromfile('samples.f32', 'f4').reshape(-1, $2)[:2]
with open('samples.h', 'w') as file:
    file.write('#define SAMPLE_COUNT 2\nstatic const float samples[2][$2] = {\n')
    for row in x:
        file.write('{' + ','.join(float(v).hex() + 'f' for v in row) + '},\n')
    file.write('};\n')"
  arm-none-eabi-gcc "${cortex[@]}" "${strict[@]}" -O2 -ffunction-sections -c net.c -o cortex.o
  arm-none-eabi-gcc "${cortex[@]}" -std=c99 -O1 -ffreestanding -nostdlib -DFRAMES="$1" -I. -I"$harness" "$harness/cortex_m.c" cortex.o -lgcc \
    -T "$harness/cortex_m.ld" -Wl,--gc-sections -o cortex.elf
  timeout 120 qemu-system-arm -M mps2-an386 -icount shift=0 -semihosting -nographic -monitor none -serial none \
    -kernel cortex.elf >cortex.txt 2>&1 </dev/null || { cat cortex.txt; die "the emulated program failed"; }
  /usr/bin/python3 - <<'END'
import numpy as np
native = np.fromfile("net.f32", "u4").reshape(np.load("native.npy").shape)[:2] # which has native.npy's bits
lines = [line.split() for line in open("cortex.txt") if not line.startswith("instructions")]
found = np.array([[int(word, 16) for word in line] for line in lines], "u4")
assert found.shape == (4, native.shape[1]), found.shape # whole inferences, then streams
assert (found[:2] == native).all() and (found[2:] == native).all()
END
  echo "Cortex-M4: $(arm-none-eabi-size cortex.o | tail -1 | cut -f 1) bytes of flash, $(sed -n 's/^#define NET_RUN_BYTES //p' net.h) of RAM," \
    "$(sed -n 's/^instructions //p' cortex.txt) instructions an inference"
  arm-none-eabi-objdump -d --no-show-raw-insn cortex.o >cortex.s
  /usr/bin/python3 - "${@:3}" <<'END'
import re, sys
found, multiplies = {}, {}
for line in open("cortex.s"):
    if match := re.match(r"[0-9a-f]+ <(.*)>:", line):
        name = match[1]
    elif (match := re.match(r" +[0-9a-f]+:\t(\S+)", line)) and name:
        found[name] = found.get(name, 0) + 1
        if re.match(r"v?(mul|mla|mls|fma|fms|fnma|nmul|nmla|nmls|div)|[us](mul|mla|mls|div)|sm[mu]|um(aal|ull|lal)|q?d?mul", match[1]):
            multiplies.setdefault(name, []).append(line.strip())
synapses = [name for name in found if "_synapses_" in name]
assert len(synapses) == int(sys.argv[1]), synapses
assert multiplies, "the neurons multiply, so that this looks at the right names"
for name in synapses:
    assert name not in multiplies, (name, multiplies[name])
    assert found[name] > 50
END
}
cortex_m 0 784 1
real=0
follows whole.rvb whole.safetensors whole.npy 1 i16
cortex_m 1 504 6

# Mistakes.
model=whole.rvb
flags=(--weights whole.safetensors)
expect 2 deploy --emit=c,lib -o none
says 'stands alone'
expect 2 deploy --ram 64K -o none
says '--ram belongs to --emit=c'
expect 2 deploy --emit=c --ram 64X -o none
says '--ram is `64X`'
expect 2 deploy --emit=c --verify-addonly -o none
says 'machine code'
expect 2 deploy --emit=c -o /dev/null
says 'no regular file'
expect 5 deploy --emit=c -o nowhere/none
says 'nowhere/none.c'
expect 2 deploy --emit=c --spikes i16 -o none
says '--calibrate'
cat >soft.rvb <<'END'
neuron soft() {
  state u = 0
  u = 0.5 * u + input
  emit sigmoid(u)
}
network Soft(image: [1, 4, 4] repeated 2) {
  return image |> conv2d(4) as one |> soft |> flatten |> linear(3) as two |> mean_over_time
}
END
"$RVBC" soft.rvb -q -o soft
./soft init --seed 1 -o soft.safetensors
expect 1 "$RVBC" deploy soft.rvb --weights soft.safetensors --emit=c -o none
says '--emit=c' 'layer `' '`sigmoid` needs a library of mathematical functions'
[ ! -e none.c ] || die "a file was written"
