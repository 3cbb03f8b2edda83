/* Halide's parallel loops on OpenMP threads. The tasks are the same whatever the number of threads is, and a task
   writes only what is its own: so results do not depend on the number of threads. */
#include "core.h"

#include <omp.h>
#include <stdio.h>

static __thread int wanted_threads = 0;

int rvb_available_threads(void) {
  return omp_get_num_procs();
}

void rvb_set_threads(int threads) {
  wanted_threads = threads;
}

int rvb_threads(void) {
  return wanted_threads > 0 ? wanted_threads : rvb_available_threads();
}

int halide_do_par_for(void* context, rvb_task task, int min, int size, uint8_t* closure) {
  int threads = rvb_threads();
  /* A loop inside a parallel loop runs in its own thread: the outer loop keeps all of them busy. */
  if (threads <= 1 || size <= 1 || omp_in_parallel()) {
    for (int i = 0; i < size; ++i) {
      int code = task(context, min + i, closure);
      if (code != 0)
        return code;
    }
    return 0;
  }
  int result = 0;
  char message[512] = "";
  /* Always the same number, also for short loops: when a team shrinks, libgomp ends the threads that are left over. */
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (int i = 0; i < size; ++i) {
    int failed;
#pragma omp atomic read
    failed = result;
    if (failed != 0)
      continue;
    int code = task(context, min + i, closure);
    if (code != 0) {
#pragma omp critical(rvb_failed)
      {
        snprintf(message, sizeof message, "%s", rvb_last_error());
#pragma omp atomic write
        result = code;
      }
    }
  }
  if (result != 0)
    halide_error(context, message);
  return result;
}
