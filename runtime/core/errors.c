/* Every error function that a Halide kernel can reference: each keeps a message and returns Halide's negative code
   (HalideRuntime.h, halide_error_code_t). Kernels are compiled without checks, so most are never called. */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One a thread; a parallel loop hands the message of the task that failed to the thread that started the loop. */
static __thread char last_error[512];

const char* rvb_last_error(void) {
  return last_error;
}
void rvb_clear_error(void) {
  last_error[0] = 0;
}

void halide_error(void* context, const char* message) {
  (void)context;
  snprintf(last_error, sizeof last_error, "%s", message);
}

void halide_print(void* context, const char* message) {
  (void)context;
  fputs(message, stderr);
}

__attribute__((format(printf, 2, 3))) static int fail(int code, const char* format, ...) {
  char text[sizeof last_error];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  halide_error(NULL, text);
  return code;
}

#define ERROR(NAME, PARAMETERS, CODE, ...)                                                                             \
  int halide_error_##NAME PARAMETERS;                                                                                  \
  int halide_error_##NAME PARAMETERS {                                                                                 \
    return (void)c, fail(CODE, __VA_ARGS__);                                                                           \
  }

ERROR(bounds_inference_call_failed, (void* c, const char* name, int result), result != 0 ? result : -1,
      "bounds query of %s failed with %d", name, result)
ERROR(extern_stage_failed, (void* c, const char* name, int result), result != 0 ? result : -1,
      "stage %s failed with %d", name, result)
ERROR(explicit_bounds_too_small,
      (void* c, const char* f, const char* v, int min_bound, int max_bound, int min_required, int max_required), -2,
      "bounds of %s in %s are %d to %d, needed are %d to %d", v, f, min_bound, max_bound, min_required, max_required)
ERROR(bad_type, (void* c, const char* f, uint32_t given, uint32_t correct), -3, "%s has type %x instead of %x", f,
      (unsigned)given, (unsigned)correct)
ERROR(bad_dimensions, (void* c, const char* f, int32_t given, int32_t correct), -43,
      "%s has %d dimensions instead of %d", f, (int)given, (int)correct)
ERROR(access_out_of_bounds,
      (void* c, const char* f, int dimension, int min_touched, int max_touched, int min_valid, int max_valid), -4,
      "%s is used from %d to %d in dimension %d, but has %d to %d", f, min_touched, max_touched, dimension, min_valid,
      max_valid)
ERROR(buffer_allocation_too_large, (void* c, const char* b, uint64_t size, uint64_t max), -5,
      "buffer %s needs %llu bytes, more than %llu", b, (unsigned long long)size, (unsigned long long)max)
ERROR(buffer_extents_negative, (void* c, const char* b, int dimension, int extent), -28,
      "buffer %s has extent %d in dimension %d", b, extent, dimension)
ERROR(buffer_extents_too_large, (void* c, const char* b, int64_t size, int64_t max), -6,
      "buffer %s has %lld elements, more than %lld", b, (long long)size, (long long)max)
ERROR(constraints_make_required_region_smaller,
      (void* c, const char* b, int dimension, int cmin, int cextent, int rmin, int rextent), -7,
      "buffer %s dimension %d: constrained to %d + %d, needed %d + %d", b, dimension, cmin, cextent, rmin, rextent)
ERROR(constraint_violated, (void* c, const char* v, int value, const char* other, int expected), -8,
      "%s is %d, but %s is %d", v, value, other, expected)
ERROR(param_too_small_i64, (void* c, const char* p, int64_t value, int64_t min), -9, "%s is %lld, below %lld", p,
      (long long)value, (long long)min)
ERROR(param_too_small_u64, (void* c, const char* p, uint64_t value, uint64_t min), -9, "%s is %llu, below %llu", p,
      (unsigned long long)value, (unsigned long long)min)
ERROR(param_too_small_f64, (void* c, const char* p, double value, double min), -9, "%s is %g, below %g", p, value, min)
ERROR(param_too_large_i64, (void* c, const char* p, int64_t value, int64_t max), -10, "%s is %lld, above %lld", p,
      (long long)value, (long long)max)
ERROR(param_too_large_u64, (void* c, const char* p, uint64_t value, uint64_t max), -10, "%s is %llu, above %llu", p,
      (unsigned long long)value, (unsigned long long)max)
ERROR(param_too_large_f64, (void* c, const char* p, double value, double max), -10, "%s is %g, above %g", p, value, max)
ERROR(out_of_memory, (void* c), -11, "out of memory")
ERROR(buffer_argument_is_null, (void* c, const char* b), -12, "buffer %s is null", b)
ERROR(debug_to_file_failed, (void* c, const char* f, const char* file, int code), -13, "cannot write %s to %s: %d", f,
      file, code)
ERROR(unaligned_host_ptr, (void* c, const char* f, int bytes), -24, "memory of %s is not aligned to %d bytes", f, bytes)
ERROR(host_is_null, (void* c, const char* f), -34, "memory of %s is null", f)
ERROR(bad_fold, (void* c, const char* f, const char* v, const char* loop), -25, "%s is folded over %s in %s wrongly", f,
      v, loop)
ERROR(bad_extern_fold, (void* c, const char* f, int d, int min, int extent, int valid_min, int factor), -35,
      "%s dimension %d: %d + %d crosses the fold %d of %d", f, d, min, extent, valid_min, factor)
ERROR(fold_factor_too_small, (void* c, const char* f, const char* v, int factor, const char* loop, int required), -26,
      "%s folded over %s by %d in %s, needs %d", f, v, factor, loop, required)
ERROR(requirement_failed, (void* c, const char* condition, const char* message), -27, "requirement %s failed: %s",
      condition, message)
ERROR(specialize_fail, (void* c, const char* message), -31, "no specialization fits: %s", message)
ERROR(no_device_interface, (void* c), -19, "no device")
ERROR(device_interface_no_device, (void* c), -36, "a device interface without a device")
ERROR(host_and_device_dirty, (void* c), -37, "host and device are both dirty")
ERROR(buffer_is_null, (void* c, const char* routine), -38, "a buffer given to %s is null", routine)
ERROR(device_dirty_with_no_device_support, (void* c, const char* b), -44, "buffer %s is dirty on a device", b)
ERROR(storage_bound_too_small, (void* c, const char* f, const char* v, int provided, int required), -45,
      "%s over %s holds %d, needs %d", f, v, provided, required)
ERROR(device_crop_failed, (void* c), -41, "crop on a device failed")
