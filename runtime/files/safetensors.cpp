#include "files/safetensors.h"

#include "base/files.h"
#include "base/half.h"
#include "base/json_text.h"
#include "files/recognise.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

namespace rvb::runtime {

namespace {

using nlohmann::json;

constexpr uint64_t longest_header = 100'000'000; // the reference implementation's limit

struct Kind {
  const char* name;
  int bytes;
  float (*read)(const uint8_t*); // null: not a real number this runtime computes with
};

float read_f32(const uint8_t* bytes) {
  float value;
  std::memcpy(&value, bytes, 4);
  return value;
}
float read_f64(const uint8_t* bytes) {
  double value;
  std::memcpy(&value, bytes, 8);
  return static_cast<float>(value);
}
float read_f16(const uint8_t* bytes) {
  return half_to_float(static_cast<uint16_t>(bytes[0] | bytes[1] << 8));
}
float read_bf16(const uint8_t* bytes) {
  uint32_t bits = static_cast<uint32_t>(bytes[0]) << 16 | static_cast<uint32_t>(bytes[1]) << 24;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

const Kind kinds[] = {{"F32", 4, read_f32},    {"F64", 8, read_f64}, {"F16", 2, read_f16}, {"BF16", 2, read_bf16},
                      {"BOOL", 1, nullptr},    {"U8", 1, nullptr},   {"I8", 1, nullptr},   {"F8_E4M3", 1, nullptr},
                      {"F8_E5M2", 1, nullptr}, {"U16", 2, nullptr},  {"I16", 2, nullptr},  {"U32", 4, nullptr},
                      {"I32", 4, nullptr},     {"U64", 8, nullptr},  {"I64", 8, nullptr}};

const Kind* find_kind(const std::string& name) {
  for (const Kind& kind : kinds)
    if (name == kind.name)
      return &kind;
  return nullptr;
}

const char wanted[] = "weights in safetensors format (safetensors.torch.save_file(model.state_dict(), FILE))";

uint64_t header_length(const uint8_t* bytes) {
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | bytes[i];
  return length;
}

class Reader {
public:
  Reader(const uint8_t* bytes, size_t size, const std::string& path) : bytes_(bytes), size_(size), path_(path) {}

  Safetensors read() {
    read_layout(size_);
    for (Entry& entry : entries_)
      read_values(entry);
    return std::move(file_);
  }

  // The header alone, held against a file of `size` bytes.
  void read_layout(uint64_t size) {
    json header = read_header(size);
    for (auto& [name, value] : header.items())
      name == "__metadata__" ? read_metadata(value) : read_entry(name, value);
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
    });
    uint64_t position = 0;
    for (Entry& entry : entries_) {
      if (entry.begin != position)
        fail("the data of `" + entry.tensor.name + "` begins at " + std::to_string(entry.begin) + " instead of " +
             std::to_string(position) + ": tensors overlap or leave a gap");
      position = entry.end;
    }
    uint64_t available = size - data_;
    if (position > available)
      fail("the file is truncated: the header promises " + std::to_string(position) + " bytes of data, " +
           std::to_string(available) + " are there");
    if (position < available)
      fail(std::to_string(available - position) + " bytes follow the last tensor");
  }

private:
  struct Entry {
    Tensor tensor;
    const Kind* kind;
    uint64_t count, begin, end;
  };

  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": not a valid safetensors file: " + text);
  }

  // `size`: of the file, of which at least the header is here.
  json read_header(uint64_t size) {
    if (std::string kind = what_is(bytes_, size_); !kind.empty() && kind != "weights in safetensors format")
      throw unlike(path_, bytes_, size_, wanted);
    if (size_ < 8)
      fail("it has " + std::to_string(size_) + " bytes, the length of the header alone takes 8");
    uint64_t length = header_length(bytes_);
    if (length > longest_header)
      fail("a header of " + std::to_string(length) + " bytes (the format allows 100000000)");
    if (length > size - 8)
      fail("the file is truncated: a header of " + std::to_string(length) + " bytes, " + std::to_string(size - 8) +
           " are there");
    data_ = 8 + length;
    // Two tensors of one name: the JSON library would keep the last in silence.
    std::set<std::string> names;
    std::string twice;
    json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
      if (depth == 1 && event == json::parse_event_t::key && !names.insert(parsed.get<std::string>()).second)
        twice = parsed.get<std::string>();
      return true;
    };
    json header = parse_json<json>(bytes_ + 8, length, watch);
    if (header.is_discarded())
      fail("the header is not JSON, or nested too deeply");
    if (!twice.empty())
      fail("tensor `" + twice + "` stands there twice");
    if (!header.is_object())
      fail("the header is not a JSON object");
    return header;
  }

  void read_metadata(const json& value) {
    if (!value.is_object())
      fail("`__metadata__` is not an object");
    for (auto& [key, text] : value.items()) {
      if (!text.is_string())
        fail("`__metadata__` may only hold strings");
      file_.metadata.emplace_back(key, text.get<std::string>());
    }
  }

  void read_entry(const std::string& name, const json& value) {
    auto is_size = [](const json& number) {
      return number.is_number_unsigned() && number.get<uint64_t>() < uint64_t{1} << 48;
    };
    auto sizes = [&](const json& list) { return list.is_array() && std::all_of(list.begin(), list.end(), is_size); };
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets"))
      fail("tensor `" + name + "` needs dtype, shape and data_offsets");
    const json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
    const Kind* kind = dtype.is_string() ? find_kind(dtype.get<std::string>()) : nullptr;
    if (kind == nullptr)
      fail("tensor `" + name + "` has an unknown dtype " + dtype.dump(-1, ' ', false, json::error_handler_t::replace));
    if (!sizes(shape) || shape.size() > 16)
      fail("tensor `" + name + "` has a bad shape");
    if (!sizes(offsets) || offsets.size() != 2)
      fail("tensor `" + name + "` has bad data_offsets");
    Entry entry{{name, shape.get<std::vector<int64_t>>(), {}, kind->name}, kind, 1, offsets[0], offsets[1]};
    for (int64_t extent : entry.tensor.shape)
      if (__builtin_mul_overflow(entry.count, static_cast<uint64_t>(extent), &entry.count))
        fail("tensor `" + name + "` is too large");
    uint64_t bytes;
    if (entry.end < entry.begin || __builtin_mul_overflow(entry.count, static_cast<uint64_t>(kind->bytes), &bytes) ||
        bytes != entry.end - entry.begin)
      fail("tensor `" + name + "` of shape " + shape_text(entry.tensor.shape) + " and dtype " + kind->name +
           " does not fit its data_offsets");
    entries_.push_back(std::move(entry));
  }

  void read_values(Entry& entry) {
    if (entry.kind->read != nullptr) {
      entry.tensor.values.resize(entry.count);
      const uint8_t* from = bytes_ + data_ + entry.begin;
      for (float& value : entry.tensor.values) {
        value = entry.kind->read(from);
        from += entry.kind->bytes;
      }
    } else if (entry.tensor.dtype == "U8") {
      entry.tensor.bytes.assign(bytes_ + data_ + entry.begin, bytes_ + data_ + entry.end);
    }
    file_.tensors.push_back(std::move(entry.tensor));
  }

  const uint8_t* bytes_;
  size_t size_;
  const std::string& path_;
  uint64_t data_ = 0;
  std::vector<Entry> entries_;
  Safetensors file_;
};

} // namespace

const Tensor* Safetensors::find(std::string_view name) const {
  for (const Tensor& tensor : tensors)
    if (tensor.name == name)
      return &tensor;
  return nullptr;
}

const std::string* Safetensors::find_metadata(std::string_view key) const {
  for (const auto& [name, text] : metadata)
    if (name == key)
      return &text;
  return nullptr;
}

Safetensors parse_safetensors(const uint8_t* bytes, size_t size, const std::string& path) {
  return Reader(bytes, size, path).read();
}

Safetensors read_safetensors(const std::string& path) {
  InputFile file(path, "weights in safetensors format");
  const uint64_t size = file.size();
  Bytes bytes(std::min<uint64_t>(size, 512));
  auto read_to = [&](uint64_t end) {
    size_t filled = bytes.size();
    bytes.resize(end);
    bytes.resize(filled + file.read(bytes.data() + filled, end - filled));
  };
  bytes.resize(file.read(bytes.data(), bytes.size()));
  // All of the header, when it can be one; then what it promises.
  if (bytes.size() >= 8 && header_length(bytes.data()) <= std::min(longest_header, size - 8))
    read_to(std::max<uint64_t>(bytes.size(), 8 + header_length(bytes.data())));
  Reader(bytes.data(), bytes.size(), path).read_layout(std::max<uint64_t>(size, bytes.size()));
  read_to(size);
  return parse_safetensors(bytes.data(), bytes.size(), path);
}

namespace {

std::string data_of(const Tensor& tensor) {
  if (tensor.dtype == "U8")
    return {tensor.bytes.begin(), tensor.bytes.end()};
  if (tensor.dtype != "F16")
    return {reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * 4};
  std::string data;
  for (const float value : tensor.values) {
    const uint16_t half = float_to_half(value);
    data += static_cast<char>(half & 255);
    data += static_cast<char>(half >> 8);
  }
  return data;
}

} // namespace

std::string print_safetensors(const Safetensors& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty())
    for (const auto& [key, text] : file.metadata)
      header["__metadata__"][key] = text;
  std::string data;
  for (const Tensor& tensor : file.tensors) {
    const bool kept = tensor.dtype == "U8" || tensor.dtype == "F16";
    const size_t position = data.size();
    data += data_of(tensor);
    header[tensor.name] = {
        {"dtype", kept ? tensor.dtype : "F32"}, {"shape", tensor.shape}, {"data_offsets", {position, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // data aligned to 8 bytes, as the reference writer does
  std::string bytes(8, 0);
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(text.size() >> (8 * i));
  return bytes + text + data;
}

void write_safetensors(const std::string& path, const Safetensors& file) {
  write_file(path, print_safetensors(file));
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

} // namespace rvb::runtime
