/* FRAMES: 1 where a sample is a sequence of frames, 0 where it is one image. */
/* Samples from standard input, logits to standard output; streamed, they have to be the same. */
#include "net.h"

#include <stdio.h>
#include <string.h>

static double arena[(NET_RUN_BYTES + 7) / 8];
static float sample[NET_INPUT * (FRAMES ? NET_STEPS : 1)], logits[NET_CLASSES];

int main(void) {
  while (fread(sample, sizeof sample, 1, stdin) == 1) {
    memset(arena, 0x7f, sizeof arena); /* what lies there before does not matter */
    net_run(arena, sample, logits);
    if (fwrite(logits, sizeof logits, 1, stdout) != 1)
      return 1;
#ifdef NET_STREAM_BYTES
    static double stream[(NET_STREAM_BYTES + 7) / 8];
    float streamed[NET_CLASSES];
    memset(stream, 0x7f, sizeof stream);
    if (net_init(NULL, sizeof stream) == 0 || net_init((char*)stream + 4, sizeof stream) == 0 ||
        net_init(stream, NET_STREAM_BYTES - 1) == 0 || net_init(stream, sizeof stream) != 0)
      return 1;
    for (int again = 0; again < 2; ++again) {
      for (int t = 0; t < NET_STEPS; ++t)
        net_step(stream, sample + FRAMES * t * NET_INPUT, streamed);
      if (memcmp(streamed, logits, sizeof logits) != 0)
        return 2;
      net_reset(stream);
    }
#endif
  }
  return 0;
}
