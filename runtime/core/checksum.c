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

uint64_t rvb_checksum(const rvb_program* p) {
  const int32_t numbers[] = {p->version, p->deployed, p->sequence,    p->steps,          p->channels,  p->height,
                             p->width,   p->classes,  p->state_count, p->function_count, p->data_count};
  uint64_t hash = rvb_hash64(numbers, sizeof numbers, 0);
  hash = rvb_hash64(p->state_elements, p->state_count * (int64_t)sizeof *p->state_elements, hash);
  hash = rvb_hash64(p->state_initial, p->state_count * (int64_t)sizeof *p->state_initial, hash);
  for (int32_t i = 0; i < p->function_count; ++i) {
    const rvb_function* f = &p->functions[i];
    const int64_t sizes[] = {f->static_bytes, f->sample_bytes, f->arguments, f->results};
    hash = hash_text(f->name, rvb_hash64(sizes, sizeof sizes, hash));
  }
  for (const char* const* feature = p->features; feature != NULL && *feature != NULL; ++feature)
    hash = hash_text(*feature, hash);
  hash = hash_text(p->manifest, hash);
  for (int32_t i = 0; i < p->data_count; ++i)
    hash = rvb_hash64(p->data[i].begin, p->data[i].bytes, hash);
  return hash;
}
