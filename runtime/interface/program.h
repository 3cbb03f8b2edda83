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

enum { RVB_PROGRAM_VERSION = 4 };

/* What a function returns where its largest tensor would have more than 2^31 elements: kernels count in 32 bits. No
   kernel has run then. */
enum { RVB_BATCH_TOO_LARGE = 1000 };

/* What an argument or a result is. */
typedef enum rvb_role {
  RVB_OTHER = 0,
  RVB_INPUT,     /* argument: samples, normalised; with the time outermost in "infer" of a sequence network */
  RVB_LABELS,    /* argument: a class per sample; of a regression [batch, numbers] */
  RVB_PARAMETER, /* argument: the parameter of this name */
  RVB_STATE,     /* argument and result of "step": what the caller keeps between two calls, and passes back */
  RVB_LOGITS,    /* result: [batch, classes] */
  RVB_LOSS,      /* result: the mean over the batch */
  RVB_GRADIENT,  /* result: of the loss with respect to the parameter of this name, in its memory order */
  RVB_STATISTIC, /* result: of the batch, for the running statistic of this name:
                    running = (1 - momentum) * running + momentum * statistic */
  RVB_SPIKES,    /* results of "observe", with the time outermost: what the neuron of this path emits, */
  RVB_MEMBRANE,  /* its first state when it emits, before the reset, */
  RVB_EVENTS,    /* and what enters the layer of this path, where it is neither an input nor some neuron's spikes */
  RVB_RANGE,     /* result of "ranges": what enters the binary layer of this path */
  RVB_KEY,       /* argument, i32[2]: of random numbers, the seed and the step; the same key gives the same numbers */
  RVB_PROGRESS   /* argument: how much of the training is done, from 0 to 1 */
} rvb_role;

typedef enum rvb_element { RVB_F32 = 0, RVB_I32, RVB_U32, RVB_I16, RVB_BOOL } rvb_element;

enum { RVB_BATCH = -1 }; /* the dimension that is the number of samples */

/* An argument or result of a function. Role and name together are one of the function's arguments, and one of its
   results; programs may have several inputs and outputs. Callers look ports up by them: places mean nothing. */
typedef struct rvb_port {
  const char* name;
  int32_t role;        /* rvb_role */
  int32_t element;     /* rvb_element */
  int32_t rank;        /* of dims */
  float initial;       /* of a state: every element of it before the first step */
  const int64_t* dims; /* outermost first; RVB_BATCH for the number of samples */
} rvb_port;

typedef struct rvb_frame {
  int64_t batch;                /* number of samples, at least 1 */
  const void* const* arguments; /* one for each of the function's arguments, in their order */
  void* const* results;         /* likewise */
  unsigned char* block;         /* static_bytes + batch * sample_bytes */
} rvb_frame;

typedef struct rvb_function {
  const char* name;                   /* "infer", "gradient", "step", "observe" */
  int (*run)(const rvb_frame* frame); /* 0, or the first non-zero code of a kernel */
  int64_t static_bytes;
  int64_t sample_bytes;
  int32_t argument_count;
  int32_t result_count;
  const rvb_port* arguments;
  const rvb_port* results;
} rvb_function;

/* A constant: weights, thresholds, tables. */
typedef struct rvb_data {
  const void* begin;
  int64_t bytes;
} rvb_data;

typedef struct rvb_program {
  int32_t version;                 /* RVB_PROGRAM_VERSION */
  int32_t deployed;                /* 1: weights are inside; functions take only inputs (and states) */
  int32_t sequence;                /* 0: one static image, repeated over the steps inside; 1: [T, batch, ...] */
  int32_t steps;                   /* T */
  int32_t channels, height, width; /* of the input; height = width = 1 for a vector input. Of another rank (the input's
                                      port has it) the first, the product of those between, and the last */
  int32_t classes;
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
