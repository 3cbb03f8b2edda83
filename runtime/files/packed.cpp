#include "files/packed.h"

#include "base/json_text.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr char key[] = "rvb.packed";
constexpr char schema[] = "rvb.packed/1";

// Value i of an element of `bits` bits stands in the bits from bits * i on, the lowest of a byte first. One bit is 1
// for +1 and 0 for -1; two are the value in two's complement, of which -2 does not occur.
uint64_t bytes_for(uint64_t elements, int bits) {
  return elements / 8 * static_cast<uint64_t>(bits) + (elements % 8 * static_cast<uint64_t>(bits) + 7) / 8;
}

std::vector<uint8_t> packed_values(const std::vector<float>& values, int bits) {
  std::vector<uint8_t> bytes(bytes_for(values.size(), bits), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const unsigned code = bits == 1 ? values[i] > 0 : values[i] > 0 ? 1 : values[i] < 0 ? 3 : 0;
    const size_t at = i * static_cast<size_t>(bits);
    bytes[at / 8] = static_cast<uint8_t>(bytes[at / 8] | code << at % 8);
  }
  return bytes;
}

int width(const Tensor& tensor) {
  return tensor.dtype == "U8" ? 1 : tensor.dtype == "F16" ? 2 : 4;
}

class Unpacker {
public:
  Unpacker(Safetensors& file, const std::string& path) : file_(file), path_(path) {}

  void run() {
    const std::string& text = *file_.find_metadata(key);
    const ordered_json described = parse_json(text.data(), text.size());
    if (!described.is_object() || !described.contains("schema") || !described["schema"].is_string())
      fail("`rvb.packed` does not say what it is");
    if (described["schema"] != schema)
      fail("its layout is `" + described["schema"].get<std::string>().substr(0, 40) + "`; this program knows `" +
           schema + "`");
    if (!described.contains("tensors") || !described["tensors"].is_object())
      fail("`rvb.packed` lists no tensors");
    for (const auto& [name, each] : described["tensors"].items())
      expand(name, each);
    for (Tensor& tensor : file_.tensors)
      if (tensor.dtype == "F16") // converted when it was read
        tensor.dtype = "F32";
    file_.metadata.erase(std::remove_if(file_.metadata.begin(), file_.metadata.end(),
                                        [](const auto& each) { return each.first == key; }),
                         file_.metadata.end());
    file_.unpacked = true;
  }

private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": these packed weights are damaged: " + text);
  }

  void expand(const std::string& name, const ordered_json& described) {
    const auto found =
        std::find_if(file_.tensors.begin(), file_.tensors.end(), [&](const Tensor& t) { return t.name == name; });
    if (found == file_.tensors.end())
      fail("`" + name + "` is missing");
    const auto number = [&](const char* field) {
      return described.is_object() && described.contains(field) && described[field].is_number()
                 ? described[field].get<double>()
                 : -1;
    };
    const double bits = number("bits"), scale = number("scale");
    if ((bits != 1 && bits != 2) || !(scale > 0) || !std::isfinite(static_cast<float>(scale)) ||
        static_cast<float>(scale) == 0)
      fail("`" + name + "` needs bits (1 or 2) and a scale above 0");
    uint64_t elements = 1;
    std::vector<int64_t> shape;
    if (!described.contains("shape") || !described["shape"].is_array() || described["shape"].size() > 16)
      fail("`" + name + "` has no shape");
    for (const ordered_json& extent : described["shape"]) {
      if (!extent.is_number_unsigned() || extent.get<uint64_t>() >= uint64_t{1} << 48 ||
          __builtin_mul_overflow(elements, extent.get<uint64_t>(), &elements))
        fail("`" + name + "` has a bad shape");
      shape.push_back(extent.get<int64_t>());
    }
    if (found->dtype != "U8" || found->bytes.size() != bytes_for(elements, static_cast<int>(bits)))
      fail("`" + name + "` of shape " + shape_text(shape) + " at " + std::to_string(static_cast<int>(bits)) +
           " bits takes " + std::to_string(bytes_for(elements, static_cast<int>(bits))) + " bytes (U8); it has dtype " +
           found->dtype + " and shape " + shape_text(found->shape));
    fill(*found, elements, static_cast<int>(bits), static_cast<float>(scale));
    found->shape = std::move(shape);
    found->dtype = "F32";
    found->bytes = {};
  }

  void fill(Tensor& tensor, uint64_t elements, int bits, float scale) const {
    tensor.values.resize(elements);
    for (uint64_t i = 0; i < elements; ++i) {
      const uint64_t at = i * static_cast<uint64_t>(bits);
      const int code = tensor.bytes[at / 8] >> at % 8 & (bits == 1 ? 1 : 3);
      if (bits == 2 && code == 2)
        fail("element " + std::to_string(i) + " of `" + tensor.name + "` is none of -1, 0 and 1");
      tensor.values[i] = bits == 1 ? (code == 1 ? scale : -scale) : code == 0 ? 0 : code == 1 ? scale : -scale;
    }
  }

  Safetensors& file_;
  const std::string& path_;
};

} // namespace

Safetensors pack(Safetensors file, const std::map<std::string, PackedTensor>& tensors) {
  ordered_json described = {{"schema", schema}, {"tensors", ordered_json::object()}};
  for (Tensor& tensor : file.tensors) {
    const auto packed = tensors.find(tensor.name);
    if (packed == tensors.end())
      continue;
    described["tensors"][tensor.name] = {
        {"bits", packed->second.bits}, {"shape", tensor.shape}, {"scale", packed->second.scale}};
    tensor.bytes = packed_values(tensor.values, packed->second.bits);
    tensor.shape = {static_cast<int64_t>(tensor.bytes.size())};
    tensor.dtype = "U8";
    tensor.values = {};
  }
  std::stable_sort(file.tensors.begin(), file.tensors.end(),
                   [](const Tensor& a, const Tensor& b) { return width(a) > width(b); });
  file.metadata.emplace_back(key, json_text(described));
  return file;
}

bool is_packed(const Safetensors& file) {
  return file.find_metadata(key) != nullptr;
}

void unpack(Safetensors& file, const std::string& path) {
  Unpacker(file, path).run();
}

} // namespace rvb::runtime
