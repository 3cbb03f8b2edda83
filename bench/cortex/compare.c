/* The second binary layer of the network in net.c, 64 channels to 128 at 14 x 14, in two ways: by its tables, and as
   libraries of dense layers do it on a Cortex-M4: a patch of two pixels is copied as 16-bit numbers, and SMLAD
   multiplies and adds pairs of them with pairs of 8-bit weights that SXTB16 has spread, for two outputs and two pixels
   at a time. Both sums have to be the same. */
#include "net.c"

#include "board.h"

#include <arm_acle.h>

enum { size = 14, in = 64, out = 128, taps = 9, depth = taps * in };

static int16_t spikes[size * size * in];
static int8_t small[size * size * in], weights[out][depth];
static int16_t patch[2][depth];
static int32_t by_tables[size * size * out], by_products[size * size * out];
static uint32_t tables[TABLE_BYTES / 4];
static int32_t sums[PIXELS * out];

static void with_tables(void) {
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; x += PIXELS) {
      net_synapses_unit2_conv2d(spikes, ((y - 1) * size + x - 1) * in, y - 1, x - 1, tables, sums);
      for (int p = 0; p < PIXELS && x + p < size; ++p)
        for (int o = 0; o < out; ++o)
          by_tables[(y * size + x + p) * out + o] = sums[p * out + o];
    }
}

/* Four neighbouring 8-bit numbers as two pairs of 16 bits, in the order 0 2, 1 3. */
static inline void spread(const int8_t* from, int16x2_t* even, int16x2_t* odd) {
  const uint32_t four = *(const uint32_t*)(const void*)from;
  *even = __sxtb16((int8x4_t)four);
  *odd = __sxtb16((int8x4_t)(four >> 8 | four << 24));
}

/* In the same order as weights: pairs of channels 0 2, 1 3. */
static void copy_patch(int y, int x, int16_t* to) {
  for (int ky = y - 1; ky < y + 2; ++ky)
    for (int kx = x - 1; kx < x + 2; ++kx, to += in) {
      uint32_t* pairs = (uint32_t*)(void*)to;
      if (ky < 0 || ky >= size || kx < 0 || kx >= size) {
        for (int i = 0; i < in / 2; ++i)
          pairs[i] = 0;
        continue;
      }
      const int8_t* from = small + (ky * size + kx) * in;
      for (int i = 0; i < in / 4; ++i) {
        int16x2_t even, odd;
        spread(from + 4 * i, &even, &odd);
        pairs[2 * i] = (uint32_t)even;
        pairs[2 * i + 1] = (uint32_t)odd;
      }
    }
}

static void with_products(void) {
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; x += 2) {
      copy_patch(y, x, patch[0]);
      copy_patch(y, x + 1, patch[1]);
      int32_t* first = by_products + (y * size + x) * out;
      for (int o = 0; o < out; o += 2) {
        const int8_t *a = weights[o], *b = weights[o + 1];
        const uint32_t *p = (const uint32_t*)(const void*)patch[0], *q = (const uint32_t*)(const void*)patch[1];
        int32_t ap = 0, aq = 0, bp = 0, bq = 0;
        for (int i = 0; i < depth / 4; ++i) {
          int16x2_t a0, a1, b0, b1;
          spread(a, &a0, &a1);
          spread(b, &b0, &b1);
          a += 4;
          b += 4;
          const int16x2_t p0 = (int16x2_t)*p++, p1 = (int16x2_t)*p++, q0 = (int16x2_t)*q++, q1 = (int16x2_t)*q++;
          ap = __smlad(a1, p1, __smlad(a0, p0, ap));
          aq = __smlad(a1, q1, __smlad(a0, q0, aq));
          bp = __smlad(b1, p1, __smlad(b0, p0, bp));
          bq = __smlad(b1, q1, __smlad(b0, q0, bq));
        }
        first[o] = ap;
        first[o + 1] = bp;
        first[out + o] = aq;
        first[out + o + 1] = bq;
      }
    }
}

int main(void) {
  uint32_t random = 1;
  for (int i = 0; i < size * size * in; ++i) {
    random = random * 1664525 + 1013904223;
    small[i] = (int8_t)(random >> 24);
    spikes[i] = small[i];
  }
  for (int o = 0; o < out; ++o)
    for (int d = 0; d < depth; ++d)
      weights[o][d] = (net_unit2_conv2d_signs[o * depth / 32 + d / 32] >> (d % 32)) & 1 ? 1 : -1;
  start_timer();
  uint32_t before = timer[2];
  with_tables();
  say("tables ");
  say_instructions(before);
  before = timer[2];
  with_products();
  say("smlad ");
  say_instructions(before);
  for (int i = 0; i < size * size * out; ++i)
    if (by_tables[i] != by_products[i])
      return 1;
  return 0;
}
