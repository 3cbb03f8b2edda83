/* The seal of a deployed executable: checksum.h. */
#define _GNU_SOURCE
#include "core/checksum.h"

#include <link.h>

/* In writable memory, so that it is no part of what it speaks of. */
static volatile struct rvb_seal seal = {RVB_SEAL_NAME, 0};

/* Read-only data alone: code may hold a debugger's breakpoints. The first object is the program itself; a segment that
   begins with the file holds its headers, which tools may rewrite. */
static int hash_program(struct dl_phdr_info* info, size_t size, void* result) {
  (void)size;
  uint64_t hash = 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)* segment = &info->dlpi_phdr[i];
    if (segment->p_type == PT_LOAD && segment->p_flags == PF_R && segment->p_offset != 0)
      hash = rvb_hash64((const char*)info->dlpi_addr + segment->p_vaddr, (int64_t)segment->p_filesz, hash);
  }
  *(uint64_t*)result = hash;
  return 1;
}

uint64_t rvb_hash_segments(void) {
  uint64_t hash = 0;
  dl_iterate_phdr(hash_program, &hash);
  return hash;
}

int rvb_seal_holds(void) {
  return seal.checksum == 0 || seal.checksum == rvb_hash_segments();
}
