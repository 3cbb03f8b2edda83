/* rvb.h from C, linked without any C++ library: run, step and reset against each other. */
#include "interface/rvb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(CONDITION)                                                                                               \
  if (!(CONDITION)) {                                                                                                  \
    fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #CONDITION);                                                    \
    return 1;                                                                                                          \
  }

extern const rvb_program rvb_compiled_program;
static float images[3 * 784], later[3 * 784], logits[3 * 10], again[3 * 10], first[3 * 10], second[3 * 10];

int main(void) {
  const rvb_program* program = &rvb_compiled_program;
  for (int i = 0; i < 3 * 784; ++i)
    images[i] = (float)((i * 31) % 17) / 17.0f;
  rvb_network* network = NULL;
  CHECK(rvb_create(NULL, 1, 0, &network) == RVB_BAD_ARGUMENT && network == NULL);
  CHECK(rvb_create(program, 0, 0, &network) == RVB_BAD_ARGUMENT);
  CHECK(rvb_create(program, 3, 2, &network) == RVB_OK);
  CHECK(rvb_run(network, images, 4, logits) == RVB_BAD_ARGUMENT);
  CHECK(rvb_message(network)[0] != 0);
  CHECK(rvb_run(network, images, 3, logits) == RVB_OK);
  CHECK(rvb_run(network, images + 784, 1, again) == RVB_OK); /* samples do not meet */
  for (int k = 0; k < 10; ++k)
    CHECK(again[k] == logits[10 + k]);

  /* From rest (0.5: where the program says), a step is what run computes; the second one sees the membrane; reset
   * brings the first one back. */
  CHECK(rvb_step(network, images, 3, first) == RVB_OK);
  for (int i = 0; i < 30; ++i)
    CHECK(first[i] == logits[i]);
  CHECK(rvb_step(network, images, 2, again) == RVB_OK); /* the third stream stays as it is */
  for (int i = 0; i < 3 * 784; ++i)
    later[i] = 1.25f * images[i] - 0.125f;
  CHECK(rvb_run(network, later, 3, second) == RVB_OK); /* does not touch the membranes */
  for (int i = 0; i < 20; ++i)
    CHECK(fabsf(again[i] - second[i]) < 1e-3f);
  CHECK(rvb_step(network, images, 3, again) == RVB_OK);
  for (int i = 20; i < 30; ++i)
    CHECK(fabsf(again[i] - second[i]) < 1e-3f);
  rvb_reset(network);
  CHECK(rvb_step(network, images, 3, again) == RVB_OK);
  for (int i = 0; i < 30; ++i)
    CHECK(again[i] == first[i]);
  rvb_free(network);
  rvb_free(NULL);
  puts("ok");
  return 0;
}
