#include "core/checksum.h"

#include <string.h>

/* Whole in here: no library is needed when a program is linked. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t rvb_hash64(const void* data, int64_t bytes, uint64_t seed) {
  return bytes == 0 ? seed : XXH64(data, (size_t)bytes, seed);
}

static uint64_t hash_text(const char* text, uint64_t seed) {
  return rvb_hash64(text, (int64_t)strlen(text) + 1, seed);
}

static uint64_t hash_ports(const rvb_port* ports, int32_t count, uint64_t hash) {
  for (int32_t i = 0; i < count; ++i) {
    const rvb_port* port = &ports[i];
    const int32_t numbers[] = {port->role, port->element, port->rank};
    hash = hash_text(port->name, rvb_hash64(numbers, sizeof numbers, hash));
    hash = rvb_hash64(&port->initial, sizeof port->initial, hash);
    hash = rvb_hash64(port->dims, port->rank * (int64_t)sizeof *port->dims, hash);
  }
  return hash;
}

uint64_t rvb_checksum(const rvb_program* p) {
  const int32_t numbers[] = {p->version, p->deployed, p->sequence, p->steps,          p->channels,
                             p->height,  p->width,    p->classes,  p->function_count, p->data_count};
  uint64_t hash = rvb_hash64(numbers, sizeof numbers, 0);
  for (int32_t i = 0; i < p->function_count; ++i) {
    const rvb_function* f = &p->functions[i];
    const int64_t sizes[] = {f->static_bytes, f->sample_bytes, f->argument_count, f->result_count};
    hash = hash_text(f->name, rvb_hash64(sizes, sizeof sizes, hash));
    hash = hash_ports(f->results, f->result_count, hash_ports(f->arguments, f->argument_count, hash));
  }
  for (const char* const* feature = p->features; feature != NULL && *feature != NULL; ++feature)
    hash = hash_text(*feature, hash);
  hash = hash_text(p->manifest, hash);
  for (int32_t i = 0; i < p->data_count; ++i)
    hash = rvb_hash64(p->data[i].begin, p->data[i].bytes, hash);
  return hash;
}
