// Which format a file with one recording has.
#include "layouts/recordings.h"

#include "base/failure.h"
#include "base/files.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace rvb::runtime {

namespace {

enum class Kind { none, atis, aedat2, aedat3, aedat4, arrays, other_arrays };

bool begins(const Bytes& bytes, const char* text) {
  size_t length = std::strlen(text);
  return bytes.size() >= length && std::memcmp(bytes.data(), text, length) == 0;
}

bool ends(std::string name, const char* ending) {
  for (char& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  size_t length = std::strlen(ending);
  return name.size() > length && name.compare(name.size() - length, length, ending) == 0;
}

// The mark at the beginning goes before the name. `other_arrays`: numbers that need not be a recording.
Kind kind_of(const std::string& path, const Bytes& start) {
  if (begins(start, "#!AER-DAT3"))
    return Kind::aedat3;
  if (begins(start, "#!AER-DAT4") || ends(path, ".aedat4"))
    return Kind::aedat4;
  if (begins(start, "#!AER-DAT") || ends(path, ".aedat"))
    return Kind::aedat2;
  if (begins(start, "\x93NUMPY") || ends(path, ".npy")) {
    std::string header(start.begin(), start.end());
    return header.find("'descr': [") != std::string::npos ? Kind::arrays : Kind::other_arrays;
  }
  if (ends(path, ".npz"))
    return Kind::arrays;
  return ends(path, ".bin") ? Kind::atis : Kind::none;
}

Kind kind_of(const std::string& path) {
  return kind_of(path, read_start(path, 128));
}

} // namespace

bool is_recording(const std::string& path) {
  Kind kind = kind_of(path);
  return kind != Kind::none && kind != Kind::other_arrays;
}

bool names_unit(const std::string& path) {
  Kind kind = kind_of(path);
  return kind != Kind::arrays && kind != Kind::other_arrays;
}

Recording read_recording(const std::string& path, const Manifest& manifest, const std::string& time_unit) {
  Bytes bytes = read_file(path, "a recording of events");
  // Where the network has no place for events, which whoever frames them says, any place is one.
  constexpr int64_t anywhere = 1 << 16;
  const bool places = manifest.takes_images() || manifest.input.size() == 1;
  switch (kind_of(
      path, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(bytes.size(), 128))))) {
  case Kind::atis: return parse_atis(bytes, path);
  case Kind::aedat2: return parse_aedat2(bytes, path);
  case Kind::aedat3: return parse_aedat3(bytes, path);
  case Kind::aedat4: return parse_aedat4(bytes, path);
  default:
    return parse_event_arrays(bytes, path, places ? manifest.width : anywhere, places ? manifest.height : anywhere,
                              time_unit);
  }
}

} // namespace rvb::runtime
