/* What a compiled network is to the runtime: the one structure that the compiler emits and the runtime reads.
   Plain C, so that the compiler's LLVM code and a user's C program agree on it.

   Memory: a function works in one block of `static_bytes + batch * sample_bytes` bytes (64-byte aligned), given by the
   caller; nothing else is allocated. Arguments and results are dense arrays in memory order (time, batch, H, W, C;
   parameters as the manifest's "order" says), 64-byte aligned, owned by the caller. */
#ifndef RVB_PROGRAM_H
#define RVB_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RVB_PROGRAM_VERSION = 3 };

/* What a function returns where its largest tensor would have more than 2^31 elements: kernels count in 32 bits. No
   kernel has run then. */
enum { RVB_BATCH_TOO_LARGE = 1000 };

typedef struct rvb_frame {
  int64_t batch;                /* number of samples, at least 1 */
  const void* const* arguments; /* in the order of the function's "arguments" in the manifest */
  void* const* results;         /* in the order of "results" */
  unsigned char* block;         /* static_bytes + batch * sample_bytes */
} rvb_frame;

typedef struct rvb_function {
  const char* name;                   /* "infer", "gradient", "step", "observe" */
  int (*run)(const rvb_frame* frame); /* 0, or the first non-zero code of a kernel */
  int64_t static_bytes;
  int64_t sample_bytes;
  int32_t arguments;
  int32_t results;
} rvb_function;

/* A constant: weights, thresholds, tables. */
typedef struct rvb_data {
  const void* begin;
  int64_t bytes;
} rvb_data;

typedef struct rvb_program {
  int32_t version;                 /* RVB_PROGRAM_VERSION */
  int32_t deployed;                /* 1: weights are inside; functions take only the image (and states) */
  int32_t sequence;                /* 0: one static image, repeated over the steps inside; 1: [T, batch, ...] */
  int32_t steps;                   /* T */
  int32_t channels, height, width; /* of the input; height = width = 1 for a vector input */
  int32_t classes;
  int32_t state_count;           /* what "step" keeps (membranes; sums and counts of means): extra arguments, results */
  const int64_t* state_elements; /* elements of 4 bytes per sample of each state */
  const float* state_initial;    /* what each state is before the first step */
  int32_t function_count;
  const rvb_function* functions;
  const char* const* features; /* CPU features needed ("avx2"), ending in null */
  const char* manifest;        /* JSON, see manifest.md */
  const rvb_data* data;
  int32_t data_count;
  uint64_t checksum; /* of all this: checksum.h */
} rvb_program;

/* The program's only exported datum. */
extern const rvb_program rvb_compiled_program;

#ifdef __cplusplus
}
#endif
#endif
