/* Halide's parallel loops on OpenMP threads. The tasks are the same whatever the number of threads is, and a task
   writes only what is its own: so results do not depend on the number of threads. */
#include "core/core.h"
#include "core/way_out.h"

#include <errno.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static __thread int wanted_threads = 0;

static pthread_once_t quota_once = PTHREAD_ONCE_INIT;
static int quota, given; /* of cgroups, and by OMP_NUM_THREADS; 0: none */

static void find_quota(void) {
  const char* text = getenv("OMP_NUM_THREADS");
  long number = text == NULL ? 0 : strtol(text, NULL, 10);
  given = number > 0 && number <= 1024 ? (int)number : 0;
  quota = rvb_cpu_quota("");
}

int rvb_available_threads(void) {
  pthread_once(&quota_once, find_quota);
  if (given > 0)
    return given;
  int allowed = omp_get_num_procs(); /* by the calling thread's affinity */
  return quota > 0 && quota < allowed ? quota : allowed;
}

void rvb_set_threads(int threads) {
  wanted_threads = threads;
}

int rvb_threads(void) {
  return wanted_threads > 0 ? wanted_threads : rvb_available_threads();
}

/* libgomp ends the process when a thread of a loop does not start. So whoever makes the team of a loop larger first
   tries whether that many threads can exist, with some memory for libgomp's own records, and takes fewer when not. The
   team belongs to the thread that starts the loops: libgomp keeps one for each of them. */
static __thread int team = 1;      /* threads of the last loop */
static __thread int most_team = 0; /* 0: no thread has been refused yet */
static __thread int team_lost = 0; /* this is a child of fork: the threads of the team are in the parent */
static rvb_thread_note note = NULL;

void rvb_set_thread_note(rvb_thread_note told) {
  note = told;
}

static void after_fork(void) {
  team_lost = team > 1;
}

static void watch_forks(void) {
  pthread_atfork(NULL, NULL, after_fork);
}

typedef struct gate {
  pthread_mutex_t mutex;
  pthread_cond_t opened;
  int open;
} gate;

static void* wait_at(void* argument) {
  gate* g = argument;
  pthread_mutex_lock(&g->mutex);
  while (!g->open)
    pthread_cond_wait(&g->opened, &g->mutex);
  pthread_mutex_unlock(&g->mutex);
  return NULL;
}

/* How many of `count` threads can run at once; *error says what kept back the next one. */
static int startable(int count, int* error) {
  gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
  pthread_t* threads = malloc((size_t)count * sizeof *threads);
  void* records = malloc((size_t)65536 + (size_t)count * 4096);
  int started = 0;
  *error = ENOMEM;
  while (threads != NULL && records != NULL && started < count &&
         (*error = pthread_create(&threads[started], NULL, wait_at, &g)) == 0)
    ++started;
  pthread_mutex_lock(&g.mutex);
  g.open = 1;
  pthread_cond_broadcast(&g.opened);
  pthread_mutex_unlock(&g.mutex);
  for (int i = 0; i < started; ++i)
    pthread_join(threads[i], NULL);
  pthread_cond_destroy(&g.opened);
  pthread_mutex_destroy(&g.mutex);
  free(records);
  free(threads);
  return started;
}

int rvb_team(void) {
  int threads = rvb_threads();
  if (team_lost || omp_in_parallel())
    return 1;
  if (most_team > 0 && threads > most_team)
    threads = most_team;
  if (threads > team) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
    int error = 0, more = startable(threads - team, &error);
    if (more < threads - team) {
      most_team = team + more;
      if (note != NULL)
        note(threads, most_team, error);
      threads = most_team;
    }
  }
  if (threads > 1)
    team = threads;
  return threads;
}

/* A thread's part of a loop: the first task that is left in the lower half, the end of them in the upper half. */
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
  /* A loop inside a parallel loop runs in its own thread: the outer loop keeps all of them busy. */
  const int threads = size <= 1 ? 1 : rvb_team();
  if (threads <= 1) {
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
        int code = rvb_call_task(task, context, min + i, closure);
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
  if (result == RVB_CODE_OUT_OF_MEMORY)
    rvb_leave_call(); /* the kernel does not look at what is returned here */
  if (result != 0)
    halide_error(context, message);
  return result;
}
