#include "build/deployment/seal.h"

#include "core/checksum.h"
#include "support/environment.h"
#include "support/result.h"

#include <cstddef>
#include <cstring>
#include <elf.h>
#include <fstream>

namespace rvb::build {

constexpr size_t most_bytes = size_t{1} << 40; // of a program

void seal(const std::string& path) {
  std::string file = read_regular_file(path, most_bytes);
  const auto broken = [&]() -> Failure {
    return Failure(Exit::internal, "this is a bug in rvbc: " + path + " cannot be sealed");
  };
  Elf64_Ehdr header;
  if (file.size() < sizeof header)
    throw broken();
  std::memcpy(&header, file.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr) > file.size())
    throw broken();
  uint64_t hash = 0;
  size_t place = std::string::npos;
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, file.data() + header.e_phoff + static_cast<size_t>(i) * sizeof segment, sizeof segment);
    if (segment.p_type != PT_LOAD || segment.p_offset + segment.p_filesz > file.size())
      continue;
    if (segment.p_flags == PF_R && segment.p_offset != 0) // as rvb_hash_segments
      hash = rvb_hash64(file.data() + segment.p_offset, static_cast<int64_t>(segment.p_filesz), hash);
    if ((segment.p_flags & PF_W) != 0) {
      const size_t found = file.find(std::string(RVB_SEAL_NAME, sizeof(rvb_seal::name)), segment.p_offset);
      if (found < segment.p_offset + segment.p_filesz)
        place = found + offsetof(rvb_seal, checksum);
    }
  }
  if (place == std::string::npos || place + sizeof hash > file.size())
    throw broken();
  std::fstream out(path, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(place));
  out.write(reinterpret_cast<const char*>(&hash), sizeof hash);
  if (!out.flush())
    throw Failure(Exit::io, "cannot write " + path);
}

} // namespace rvb::build
