/* The C interface of a deployed network: `rvbc deploy --emit=lib,header -o FILE` writes it next to the archive FILE.a.

   const rvb_program* rvb_library_FILE(void);    declared in the generated header, defined in the generated archive;
                                                 FILE is the name after -o, with _ for other characters than letters
                                                 and digits

   const rvb_program* rvb_program_NAME(void);    the same by the network's name

   Several libraries link into one program, of one network too, when their files' names differ and one rvbc made them;
   of several libraries of one network, rvb_program_NAME is the first one's.

   `--emit=so` writes FILE.so, which is loaded at run time (dlopen, Python's ctypes) and shows no symbol but this
   interface; rvb_library() is its program, whatever the file is called.

   Link: cc app.c FILE.a -fopenmp -lm     (no C++ library is needed)

   Each library brings the interface and its kernels along, and the linker takes the first of each: link them as
   archives, without --whole-archive.

   Arrays are float32, dense, C order, in the shapes of the network's NPY files, and already normalised as in training:
   x = (pixel / 255 - mean[channel]) / deviation[channel].
     image    [count, C, H, W]      of a static network (the program repeats it over its T steps)
              [T, count, C, H, W]   of a sequence network
     frame    [count, C, H, W]      one time step
     logits   [count, classes]
   Vector inputs have H = W = 1; of other ranks the axes between the first and the last are H together. The numbers C,
   H, W, T and classes stand in the program (program.h).

   No global state: everything belongs to the handle. Handles may be used in different threads at the same time, one
   handle only by one thread at a time. After rvb_create nothing is allocated: the kernels' scratch blocks are kept from
   the first run on.

   Numbers that are not finite (NaN, infinities), in the input or in what the network makes of it, are a failure as they
   are on the command line: RVB_NOT_FINITE. Like every failure it leaves `logits` and the membranes as they were.

   Threads: each thread that runs networks has its own OpenMP team. When the machine cannot start as many threads as
   were asked for, fewer do the work. The number of threads changes no bit of a result.

   fork(): handles may be used in the child, with the same results. A thread that forks loses its team there, so in the
   child that thread computes alone; threads that the child starts itself have teams again. As with every library, no
   other thread may be inside of a call on the same handle at the moment of the fork. */
#ifndef RVB_H
#define RVB_H

#include "program.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rvb_status {
  RVB_OK = 0,
  RVB_BAD_ARGUMENT = 1, /* null, a count outside 1 .. max_count or too large for the
                           network (a tensor of more than 2^31 elements), or a program of another version or with
                           several inputs or outputs */
  RVB_NOT_DEPLOYED = 2, /* a program whose weights are outside */
  RVB_UNSUPPORTED_CPU = 3,
  RVB_OUT_OF_MEMORY = 4,
  RVB_NO_STEP = 5, /* the program has no function "step" */
  RVB_KERNEL_FAILED = 6,
  RVB_NOT_FINITE = 7, /* a number of the input, or of the network's answer */
  RVB_DAMAGED = 8 /* weights, tables or the manifest are not what the compiler wrote: their checksum differs. Machine
                     code and the constants within it are not covered, for the linker places them; of a deployed
                     executable all read-only data are. */
} rvb_status;

typedef struct rvb_network rvb_network;

/* max_count: samples (or streams) a call may bring, at least 1. threads: 0 for as many as the process may use (its
   affinity, the CPU quota of its cgroups; OMP_NUM_THREADS goes before both).
   On failure *network is null. */
rvb_status rvb_create(const rvb_program* program, int64_t max_count, int threads, rvb_network** network);

/* Whole inferences; does not touch the membranes of rvb_step. */
rvb_status rvb_run(rvb_network* network, const float* image, int64_t count, float* logits);

/* One time step of `count` streams; stream i keeps its membranes from call to call. `logits` are the read-out of the
   steps since rvb_reset: after the T steps of a sequence, what rvb_run gives for the whole of it. */
rvb_status rvb_step(rvb_network* network, const float* frame, int64_t count, float* logits);

/* All membranes to where the network's neurons begin (most at zero), and the read-out to no step: a new sequence. */
void rvb_reset(rvb_network* network);

void rvb_free(rvb_network* network); /* null is allowed */

/* A function of the program's table (program.h) by its name, as it stands there: `frame` has its arguments and results
   in memory order, 64-byte aligned, and a block of static_bytes + batch * sample_bytes bytes. For programs that train,
   too
   (`rvbc NET --emit=so`): "gradient". Nothing is checked but the machine. */
rvb_status rvb_evaluate(const rvb_program* program, const char* function, const rvb_frame* frame, int threads);

/* English, never null. Of the network's last failure, with details where there are any. */
const char* rvb_message(const rvb_network* network);
const char* rvb_status_text(rvb_status status);

#ifdef __cplusplus
}
#endif
#endif
