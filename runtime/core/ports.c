#include "core/ports.h"

#include <stddef.h>
#include <string.h>

static int64_t bytes_of(int32_t element) {
  switch ((rvb_element)element) {
  case RVB_F32:
  case RVB_I32:
  case RVB_U32: return 4;
  case RVB_I16: return 2;
  case RVB_BOOL: return 1;
  }
  return 4;
}

int64_t rvb_port_elements(const rvb_port* port, int64_t batch) {
  int64_t elements = 1;
  for (int32_t i = 0; i < port->rank; ++i)
    elements *= port->dims[i] == RVB_BATCH ? batch : port->dims[i];
  return elements;
}

int64_t rvb_port_floats(const rvb_port* port, int64_t batch) {
  return (rvb_port_elements(port, batch) * bytes_of(port->element) + 3) / 4;
}

int32_t rvb_find_port(const rvb_port* ports, int32_t count, int32_t role, const char* name) {
  for (int32_t i = 0; i < count; ++i)
    if (ports[i].role == role && (name == NULL || strcmp(ports[i].name, name) == 0))
      return i;
  return -1;
}

void rvb_begin_state(const rvb_port* port, void* values, int64_t batch) {
  const int64_t elements = rvb_port_elements(port, batch);
  for (int64_t i = 0; i < elements; ++i)
    if (port->element == RVB_F32)
      ((float*)values)[i] = port->initial;
    else
      ((int32_t*)values)[i] = (int32_t)port->initial;
}

const rvb_function* rvb_find_function(const rvb_program* program, const char* name) {
  for (int32_t i = 0; i < program->function_count; ++i)
    if (strcmp(program->functions[i].name, name) == 0)
      return &program->functions[i];
  return NULL;
}
