#!/bin/bash
# The check of the machine code finds what it looks for: objects with and without multiplies.
. "$(dirname "$0")/common.sh"

cat >sums.c <<'END'
void sums(float* out, const float* in, long n) {
  for (long i = 0; i < n; ++i)
    out[i] += in[i] - in[i + 1];
}
END
cat >planted.c <<'END'
void planted(float* out, const float* in, long n) {
  for (long i = 0; i < n; ++i)
    out[i] += in[i] * in[i + 1];
}
END
cat >divided.c <<'END'
float divided(float a, float b) { return a / b; }
END
cat >whole.c <<'END'
void whole(int* out, const int* in, long n) {
  for (long i = 0; i < n; ++i)
    out[i] = in[i] * out[i];
}
END
cc -O2 -c sums.c planted.c divided.c
cc -O3 -march=haswell -c planted.c -o fused.o
cc -O3 -march=haswell -c whole.c -o whole.o
expect 0 "$RVBC" inspect sums.o sums
says '0 multiplies on data'
expect 3 "$RVBC" inspect planted.o planted
says mulss
expect 3 "$RVBC" inspect fused.o planted
says vfmadd
expect 3 "$RVBC" inspect divided.o divided
says div
expect 3 "$RVBC" inspect whole.o whole
says vpmull
expect 1 "$RVBC" inspect sums.o nothing
