/* Is a program's data what the compiler wrote? Weights with a flipped bit give other answers without any sign of it, so
   they are compared before anything runs. XXH64 takes any single changed bit into the result. */
#ifndef RVB_CHECKSUM_H
#define RVB_CHECKSUM_H

#include "interface/program.h"

#ifdef __cplusplus
extern "C" {
#endif

uint64_t rvb_hash64(const void* data, int64_t bytes, uint64_t seed);

/* Over everything that `program` says or points to, but its code and the field `checksum`: what that field holds. The
   compiler asks it of the same program in its own memory. */
uint64_t rvb_checksum(const rvb_program* program);

/* What rvbc writes into a deployed executable after linking: rvb_hash64 over its read-only segments, which hold the
   constants of kernels, too. 0: not sealed. The compiler finds it by its name. */
#define RVB_SEAL_NAME "rvb read-only: "
struct rvb_seal {
  char name[16];
  uint64_t checksum;
};
/* The segments as they lie in memory; 0 where there are none. A libc other than glibc may not know them. */
uint64_t rvb_hash_segments(void);
/* 0 when the seal is broken. */
int rvb_seal_holds(void);

#ifdef __cplusplus
}
#endif
#endif
