/* For LD_PRELOAD: system calls that fail at a chosen moment, as they do on a machine that is full.

     RVB_FAIL=CALL:ERRNO:N[:MORE]   the N-th call (from 1) fails with the number ERRNO, and MORE calls after it
     RVB_KILL=CALL:N                the N-th call ends the process as kill -9 does
     RVB_THREADS_AT_MOST=N          pthread_create fails with EAGAIN while N threads live in addition to the first one

   CALL is open, write, fsync, rename, close or mkdir. Calls on /dev, /proc and /sys do not count, and of write and
   close only those on regular files. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(NAME)                                                                                                     \
  static __typeof__(&NAME) next;                                                                                       \
  if (next == NULL)                                                                                                    \
  next = (__typeof__(&NAME))dlsym(RTLD_NEXT, #NAME)

/* 1: this call is to fail, errno is set. */
static int fails(const char* call) {
  static atomic_int failed_calls, killed_calls;
  const char* text = getenv("RVB_KILL");
  size_t length = strlen(call);
  if (text != NULL && strncmp(text, call, length) == 0 && text[length] == ':' &&
      atomic_fetch_add(&killed_calls, 1) + 1 == atoi(text + length + 1))
    raise(SIGKILL);
  text = getenv("RVB_FAIL");
  if (text == NULL || strncmp(text, call, length) != 0 || text[length] != ':')
    return 0;
  char* end = NULL;
  int error = (int)strtol(text + length + 1, &end, 10), first = (int)strtol(end + 1, &end, 10);
  int more = *end == ':' ? atoi(end + 1) : 0, now = atomic_fetch_add(&failed_calls, 1) + 1;
  if (now < first || now > first + more)
    return 0;
  errno = error;
  return 1;
}

static int regular(int file) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

static int counts(const char* path) {
  return strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0 && strncmp(path, "/sys/", 5) != 0;
}

int open(const char* path, int flags, ...) {
  NEXT(open);
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
  va_end(more);
  return counts(path) && fails("open") ? -1 : next(path, flags, mode);
}

ssize_t write(int file, const void* data, size_t size) {
  NEXT(write);
  return regular(file) && fails("write") ? -1 : next(file, data, size);
}

int fsync(int file) {
  NEXT(fsync);
  return fails("fsync") ? -1 : next(file);
}

int rename(const char* from, const char* to) {
  NEXT(rename);
  return fails("rename") ? -1 : next(from, to);
}

int mkdir(const char* path, mode_t mode) {
  NEXT(mkdir);
  return fails("mkdir") ? -1 : next(path, mode);
}

int close(int file) {
  NEXT(close);
  int failed = regular(file) && fails("close"), error = errno;
  int result = next(file);
  if (failed)
    errno = error;
  return failed ? -1 : result;
}

static atomic_int living;

typedef struct start {
  void* (*run)(void*);
  void* argument;
} start;

static void gone(void* unused) {
  (void)unused;
  atomic_fetch_sub(&living, 1);
}

static void* run_and_count(void* argument) {
  start own = *(start*)argument;
  free(argument);
  void* result;
  pthread_cleanup_push(gone, NULL);
  result = own.run(own.argument);
  pthread_cleanup_pop(1);
  return result;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  NEXT(pthread_create);
  const char* most = getenv("RVB_THREADS_AT_MOST");
  start* own = malloc(sizeof *own);
  if (own == NULL)
    return EAGAIN;
  int alive = atomic_fetch_add(&living, 1);
  own->run = run;
  own->argument = argument;
  int code = most != NULL && alive >= atoi(most) ? EAGAIN : next(thread, attributes, run_and_count, own);
  if (code != 0) {
    atomic_fetch_sub(&living, 1);
    free(own);
  }
  return code;
}
