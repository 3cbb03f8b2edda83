/* How a running CPU is asked what it has. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* 1 when this CPU and its operating system have the feature, 0 when they lack it, -1 when this runtime cannot tell:
   such a feature cannot be promised. */
int rvb_cpu_has(const char* feature);

/* Of this family of CPUs: a target of rvbc for one that lacks `feature`, which `target` asks for. Null when none asks
   for less than `target`. */
const char* rvb_lesser_target(const char* target, const char* feature);

#ifdef __cplusplus
}
#endif
