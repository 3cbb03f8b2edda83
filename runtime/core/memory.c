/* Scratch memory of kernels: every thread keeps the blocks it was given, so that a program that has run once allocates
   nothing more. A kernel frees what it took in the same thread; a block that does travel joins the pool it arrives in.
 */
#define _GNU_SOURCE
#include "core/way_out.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { alignment = 64, pool_size = 32 };
static const size_t huge_page = (size_t)2 << 20;

typedef struct header {
  size_t bytes; /* that the user may use */
} header;

typedef struct pool {
  int count;
  void* blocks[pool_size];
} pool;

static pthread_key_t pool_key;
static pthread_once_t pool_once = PTHREAD_ONCE_INIT;
static int pool_key_made;

/* Kernels are compiled without checks: they would write to memory that they were not given. So where it is missing, the
   call ends as a whole, with what it holds, and its thread goes on after the innermost of the two functions below. */
static __thread jmp_buf* way_out = NULL;

int rvb_call(int (*run)(const struct rvb_frame*), const struct rvb_frame* frame) {
  jmp_buf here;
  jmp_buf* const outer = way_out;
  if (_setjmp(here) != 0) {
    way_out = outer;
    return RVB_CODE_OUT_OF_MEMORY;
  }
  way_out = &here;
  const int code = run(frame);
  way_out = outer;
  return code;
}

int rvb_call_task(rvb_task task, void* context, int index, uint8_t* closure) {
  jmp_buf here;
  jmp_buf* const outer = way_out;
  if (_setjmp(here) != 0) {
    way_out = outer;
    return RVB_CODE_OUT_OF_MEMORY;
  }
  way_out = &here;
  const int code = task(context, index, closure);
  way_out = outer;
  return code;
}

void rvb_leave_call(void) {
  if (way_out != NULL)
    _longjmp(*way_out, 1);
}

static header* header_of(void* block) {
  return (header*)((char*)block - alignment);
}

static void free_block(void* block) {
  free((char*)block - alignment);
}

static void drop_pool(void* argument) {
  pool* own = argument;
  for (int i = 0; i < own->count; ++i)
    free_block(own->blocks[i]);
  free(own);
}

static void make_key(void) {
  pool_key_made = pthread_key_create(&pool_key, drop_pool) == 0;
}

static pool* own_pool(void) {
  pthread_once(&pool_once, make_key);
  if (!pool_key_made)
    return NULL;
  pool* own = pthread_getspecific(pool_key);
  if (own == NULL) {
    own = calloc(1, sizeof *own);
    if (own != NULL && pthread_setspecific(pool_key, own) != 0) {
      free(own);
      own = NULL;
    }
  }
  return own;
}

void* halide_malloc(void* context, size_t bytes) {
  (void)context;
  if (bytes > SIZE_MAX / 2)
    return NULL;
  pool* own = own_pool();
  int best = -1;
  for (int i = 0; own != NULL && i < own->count; ++i) {
    size_t size = header_of(own->blocks[i])->bytes;
    if (size >= bytes && (best < 0 || size < header_of(own->blocks[best])->bytes))
      best = i;
  }
  if (best >= 0) {
    void* block = own->blocks[best];
    own->blocks[best] = own->blocks[--own->count];
    return block;
  }
  /* None is large enough: the largest one is given up for a larger one. So a thread ends up with as many blocks as its
     kernels need at once, each as large as needed, instead of one of every size. */
  if (own != NULL && own->count > 0) {
    int largest = 0;
    for (int i = 1; i < own->count; ++i)
      if (header_of(own->blocks[i])->bytes > header_of(own->blocks[largest])->bytes)
        largest = i;
    free_block(own->blocks[largest]);
    own->blocks[largest] = own->blocks[--own->count];
  }
  /* One alignment more at the end: kernels may read a whole vector at the last element. */
  size_t room = (bytes + alignment - 1) / alignment * alignment;
  char* base = aligned_alloc(alignment, room + 2 * alignment);
  if (base == NULL) {
    rvb_leave_call();
    return NULL;
  }
  void* block = base + alignment;
  header_of(block)->bytes = room;
  return block;
}

void halide_free(void* context, void* block) {
  (void)context;
  if (block == NULL)
    return;
  pool* own = own_pool();
  if (own == NULL) {
    free_block(block);
    return;
  }
  if (own->count == pool_size) { /* full: the smallest one goes, it costs least to get again */
    int smallest = 0;
    for (int i = 1; i < own->count; ++i)
      if (header_of(own->blocks[i])->bytes < header_of(own->blocks[smallest])->bytes)
        smallest = i;
    free_block(own->blocks[smallest]);
    own->blocks[smallest] = own->blocks[--own->count];
  }
  own->blocks[own->count++] = block;
}

void* rvb_allocate(size_t bytes) {
  if (bytes > SIZE_MAX / 2)
    return NULL;
  /* Some room after the end, as above. */
  size_t room = (bytes + 2 * alignment - 1) / alignment * alignment;
  if (room < 2 * huge_page)
    return aligned_alloc(alignment, room);
  room = (room + huge_page - 1) / huge_page * huge_page;
  void* block = aligned_alloc(huge_page, room);
  if (block != NULL)
    madvise(block, room, MADV_HUGEPAGE); /* only a wish: failure changes nothing but speed */
  return block;
}

void rvb_release(void* block) {
  free(block);
}
