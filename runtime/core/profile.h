/* Where the time of a profiled function goes: its kernels tell when they begin and end (the compiler's
   codegen/timers.h). Programs alone have such functions, libraries do not. */
#ifndef RVB_PROFILE_H
#define RVB_PROFILE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* From now on the seconds of kernel i are added to seconds[i], for i below count. Null: to nothing. */
void rvb_profile_into(double* seconds, int32_t count);

/* What the kernels of a profiled function call, in the thread that runs it. */
void rvb_profile_begin(int32_t kernel);
void rvb_profile_end(int32_t kernel);

#ifdef __cplusplus
}
#endif
#endif
