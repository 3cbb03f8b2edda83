#include "files/recognise.h"

#include <string_view>

namespace rvb::runtime {

namespace {

using namespace std::string_view_literals;

const char* const npz = "an NPZ archive (numpy.savez)";
const char* const checkpoint = "a PyTorch checkpoint (torch.save)";
const char* const pickle = "a Python pickle (torch.save of long ago, or a data set's Python version)";

const struct {
  size_t at;
  std::string_view mark;
  const char* name;
} marks[] = {
    {0, "\x93NUMPY"sv, "an array in NPY format (numpy.save)"},
    {0, "\x89HDF\r\n\x1a\n"sv, "an HDF5 file"},
    {0, "\x89PNG\r\n\x1a\n"sv, "a PNG picture"},
    {0, "\xff\xd8\xff"sv, "a JPEG picture"},
    {0, "GIF87a"sv, "a GIF picture"},
    {0, "GIF89a"sv, "a GIF picture"},
    {8, "WEBPVP8"sv, "a WebP picture"},
    {4, "ftypavi"sv, "an AVIF picture"},
    {4, "ftyphei"sv, "a HEIF picture"},
    {4, "ftypmif1"sv, "a HEIF picture"},
    {0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 picture"},
    {0, "II*\0"sv, "a TIFF picture"},
    {0, "MM\0*"sv, "a TIFF picture"},
    {0, "BM"sv, "a BMP picture"},
    {0, "P1\n"sv, "a PNM picture in a form that is not read"},
    {0, "P2\n"sv, "a PNM picture in a form that is not read"},
    {0, "P3\n"sv, "a PNM picture in a form that is not read"},
    {0, "P4\n"sv, "a PNM picture in a form that is not read"},
    {0, "P5"sv, "a PGM picture"},
    {0, "P6"sv, "a PPM picture"},
    {0, "\0\0\x08\x01"sv, "an IDX file (labels, as of MNIST)"},
    {0, "\0\0\x08\x03"sv, "an IDX file (images, as of MNIST)"},
    {0, "#!AER-DAT"sv, "a recording of events (AEDAT)"},
    {0, "\x1f\x8b"sv, "a gzip file"},
    {0,
     "\xfd"
     "7zXZ"sv,
     "an xz file"},
    {0, "BZh"sv, "a bzip2 file"},
    {0, "\x28\xb5\x2f\xfd"sv, "a Zstandard file"},
    {0, "7z\xbc\xaf"sv, "a 7z archive"},
    {257, "ustar"sv, "a tar archive"},
    {0, "%PDF"sv, "a PDF document"},
    {0,
     "\x7f"
     "ELF"sv,
     "a program"},
    {0, "MATLAB 5.0"sv, "a MATLAB file"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer: the file itself was not fetched (git lfs pull)"},
    {0, "<!DOCTYPE"sv, "a web page"},
    {0, "<!doctype"sv, "a web page"},
    {0, "<html"sv, "a web page"},
};

// ZIP: the name of the first member tells whose archive it is.
std::string zip_name(std::string_view text) {
  size_t length = text.size() < 30 ? 0 : static_cast<uint8_t>(text[26]) | static_cast<size_t>(text[27]) << 8;
  std::string_view name = text.size() < 30 ? std::string_view() : text.substr(30, length);
  auto ends = [&](std::string_view ending) {
    return name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending;
  };
  if (ends("/data.pkl"))
    return checkpoint;
  return ends(".npy") ? npz : "a ZIP archive";
}

} // namespace

std::string what_is(const uint8_t* bytes, size_t size) {
  if (size == 0)
    return "empty";
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (size > 8 && text[8] == '{' && text.substr(4, 4) == "\0\0\0\0"sv)
    return "weights in safetensors format";
  if (text.substr(0, 4) == "PK\3\4")
    return zip_name(text);
  for (const auto& each : marks)
    if (size >= each.at && text.substr(each.at, each.mark.size()) == each.mark)
      return each.name;
  // Python's pickle says its protocol; its first object follows.
  if (size > 2 && text[0] == '\x80' && text[1] >= 2 && text[1] <= 5)
    return pickle;
  return "";
}

FileKind kind_of(const uint8_t* bytes, size_t size) {
  const std::string name = what_is(bytes, size);
  return name == npz ? FileKind::npz : name == checkpoint || name == pickle ? FileKind::pytorch : FileKind::other;
}

Failure unlike(const std::string& path, const uint8_t* bytes, size_t size, const std::string& wanted) {
  std::string kind = what_is(bytes, size);
  return {Exit::user, path + (kind.empty() ? " is not " : " is " + kind + "; expected ") + wanted};
}

Failure unlike(const std::string& path, const std::vector<uint8_t>& bytes, const std::string& wanted) {
  return unlike(path, bytes.data(), bytes.size(), wanted);
}

} // namespace rvb::runtime
