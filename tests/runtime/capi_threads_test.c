/* rvb.h under load: handles made, used and freed in several threads at once; forks; numbers that are not finite.

     runtime_capi_threads [THREADS [ROUNDS [THREADS_OF_A_HANDLE [FORKS]]]] */
#define _GNU_SOURCE
#include "interface/rvb.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(CONDITION)                                                                                               \
  if (!(CONDITION)) {                                                                                                  \
    fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #CONDITION);                                                    \
    exit(1);                                                                                                           \
  }

enum { count = 4, pixels = 784, classes = 10 };
extern const rvb_program rvb_compiled_program;
static float images[count * pixels], expected[count * classes];
static int rounds = 5, threads_of_a_handle = 2;

static void use_one(void) {
  float logits[count * classes], step[count * classes];
  rvb_network* network = NULL;
  CHECK(rvb_create(&rvb_compiled_program, count, threads_of_a_handle, &network) == RVB_OK);
  CHECK(rvb_run(network, images, count, logits) == RVB_OK);
  CHECK(memcmp(logits, expected, sizeof logits) == 0);
  CHECK(rvb_step(network, images, count, step) == RVB_OK);
  CHECK(memcmp(step, expected, sizeof step) == 0);
  rvb_free(network);
}

static void* use_many(void* argument) {
  for (int i = 0; i < rounds; ++i)
    use_one();
  return argument;
}

static void in_threads(int threads) {
  pthread_t started[64];
  for (int i = 0; i < threads; ++i)
    CHECK(pthread_create(&started[i], NULL, use_many, NULL) == 0);
  for (int i = 0; i < threads; ++i)
    pthread_join(started[i], NULL);
}

/* The parent has used its team; in the child the same handle and new ones work, and threads of the child's own do. */
static void in_child(rvb_network* network) {
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(60); /* against hanging for ever */
    float logits[count * classes];
    CHECK(rvb_run(network, images, count, logits) == RVB_OK);
    CHECK(memcmp(logits, expected, sizeof logits) == 0);
    use_one();
    in_threads(2);
    pid_t grandchild = fork();
    if (grandchild == 0) {
      use_one();
      _exit(0);
    }
    int status = 1;
    CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
    exit(0);
  }
  int status = 1;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

static void numbers_that_are_not_finite(rvb_network* network) {
  const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
  float logits[count * classes], before[count * classes];
  rvb_reset(network);
  CHECK(rvb_step(network, images, count, logits) == RVB_OK);
  CHECK(rvb_step(network, images, count, before) == RVB_OK);
  rvb_reset(network);
  CHECK(rvb_step(network, images, count, logits) == RVB_OK);
  for (int i = 0; i < 4; ++i) {
    float other[count * pixels];
    memcpy(other, images, sizeof other);
    other[2 * pixels + 17] = bad[i];
    other[2 * pixels + 20] = bad[i]; /* the large one overflows in the network, not before it */
    if (i == 3)
      for (int k = 0; k < pixels; ++k)
        other[k] = (k * 10 * 7919) % 13 < 6 ? -bad[i] : bad[i]; /* as the weights of the first class */
    memset(logits, 0, sizeof logits);
    CHECK(rvb_run(network, other, count, logits) == RVB_NOT_FINITE);
    CHECK(strstr(rvb_message(network), "not finite") != NULL);
    CHECK(rvb_step(network, other, count, logits) == RVB_NOT_FINITE);
    for (int k = 0; k < count * classes; ++k)
      CHECK(logits[k] == 0);
  }
  CHECK(rvb_step(network, images, count, logits) == RVB_OK); /* the membranes are those from before */
  CHECK(memcmp(logits, before, sizeof logits) == 0);
}

int main(int argc, char** argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 8;
  rounds = argc > 2 ? atoi(argv[2]) : 1000 / 8;
  threads_of_a_handle = argc > 3 ? atoi(argv[3]) : 2;
  CHECK(threads >= 1 && threads <= 64);
  for (int i = 0; i < count * pixels; ++i)
    images[i] = (float)((i * 31) % 17) / 17.0f;
  rvb_network* network = NULL;
  CHECK(rvb_create(&rvb_compiled_program, count, threads_of_a_handle, &network) == RVB_OK);
  CHECK(rvb_run(network, images, count, expected) == RVB_OK);
  numbers_that_are_not_finite(network);
  in_threads(threads);
  if (argc <= 4 || atoi(argv[4]) != 0)
    in_child(network);
  rvb_free(network);
  puts("ok");
  return 0;
}
