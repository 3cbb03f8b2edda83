#include "gzip.h"

#include "failure.h"

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Bytes gunzip(const Bytes&, const std::string& path) {
  throw Failure(Exit::user, path + ": this program was linked without readers: unpack the file with gunzip first");
}

bool inflate_raw(const uint8_t*, size_t, uint8_t*, size_t, const std::string& path) {
  throw Failure(Exit::user,
                path + ": this program was linked without readers: save it with numpy.savez, not compressed");
}

} // namespace rvb::runtime
