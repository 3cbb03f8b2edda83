/* The way out of a call when memory is missing inside. Kernels are compiled without checks: they would write to memory
   that they were not given, and do not look at what a parallel loop returns. */
#ifndef RVB_WAY_OUT_H
#define RVB_WAY_OUT_H

#include "core/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of a program, and a task of a loop; RVB_CODE_OUT_OF_MEMORY when memory is missing inside. */
struct rvb_frame;
int rvb_call(int (*run)(const struct rvb_frame*), const struct rvb_frame* frame);
int rvb_call_task(rvb_task task, void* context, int index, uint8_t* closure);
void rvb_leave_call(void); /* to the innermost of them, with that code; returns where there is none */

#ifdef __cplusplus
}
#endif
#endif
