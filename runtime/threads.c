/* Halide's parallel loops on OpenMP threads. The tasks are the same whatever the number of threads is, and a task
   writes only what is its own: so results do not depend on the number of threads. */
#include "core.h"

#include <omp.h>
#include <stdatomic.h>
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

/* A thread's part of a loop: the first task that is left in the lower half, behind the last one in the upper half. */
typedef struct part {
  _Alignas(64) _Atomic uint64_t tasks;
} part;

static uint64_t tasks_from(int first, int end) {
  return (uint64_t)(uint32_t)end << 32 | (uint32_t)first;
}

/* The next task of a part, for its owner from the front, for others from the back; -1 when none is left. */
static int take(part* p, int owner) {
  uint64_t tasks = atomic_load_explicit(&p->tasks, memory_order_relaxed);
  for (;;) {
    int first = (int)(uint32_t)tasks, end = (int)(tasks >> 32);
    if (first >= end)
      return -1;
    uint64_t left = owner ? tasks_from(first + 1, end) : tasks_from(first, end - 1);
    if (atomic_compare_exchange_weak_explicit(&p->tasks, &tasks, left, memory_order_relaxed, memory_order_relaxed))
      return owner ? first : end - 1;
  }
}

enum { most_parts = 256 };

/* Tasks stand in the order of the samples. Every thread has the same part of all loops, so that it finds in its caches
   what it wrote for its samples in the loop before; who is ready early helps the others. */
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
  part parts[most_parts];
  int count = threads < most_parts ? threads : most_parts;
  for (int i = 0; i < count; ++i)
    atomic_init(&parts[i].tasks, tasks_from((int)((int64_t)size * i / count), (int)((int64_t)size * (i + 1) / count)));
  int result = 0;
  char message[512] = "";
  /* Always the same number, also for short loops: when a team shrinks, libgomp ends the threads that are left over. */
#pragma omp parallel num_threads(threads)
  {
    int own = omp_get_thread_num() % count;
    for (int away = 0; away < count; ++away) {
      part* from = &parts[(own + away) % count];
      for (int i; (i = take(from, away == 0)) >= 0;) {
        int failed;
#pragma omp atomic read
        failed = result;
        if (failed != 0)
          break;
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
    }
  }
  if (result != 0)
    halide_error(context, message);
  return result;
}
