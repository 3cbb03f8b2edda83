// To be preloaded: lets chosen calls of the C library fail, fall short or kill the process. The environment says which.
//
//   RVB_FAULT_CALLS=write,rename  the calls that count (empty: all); a name stands for its variants too (open: creat,
//   …) RVB_FAULT_IN=NAME             only in programs with this file name, and what they fork RVB_FAULT_COUNTER=FILE 8
//   bytes that all processes share: calls are numbered through forks and execs RVB_FAULT_AT=N                the first
//   call that is hit (1 is the first of all) RVB_FAULT_MANY=N              how many from there on (default 1)
//   RVB_FAULT_DO=KILL|SHORT|NUMBER  SIGKILL; half of the bytes; this errno
//   RVB_FAULT_ROOM=BYTES          instead of AT: what may be written below RVB_FAULT_UNDER before the disk is full
//   RVB_FAULT_UNDER=FOLDER
//   RVB_FAULT_LOG=FILE            a line `CALL PATH` for every call that counts
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { nothing = 0, fall_short = -1 };

static struct {
  int active, action, kill;
  const char *calls, *under;
  long at, many, room;
  long* counter; // calls, or with ROOM the bytes
  int log;
} plan;

static const char* text(const char* name) {
  const char* value = getenv(name);
  return value != NULL && *value != 0 ? value : NULL;
}

static long number(const char* name, long otherwise) {
  const char* value = text(name);
  return value == NULL ? otherwise : strtol(value, NULL, 10);
}

// Descriptors of this library lie high, where no program looks for its own.
static int open_high(const char* path, int flags) {
  int low = (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
  int high = low < 0 ? -1 : (int)syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, 900);
  if (low >= 0)
    syscall(SYS_close, low);
  return high;
}

__attribute__((constructor)) static void begin(void) {
  const char *in = text("RVB_FAULT_IN"), *counter = text("RVB_FAULT_COUNTER"), *log = text("RVB_FAULT_LOG");
  char self[4096] = "";
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  const char* name = length > 0 ? strrchr(self, '/') : NULL;
  if (counter == NULL || (in != NULL && (name == NULL || strcmp(name + 1, in) != 0)))
    return;
  int file = open_high(counter, O_RDWR);
  void* shared = file < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (shared == MAP_FAILED) {
    fprintf(stderr, "inject: %s cannot be mapped\n", counter);
    _exit(99);
  }
  syscall(SYS_close, file);
  const char* action = text("RVB_FAULT_DO");
  plan.kill = action != NULL && strcmp(action, "KILL") == 0;
  plan.action = action == NULL || plan.kill ? nothing : strcmp(action, "SHORT") == 0 ? fall_short : atoi(action);
  plan.calls = text("RVB_FAULT_CALLS");
  plan.under = text("RVB_FAULT_UNDER");
  plan.at = number("RVB_FAULT_AT", 0);
  plan.many = number("RVB_FAULT_MANY", 1);
  plan.room = number("RVB_FAULT_ROOM", -1);
  plan.counter = shared;
  plan.log = log == NULL ? -1 : open_high(log, O_WRONLY | O_APPEND | O_CREAT);
  plan.active = 1;
}

static int counts(const char* call) {
  if (plan.calls == NULL)
    return 1;
  size_t length = strlen(call);
  for (const char* at = plan.calls; (at = strstr(at, call)) != NULL; at += length)
    if ((at == plan.calls || at[-1] == ',') && (at[length] == 0 || at[length] == ','))
      return 1;
  return 0;
}

static const char* path_of(int file, char* space, size_t size) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  long length = syscall(SYS_readlink, link, space, size - 1);
  space[length < 0 ? 0 : length] = 0;
  return space;
}

static int below(const char* path) {
  size_t length = strlen(plan.under);
  return strncmp(path, plan.under, length) == 0 && (path[length] == '/' || path[length] == 0);
}

// What happens to this call: nothing, fall_short or an errno. `path` or the descriptor says what it is about.
static int fault(const char* call, const char* path, int file) {
  if (!plan.active || plan.room >= 0 || !counts(call))
    return nothing;
  int before = errno;
  char space[4096];
  if (path == NULL)
    path = file >= 0 ? path_of(file, space, sizeof space) : "";
  if (plan.under != NULL && !below(path))
    return nothing;
  long n = __atomic_add_fetch(plan.counter, 1, __ATOMIC_SEQ_CST);
  if (plan.log >= 0) {
    char line[4400];
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    syscall(SYS_write, plan.log, line, length);
  }
  errno = before;
  if (plan.at == 0 || n < plan.at || n >= plan.at + plan.many)
    return nothing;
  if (plan.kill)
    kill(getpid(), SIGKILL);
  return plan.action;
}

// How many of `size` bytes find room: the disk that is full after so many.
static size_t room_for(int file, size_t size, int* full) {
  *full = 0;
  if (!plan.active || plan.room < 0)
    return size;
  int before = errno;
  char space[4096];
  int ours = below(path_of(file, space, sizeof space));
  errno = before;
  if (!ours)
    return size;
  long used = __atomic_fetch_add(plan.counter, (long)size, __ATOMIC_SEQ_CST), left = plan.room - used;
  if (left >= (long)size)
    return size;
  *full = left <= 0;
  return left <= 0 ? 0 : (size_t)left;
}

#define REAL(type, name, ...)                                                                                          \
  static type (*real)(__VA_ARGS__);                                                                                    \
  if (real == NULL)                                                                                                    \
  *(void**)&real = dlsym(RTLD_NEXT, name)

#define FAIL(value, number)                                                                                            \
  do {                                                                                                                 \
    errno = number;                                                                                                    \
    return value;                                                                                                      \
  } while (0)

#define WRITER(name, declaration, arguments, ...)                                                                      \
  ssize_t name declaration {                                                                                           \
    REAL(ssize_t, #name, __VA_ARGS__);                                                                                 \
    int full, what = fault("write", NULL, file);                                                                       \
    if (what > 0)                                                                                                      \
      FAIL(-1, what);                                                                                                  \
    if (what == fall_short && size > 1)                                                                                \
      size /= 2;                                                                                                       \
    size = room_for(file, size, &full);                                                                                \
    if (full)                                                                                                          \
      FAIL(-1, ENOSPC);                                                                                                \
    return real arguments;                                                                                             \
  }

WRITER(write, (int file, const void* bytes, size_t size), (file, bytes, size), int, const void*, size_t)
WRITER(pwrite, (int file, const void* bytes, size_t size, off_t at), (file, bytes, size, at), int, const void*, size_t,
       off_t)
WRITER(pwrite64, (int file, const void* bytes, size_t size, off64_t at), (file, bytes, size, at), int, const void*,
       size_t, off64_t)
WRITER(sendfile, (int file, int from, off_t* at, size_t size), (file, from, at, size), int, int, off_t*, size_t)
WRITER(sendfile64, (int file, int from, off64_t* at, size_t size), (file, from, at, size), int, int, off64_t*, size_t)
WRITER(copy_file_range, (int from, off64_t* at, int file, off64_t* to, size_t size, unsigned flags),
       (from, at, file, to, size, flags), int, off64_t*, int, off64_t*, size_t, unsigned)

ssize_t writev(int file, const struct iovec* parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec*, int);
  int full, what = fault("write", NULL, file);
  if (what > 0)
    FAIL(-1, what);
  size_t size = 0;
  for (int i = 0; i < count; ++i)
    size += parts[i].iov_len;
  size_t wanted = room_for(file, what == fall_short && size > 1 ? size / 2 : size, &full);
  if (full)
    FAIL(-1, ENOSPC);
  if (wanted == size)
    return real(file, parts, count);
  for (int i = 0; i < count; ++i)
    if (parts[i].iov_len != 0)
      return syscall(SYS_write, file, parts[i].iov_base, parts[i].iov_len < wanted ? parts[i].iov_len : wanted);
  return 0;
}

ssize_t read(int file, void* bytes, size_t size) {
  REAL(ssize_t, "read", int, void*, size_t);
  int what = fault("read", NULL, file);
  if (what > 0)
    FAIL(-1, what);
  return real(file, bytes, what == fall_short && size > 1 ? size / 2 : size);
}

// The descriptor is gone on Linux whatever close() says.
int close(int file) {
  REAL(int, "close", int);
  int what = fault("close", NULL, file);
  int result = real(file);
  if (what > 0)
    FAIL(-1, what);
  return result;
}

#define SIMPLE(type, failed, call, name, declaration, arguments, path, file, ...)                                      \
  type name declaration {                                                                                              \
    REAL(type, #name, __VA_ARGS__);                                                                                    \
    int what = fault(call, path, file);                                                                                \
    if (what > 0)                                                                                                      \
      FAIL(failed, what);                                                                                              \
    return real arguments;                                                                                             \
  }

SIMPLE(int, -1, "sync", fsync, (int file), (file), NULL, file, int)
SIMPLE(int, -1, "sync", fdatasync, (int file), (file), NULL, file, int)
SIMPLE(int, -1, "rename", rename, (const char* from, const char* to), (from, to), to, -1, const char*, const char*)
SIMPLE(int, -1, "rename", renameat, (int a, const char* from, int b, const char* to), (a, from, b, to), to, -1, int,
       const char*, int, const char*)
SIMPLE(int, -1, "rename", renameat2, (int a, const char* from, int b, const char* to, unsigned flags),
       (a, from, b, to, flags), to, -1, int, const char*, int, const char*, unsigned)
SIMPLE(int, -1, "rename", linkat, (int a, const char* from, int b, const char* to, int flags), (a, from, b, to, flags),
       to, -1, int, const char*, int, const char*, int)
SIMPLE(int, -1, "mkdir", mkdir, (const char* path, mode_t mode), (path, mode), path, -1, const char*, mode_t)
SIMPLE(char*, NULL, "mkdir", mkdtemp, (char* path), (path), path, -1, char*)
SIMPLE(int, -1, "open", mkstemp, (char* path), (path), path, -1, char*)
SIMPLE(int, -1, "open", mkostemp, (char* path, int flags), (path, flags), path, -1, char*, int)
SIMPLE(int, -1, "unlink", unlink, (const char* path), (path), path, -1, const char*)
SIMPLE(int, -1, "truncate", ftruncate, (int file, off_t size), (file, size), NULL, file, int, off_t)
SIMPLE(DIR*, NULL, "open", opendir, (const char* path), (path), path, -1, const char*)
SIMPLE(FILE*, NULL, "open", fopen, (const char* path, const char* mode), (path, mode), path, -1, const char*,
       const char*)
SIMPLE(FILE*, NULL, "open", fopen64, (const char* path, const char* mode), (path, mode), path, -1, const char*,
       const char*)
SIMPLE(int, -1, "pipe", pipe, (int ends[2]), (ends), "", -1, int*)
SIMPLE(int, -1, "pipe", pipe2, (int ends[2], int flags), (ends, flags), "", -1, int*, int)
SIMPLE(pid_t, -1, "fork", fork, (void), (), "", -1, void)

// A function around the true one would return on a stack that the child has left.
pid_t vfork(void) {
  return fork();
}

#define OPENER(name, declaration, arguments, ...)                                                                      \
  int name declaration {                                                                                               \
    REAL(int, #name, __VA_ARGS__);                                                                                     \
    mode_t mode = 0;                                                                                                   \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                                                        \
      va_list more;                                                                                                    \
      va_start(more, flags);                                                                                           \
      mode = va_arg(more, mode_t);                                                                                     \
      va_end(more);                                                                                                    \
    }                                                                                                                  \
    int what = fault("open", path, -1);                                                                                \
    if (what > 0)                                                                                                      \
      FAIL(-1, what);                                                                                                  \
    return real arguments;                                                                                             \
  }

OPENER(open, (const char* path, int flags, ...), (path, flags, mode), const char*, int, mode_t)
OPENER(open64, (const char* path, int flags, ...), (path, flags, mode), const char*, int, mode_t)
OPENER(openat, (int folder, const char* path, int flags, ...), (folder, path, flags, mode), int, const char*, int,
       mode_t)
OPENER(openat64, (int folder, const char* path, int flags, ...), (folder, path, flags, mode), int, const char*, int,
       mode_t)

// These two return the error.
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  REAL(int, "pthread_create", pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  int what = fault("thread", "", -1);
  return what > 0 ? what : real(thread, attributes, run, argument);
}

int posix_spawnp(pid_t* child, const char* path, const void* actions, const void* attributes, char* const* arguments,
                 char* const* environment) {
  REAL(int, "posix_spawnp", pid_t*, const char*, const void*, const void*, char* const*, char* const*);
  int what = fault("fork", path, -1);
  return what > 0 ? what : real(child, path, actions, attributes, arguments, environment);
}
