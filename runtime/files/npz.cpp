#include "files/npz.h"

#include "base/failure.h"
#include "files/gzip.h"
#include "files/npy.h"

#include <algorithm>
#include <cstring>

namespace rvb::runtime {

namespace {

class Archive {
public:
  Archive(const Bytes& bytes, const std::string& path, uint64_t most) : bytes_(bytes), path_(path), most_(most) {}

  std::vector<std::pair<std::string, Bytes>> read() {
    size_t end = find_end();
    uint64_t count = number(end + 10, 2), at = number(end + 16, 4), total = 0;
    if (count == 0xffff || at == 0xffffffff)
      fail("archives beyond 4 GiB are not read");
    std::vector<std::pair<std::string, Bytes>> members;
    for (uint64_t i = 0; i < count; ++i) {
      if (at > end || end - at < 46 || number(at, 4) != 0x02014b50)
        fail("its directory is damaged");
      uint64_t flags = number(at + 8, 2), method = number(at + 10, 2), sum = number(at + 16, 4),
               packed = number(at + 20, 4), size = number(at + 24, 4), name = number(at + 28, 2),
               local = number(at + 42, 4);
      if (name > end - at - 46)
        fail("its directory is damaged");
      std::string title(reinterpret_cast<const char*>(&bytes_[at + 46]), name);
      at += 46 + name + number(at + 30, 2) + number(at + 32, 2);
      if ((flags & 1) != 0)
        fail(title + " is encrypted");
      total += size;
      if (total > most_)
        fail("its contents are larger than " + std::to_string(most_ >> 30) + " GiB");
      Bytes contents = member(title, local, method, packed, size);
      if (crc32_of(contents) != sum)
        fail(title + " is damaged: its check sum is not that of the directory");
      members.emplace_back(strip(title), std::move(contents));
    }
    return members;
  }

private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": not a valid NPZ archive: " + text);
  }

  uint64_t number(uint64_t at, int width) const {
    uint64_t value = 0;
    for (int i = 0; i < width; ++i)
      value |= uint64_t{bytes_[at + static_cast<uint64_t>(i)]} << (8 * i);
    return value;
  }

  // The record at the end of the archive; a comment of up to 64 KiB may follow it.
  size_t find_end() const {
    if (bytes_.size() < 22)
      fail("it is too short");
    size_t last = bytes_.size() - 22, first = last > 65535 ? last - 65535 : 0;
    for (size_t at = last + 1; at-- > first;)
      if (number(at, 4) == 0x06054b50 && at + 22 + number(at + 20, 2) == bytes_.size())
        return at;
    fail("its directory is missing: the file is truncated");
  }

  static std::string strip(const std::string& name) {
    return name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0 ? name.substr(0, name.size() - 4) : name;
  }

  // The sizes of the directory hold: those before the data may stand after it instead.
  Bytes member(const std::string& name, uint64_t at, uint64_t method, uint64_t packed, uint64_t size) const {
    uint64_t all = bytes_.size();
    if (at > all || all - at < 30 || number(at, 4) != 0x04034b50)
      fail(name + " is not where the directory says");
    uint64_t begin = at + 30 + number(at + 26, 2) + number(at + 28, 2);
    if (begin > all || packed > all - begin)
      fail(name + " is truncated");
    const uint8_t* from = bytes_.data() + begin;
    if (method == 0 && packed == size)
      return Bytes(from, from + packed);
    if (method != 8)
      fail(name + " is packed in an unknown way (method " + std::to_string(method) + ")");
    if (size > packed * 1040 + 64)
      fail(name + " claims to unpack to " + std::to_string(size) + " bytes");
    Unpacker unpacker(Unpacker::Kind::raw, from, packed, path_ + ": not a valid NPZ archive: " + name);
    // The array's own header before there is memory for what the directory promises.
    Bytes out(std::min(size, uint64_t{1} << 16));
    size_t filled = unpacker.read(out.data(), out.size());
    if (uint64_t promised = npy_file_size(out.data(), filled); promised != 0 && promised != size)
      fail(name + " has " + std::to_string(size) + " bytes by the directory, " + std::to_string(promised) +
           " by its own header");
    out.resize(size);
    filled += unpacker.read(out.data() + filled, size - filled);
    uint8_t more;
    if (filled != size || unpacker.read(&more, 1) != 0)
      fail(name + " is damaged");
    return out;
  }

  const Bytes& bytes_;
  const std::string& path_;
  const uint64_t most_;
};

} // namespace

bool is_zip(const Bytes& bytes) {
  return bytes.size() > 4 && std::memcmp(bytes.data(), "PK", 2) == 0;
}

std::vector<std::pair<std::string, Bytes>> parse_npz(const Bytes& bytes, const std::string& path, uint64_t most) {
  return Archive(bytes, path, most).read();
}

std::string print_npz(const std::vector<std::pair<std::string, std::string>>& members, const std::string& path) {
  const auto number = [](uint64_t value, int width) {
    std::string bytes;
    for (int i = 0; i < width; ++i)
      bytes += static_cast<char>(value >> (8 * i));
    return bytes;
  };
  // https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT: what a member's two headers share. The time is the
  // first that the format knows.
  const auto described = [&](const std::string& name, const std::string& content) {
    return number(20, 2) + number(0x800, 2) + number(0, 2) + number(0, 2) + number(0x21, 2) +
           number(crc32_of(content), 4) + number(content.size(), 4) + number(content.size(), 4) +
           number(name.size(), 2) + number(0, 2);
  };
  std::string archive, directory;
  for (const auto& [title, content] : members) {
    const std::string name = title + ".npy";
    const uint64_t at = archive.size();
    if (name.size() > 0xfffe || members.size() > 0xfffe || at + content.size() + directory.size() > 0xf0000000)
      throw Failure(Exit::user, path + ": NPZ archives end at 4 GiB; weights of any size go to a .safetensors file");
    const std::string description = described(name, content);
    archive += "PK\3\4" + description + name + content;
    directory += "PK\1\2" + number(20, 2) + description + std::string(10, '\0') + number(at, 4) + name;
  }
  const std::string count = number(members.size(), 2);
  return archive + directory + "PK\5\6" + number(0, 4) + count + count + number(directory.size(), 4) +
         number(archive.size(), 4) + number(0, 2);
}

} // namespace rvb::runtime
