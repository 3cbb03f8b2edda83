#!/bin/bash
# Instructions of the quickstart network on a Cortex-M4, counted by QEMU (-icount shift=0 and the processor's timer), and
# of its second binary layer by tables and by SMLAD. Needs gcc-arm-none-eabi and qemu-system-arm.
#   bench/cortex/run.sh       RVBC names another compiler than build/bin/rvbc
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${RVBC:=$root/build/bin/rvbc}"
harness=$root/tests/end_to_end/freestanding
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cortex=(arm-none-eabi-gcc -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -std=gnu99 -O2 -ffreestanding -ffunction-sections
  -I. -I"$harness" -DFRAMES=0)
link=(-nostdlib -lgcc -T "$harness/cortex_m.ld" -Wl,--gc-sections)
emulate() {
  timeout 300 qemu-system-arm -M mps2-an386 -icount shift=0 -semihosting -nographic -monitor none -serial none -kernel "$1" 2>&1 </dev/null
}
of() { sed -n "s/^#define NET_$1 //p" net.h; }

/usr/bin/python3 -c '
import numpy as np
x = np.random.RandomState(1).rand(4, 1, 28, 28).astype("f4")
np.save("x.npy", x)
with open("samples.h", "w") as file:
    values = ",".join(float(v).hex() + "f" for v in x[0].ravel())
    file.write("#define SAMPLE_COUNT 1\nstatic const float samples[1][784] = {{" + values + "}};\n")'
echo "network  spikes  flash(constants)  flash(all)  arena  instructions"
for spikes in i16 i32 f32; do
  flags=(--spikes "$spikes")
  [ "$spikes" = f32 ] || flags+=(--calibrate x.npy)
  "$RVBC" deploy "$root/examples/fashion.rvb" -q --weights "$root/stdlib/weights/fashion.safetensors" "${flags[@]}" --emit=c -o net
  # The stream's membranes are more than the board has; the network's run alone is linked.
  sed '/^#define NET_STREAM_BYTES/d' net.h >run.h && mv run.h net.h.run && cp net.h net.h.all
  "${cortex[@]}" -c net.c -o net.o
  cp net.h.run net.h
  "${cortex[@]}" "$harness/cortex_m.c" net.o "${link[@]}" -o net.elf
  cp net.h.all net.h
  echo "fashion  $spikes  $(of FLASH_BYTES)  $(arm-none-eabi-size net.o | tail -1 | cut -f 1)  $(of RUN_BYTES)  $(emulate net.elf | sed -n 's/^instructions //p')"
  [ "$spikes" = i16 ] || continue
  pixels=$(grep -A 40 'net_synapses_unit2_conv2d(' net.c | grep -c '^ *const int16_t \*pixel[0-9];\|^ *const int16_t\* pixel[0-9];')
  "${cortex[@]}" -DPIXELS="$pixels" -DTABLE_BYTES=65536 "$root/bench/cortex/compare.c" "${link[@]}" -o compare.elf
  synapses=$((14 * 14 * 9 * 64 * 128))
  emulate compare.elf | /usr/bin/python3 -c "
import sys
for line in sys.stdin:
    name, _, count = line.split()
    print(f'  unit2, {name}: {int(count):,} instructions, {int(count) / $synapses:.3f} a synapse of {$synapses:,}')"
done
