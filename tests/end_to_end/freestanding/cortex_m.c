/* Runs the network on the samples of samples.h and prints the bits of the logits and the instructions of an inference.
   FRAMES: 1 where a sample is a sequence of frames, 0 where it is one image. */
#include "net.h"
#include "samples.h" /* float samples[SAMPLE_COUNT][...] */

#include "board.h"

static void say_bits(const float* logits) {
  for (int i = 0; i < NET_CLASSES; ++i) {
    union {
      float number;
      uint32_t bits;
    } each;
    each.number = logits[i];
    say_number(each.bits, 16);
    say(" ");
  }
  say("\n");
}

static double arena[(NET_RUN_BYTES + 7) / 8];
static float logits[NET_CLASSES];

int main(void) {
  start_timer();
  for (int s = 0; s < SAMPLE_COUNT; ++s) {
    const uint32_t before = timer[2];
    net_run(arena, samples[s], logits);
    if (s == 0)
      say_instructions(before);
    say_bits(logits);
  }
#ifdef NET_STREAM_BYTES
  static double stream[(NET_STREAM_BYTES + 7) / 8];
  if (net_init(stream, sizeof stream) != 0 || net_init(stream, sizeof stream - 8) == 0 ||
      net_init((char*)stream + 4, sizeof stream) == 0)
    return 1;
  for (int s = 0; s < SAMPLE_COUNT; ++s) {
    net_reset(stream);
    for (int t = 0; t < NET_STEPS; ++t)
      net_step(stream, samples[s] + FRAMES * t * NET_INPUT, logits);
    say_bits(logits);
  }
#endif
  return 0;
}
