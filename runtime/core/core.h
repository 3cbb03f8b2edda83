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

/* How many OpenMP threads the kernels started from the calling thread use; 0: as many as are available:
   OMP_NUM_THREADS, else the CPUs that the process may use by its affinity and by the quota of its cgroups. */
void rvb_set_threads(int threads);
int rvb_threads(void);
int rvb_available_threads(void);
/* The CPUs that the quota of the process's cgroups allows at once, rounded up; 0: there is no quota. `root` is put
   before /proc and the mount points: "" for those of this machine. */
int rvb_cpu_quota(const char* root);

/* To be asked before each parallel region, and to be its num_threads: rvb_threads(), or fewer where so many cannot be
   started. 1 inside of a region, and in a child of fork() whose parent had a team in the forking thread. */
int rvb_team(void);
/* Is told once a thread that there are fewer, and why (errno). */
typedef void (*rvb_thread_note)(int wanted, int started, int error);
void rvb_set_thread_note(rvb_thread_note note);

/* The last message of a kernel that failed in this thread or in a loop it started; "" when there was none. */
const char* rvb_last_error(void);
void rvb_clear_error(void);

/* The first of the features (list ends in null) that this CPU or its operating system lacks; null when all are there.
 */
const char* rvb_missing_feature(const char* const* features);

/* 64-byte aligned, contents undefined, large blocks on huge pages where Linux allows; null when memory is out. */
void* rvb_allocate(size_t bytes);
void rvb_release(void* block);

/* What a kernel returns when there was no memory for its scratch blocks: halide_error_code_out_of_memory. */
enum { RVB_CODE_OUT_OF_MEMORY = -11 };

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
