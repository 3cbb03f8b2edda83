/* Arguments and results of functions, looked up and measured. */
#ifndef RVB_PORTS_H
#define RVB_PORTS_H

#include "interface/program.h"

#ifdef __cplusplus
extern "C" {
#endif

int64_t rvb_port_elements(const rvb_port* port, int64_t batch);
/* As many bytes as its array has, rounded up to floats. */
int64_t rvb_port_floats(const rvb_port* port, int64_t batch);
/* The place of a port in the list; `name` null: of the first one of this role. -1 when there is none. */
int32_t rvb_find_port(const rvb_port* ports, int32_t count, int32_t role, const char* name);
/* Writes what a state is before the first step. */
void rvb_begin_state(const rvb_port* port, void* values, int64_t batch);
/* Null when there is none of this name. */
const rvb_function* rvb_find_function(const rvb_program* program, const char* name);

#ifdef __cplusplus
}
#endif
#endif
