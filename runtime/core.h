/* The part of the runtime that kernels call and that a C program can link alone: threads, scratch memory, errors, CPU.
   Plain C over libc and OpenMP. Everything that changes is per thread, so that handles in different threads never meet.
 */
#ifndef RVB_CORE_H
#define RVB_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many OpenMP threads the kernels started from the calling thread use; 0: all that the machine offers. */
void rvb_set_threads(int threads);
int rvb_threads(void);
int rvb_available_threads(void);

/* The last message of a kernel that failed in this thread or in a loop it started; "" when there was none. */
const char* rvb_last_error(void);
void rvb_clear_error(void);

/* The first of the features (list ends in null) that this CPU or its operating system lacks; null when all are there.
 */
const char* rvb_missing_feature(const char* const* features);

/* 64-byte aligned, contents undefined, large blocks on huge pages where Linux allows; null when memory is out. */
void* rvb_allocate(size_t bytes);
void rvb_release(void* block);

/* Halide's runtime, as far as kernels use it (the declarations of HalideRuntime.h, which is not needed to build this).
 */
typedef int (*rvb_task)(void* context, int index, uint8_t* closure);
int halide_do_par_for(void* context, rvb_task task, int min, int size, uint8_t* closure);
void* halide_malloc(void* context, size_t bytes);
void halide_free(void* context, void* block);
void halide_error(void* context, const char* message);
void halide_print(void* context, const char* message);

#ifdef __cplusplus
}
#endif
#endif
