/* Runs layers on arrays, for an architecture that is not the tests': run_layers <arrays >results. Of each layer: how
   many inputs and outputs, and of each array its bytes, its extents and, of an input, its contents. 64 bytes after
   every output are watched. Each layer runs with one thread and with two. */
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dimension {
  int32_t min, extent, stride;
  uint32_t flags;
};
struct buffer { /* halide_buffer_t */
  uint64_t device;
  void* device_interface;
  void* host;
  uint64_t flags;
  uint8_t code, bits;
  uint16_t lanes;
  int32_t dimensions;
  struct dimension* dim;
  void* padding;
};
typedef int (*kernel)(struct buffer*, struct buffer*, struct buffer*, struct buffer*, struct buffer*, struct buffer*,
                      struct buffer*, struct buffer*, struct buffer*, struct buffer*, struct buffer*, struct buffer*);
extern const kernel kernels[]; /* the test writes them */
extern const int kernel_count;

enum { most = 12, canary = 64 };

static int layer_now;

static void need(int condition, const char* what) {
  if (!condition) {
    fprintf(stderr, "layer %d: %s\n", layer_now, what);
    exit(1);
  }
}

static int64_t number(void) {
  int64_t n;
  need(fread(&n, sizeof n, 1, stdin) == 1, "the arrays end early");
  return n;
}

static void run(kernel layer) {
  static struct dimension dims[most][4];
  struct buffer b[most];
  int64_t bytes[most], inputs = number(), outputs = number();
  uint8_t* first[most] = {NULL};
  need(inputs + outputs <= most, "too many arrays");
  memset(b, 0, sizeof b);
  for (int64_t i = 0; i < inputs + outputs; ++i) {
    bytes[i] = number();
    b[i].dimensions = (int32_t)number();
    b[i].dim = dims[i];
    for (int32_t d = 0; d < b[i].dimensions; ++d)
      dims[i][d] = (struct dimension){0, (int32_t)number(), 1, 0};
    b[i].host = aligned_alloc(64, (size_t)(bytes[i] + canary + 63) / 64 * 64);
    need(b[i].host != NULL, "out of memory");
    if (i < inputs)
      need(fread(b[i].host, 1, (size_t)bytes[i], stdin) == (size_t)bytes[i], "the arrays end early");
  }
  for (int threads = 1; threads <= 2; ++threads) {
    rvb_set_threads(threads);
    for (int64_t i = inputs; i < inputs + outputs; ++i)
      memset(b[i].host, 0xa5, (size_t)bytes[i] + canary);
    need(layer(&b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6], &b[7], &b[8], &b[9], &b[10], &b[11]) == 0,
         "a layer failed");
    for (int64_t i = inputs; i < inputs + outputs; ++i) {
      uint8_t* host = b[i].host;
      for (int k = 0; k < canary; ++k)
        need(host[bytes[i] + k] == 0xa5, "written past the end of a result");
      if (threads == 1) {
        first[i] = malloc((size_t)bytes[i]);
        need(first[i] != NULL, "out of memory");
        memcpy(first[i], host, (size_t)bytes[i]);
      }
      need(memcmp(first[i], host, (size_t)bytes[i]) == 0, "two threads give other bits");
    }
  }
  for (int64_t i = inputs; i < inputs + outputs; ++i)
    need(fwrite(b[i].host, 1, (size_t)bytes[i], stdout) == (size_t)bytes[i], "cannot write");
}

int main(void) {
  for (; layer_now < kernel_count; ++layer_now)
    run(kernels[layer_now]);
  return fflush(stdout) != 0;
}
