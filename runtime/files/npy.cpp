#include "files/npy.h"

#include "base/files.h"
#include "base/half.h"
#include "files/recognise.h"
#include "files/safetensors.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>

namespace rvb::runtime {

namespace {

constexpr size_t longest_header = size_t{1} << 20; // NumPy itself reads 10,000 bytes

// The header is a Python dictionary with three fixed keys; this reads just that.
class Reader {
public:
  Reader(const uint8_t* bytes, size_t size, const std::string& path,
         const std::string& wanted = "an array in NPY format (numpy.save), which begins with NUMPY")
      : bytes_(bytes), size_(size), path_(path), wanted_(wanted) {}

  NpyLayout layout() {
    read_preamble();
    read_dictionary();
    return {array_.shape, array_.integers, fortran_, width_};
  }

  NpyArray read(const std::vector<int64_t>* part = nullptr) {
    read_preamble();
    read_dictionary();
    if (part != nullptr)
      array_.shape = *part;
    read_values(check_size(size_));
    return std::move(array_);
  }

  // After layout(): element `index` in row-major order.
  long double value(uint64_t index) const {
    if (fortran_) {
      uint64_t at = 0, step = elements();
      for (size_t i = array_.shape.size(); i-- > 0;) {
        const auto extent = static_cast<uint64_t>(array_.shape[i]);
        step /= extent;
        at += index % extent * step;
        index /= extent;
      }
      index = at;
    }
    return array_.integers ? static_cast<long double>(number(index)) : real(index);
  }

  // After layout(): the number of elements, which fill a file of `size` bytes.
  uint64_t check_size(uint64_t size) const {
    uint64_t count = elements(), bytes, available = size - data_;
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(width_), &bytes) || bytes > available)
      fail("the file is truncated: shape " + shape_text(array_.shape) + " of " + std::to_string(width_) +
           "-byte numbers does not fit in " + std::to_string(available) + " bytes of data");
    if (bytes < available)
      fail(std::to_string(available - bytes) + " bytes follow the array");
    return count;
  }

  uint64_t file_size() {
    layout();
    uint64_t bytes;
    return __builtin_mul_overflow(elements(), static_cast<uint64_t>(width_), &bytes) ? 0 : data_ + bytes;
  }

private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": not a valid NPY file: " + text);
  }

  uint64_t elements() const {
    uint64_t count = 1;
    for (int64_t extent : array_.shape)
      if (__builtin_mul_overflow(count, static_cast<uint64_t>(extent), &count))
        fail("shape " + shape_text(array_.shape) + " is too large");
    return count;
  }

  void read_preamble() {
    if (size_ < 6 || std::memcmp(bytes_, "\x93NUMPY", 6) != 0)
      throw unlike(path_, bytes_, size_, wanted_);
    if (size_ < 10)
      fail("the file is truncated");
    int version = bytes_[6];
    if (version < 1 || version > 3)
      fail("format version " + std::to_string(version) + " (1 to 3 are known)");
    size_t begin = version == 1 ? 10 : 12;
    if (size_ < begin)
      fail("the file is truncated");
    uint64_t length = bytes_[8] | bytes_[9] << 8;
    if (version > 1)
      length |= static_cast<uint64_t>(bytes_[10]) << 16 | static_cast<uint64_t>(bytes_[11]) << 24;
    if (length > longest_header)
      fail("a header of " + std::to_string(length) + " bytes");
    if (length > size_ - begin)
      fail("the file is truncated inside its header");
    header_ = std::string(reinterpret_cast<const char*>(bytes_) + begin, length);
    data_ = begin + length;
  }

  void skip_spaces() {
    while (at_ < header_.size() && std::isspace(static_cast<unsigned char>(header_[at_])))
      ++at_;
  }
  bool accept(char c) {
    skip_spaces();
    if (at_ >= header_.size() || header_[at_] != c)
      return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      fail(std::string("`") + c + "` is missing in the header");
  }
  bool accept_word(const char* word) {
    skip_spaces();
    if (header_.compare(at_, std::strlen(word), word) != 0)
      return false;
    at_ += std::strlen(word);
    return true;
  }
  std::string quoted() {
    skip_spaces();
    char quote = at_ < header_.size() ? header_[at_] : 0;
    size_t end = quote == '\'' || quote == '"' ? header_.find(quote, at_ + 1) : std::string::npos;
    if (end == std::string::npos)
      fail("a quoted text is missing in the header");
    std::string text = header_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return text;
  }

  void read_dictionary() {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        read_type(quoted());
      } else if (key == "fortran_order" && !order) {
        order = true;
        fortran_ = accept_word("True");
        if (!fortran_ && !accept_word("False"))
          fail("fortran_order is neither True nor False");
      } else if (key == "shape" && !shape) {
        shape = true;
        read_shape();
      } else {
        fail("unexpected key `" + key + "` in the header");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!descr || !order || !shape)
      fail("the header needs descr, fortran_order and shape");
  }

  void read_type(const std::string& descr) {
    kind_ = descr.size() == 3 ? descr[1] : 0;
    width_ = descr.size() == 3 ? descr[2] - '0' : 0;
    bool whole = (kind_ == 'i' || kind_ == 'u') && (width_ == 1 || width_ == 2 || width_ == 4 || width_ == 8);
    bool real = kind_ == 'f' && (width_ == 2 || width_ == 4 || width_ == 8);
    bool truth = kind_ == 'b' && width_ == 1;
    char order = descr.empty() ? 0 : descr[0];
    if ((!whole && !real && !truth) || std::strchr("<>|=", order) == nullptr || (order == '|' && width_ != 1))
      fail("numbers of type `" + descr + "` (float32, float64, float16 and integers are read)");
    big_endian_ = order == '>';
    array_.integers = !real;
  }

  void read_shape() {
    expect('(');
    while (!accept(')')) {
      skip_spaces();
      uint64_t extent = 0;
      size_t digits = at_;
      for (; at_ < header_.size() && std::isdigit(static_cast<unsigned char>(header_[at_])); ++at_) {
        extent = extent * 10 + static_cast<uint64_t>(header_[at_] - '0');
        if (extent >= uint64_t{1} << 48)
          fail("an extent is too large");
      }
      if (digits == at_ || array_.shape.size() == 16)
        fail("bad shape");
      array_.shape.push_back(static_cast<int64_t>(extent));
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
  }

  uint64_t bits(uint64_t index) const {
    const uint8_t* from = bytes_ + data_ + index * static_cast<uint64_t>(width_);
    uint64_t value = 0;
    for (int i = 0; i < width_; ++i)
      value |= static_cast<uint64_t>(from[big_endian_ ? width_ - 1 - i : i]) << (8 * i);
    return value;
  }
  double real(uint64_t index) const {
    uint64_t all = bits(index);
    if (width_ == 2)
      return half_to_float(static_cast<uint16_t>(all));
    if (width_ == 8) {
      double value;
      std::memcpy(&value, &all, 8);
      return value;
    }
    uint32_t word = static_cast<uint32_t>(all);
    float value;
    std::memcpy(&value, &word, 4);
    return value;
  }
  int64_t number(uint64_t index) const {
    uint64_t all = bits(index);
    if (kind_ == 'u' && all >> 63 != 0)
      fail("number " + std::to_string(index) + " is " + std::to_string(all) + ", beyond 64 bits with a sign");
    if (kind_ != 'i' || width_ == 8)
      return static_cast<int64_t>(all);
    int shift = 64 - 8 * width_;
    return static_cast<int64_t>(all << shift) >> shift;
  }

  void read_values(uint64_t count) {
    (array_.integers ? array_.whole.resize(count) : array_.values.resize(count));
    const std::vector<int64_t>& shape = array_.shape;
    // Fortran order: the first index runs fastest; `steps` walks the file in the order of the result.
    std::vector<uint64_t> steps(shape.size()), index(shape.size(), 0);
    uint64_t step = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      steps[i] = step;
      step *= static_cast<uint64_t>(shape[i]);
    }
    uint64_t from = 0;
    for (uint64_t to = 0; to < count; ++to) {
      if (array_.integers)
        array_.whole[to] = number(fortran_ ? from : to);
      else
        array_.values[to] = static_cast<float>(real(fortran_ ? from : to));
      for (size_t i = shape.size(); fortran_ && i-- > 0;) {
        from += steps[i];
        if (++index[i] < static_cast<uint64_t>(shape[i]))
          break;
        from -= steps[i] * index[i];
        index[i] = 0;
      }
    }
  }

  const uint8_t* bytes_;
  size_t size_;
  const std::string path_, wanted_;
  std::string header_;
  size_t at_ = 0, data_ = 0;
  char kind_ = 0;
  int width_ = 0;
  bool big_endian_ = false, fortran_ = false;
  NpyArray array_;
};

} // namespace

NpyArray parse_npy(const uint8_t* bytes, size_t size, const std::string& path) {
  return Reader(bytes, size, path).read();
}

NpyNumbers npy_numbers(const uint8_t* bytes, size_t size, const std::string& path) {
  const auto reader = std::make_shared<Reader>(bytes, size, path);
  NpyNumbers numbers;
  numbers.shape = reader->layout().shape;
  numbers.count = reader->check_size(size);
  numbers.value = [reader](uint64_t index) { return reader->value(index); };
  return numbers;
}

NpyLayout parse_npy_layout(const uint8_t* bytes, size_t size, const std::string& path) {
  return Reader(bytes, size, path).layout();
}

NpyArray parse_npy_part(const uint8_t* bytes, size_t size, const std::vector<int64_t>& shape, const std::string& path) {
  return Reader(bytes, size, path).read(&shape);
}

uint64_t npy_file_size(const uint8_t* bytes, size_t size) {
  try {
    return Reader(bytes, size, "").file_size();
  } catch (const Failure&) {
    return 0; // structures of events, which another reader reads
  }
}

NpyArray read_npy(const std::string& path, const std::function<void(const NpyLayout&)>& look,
                  const std::string& wanted) {
  InputFile file(path, wanted);
  Bytes bytes(std::min<uint64_t>(file.size() + 1, longest_header + 12));
  bytes.resize(file.read(bytes.data(), bytes.size()));
  {
    Reader header(bytes.data(), bytes.size(), path, wanted);
    NpyLayout layout = header.layout();
    if (look)
      look(layout);
    header.check_size(std::max<uint64_t>(file.size(), bytes.size()));
  }
  if (size_t read = bytes.size(); read < file.size()) {
    bytes.resize(file.size());
    bytes.resize(read + file.read(bytes.data() + read, bytes.size() - read));
  }
  return parse_npy(bytes.data(), bytes.size(), path);
}

std::string print_npy(const std::vector<int64_t>& shape, const float* values) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
  size_t count = 1;
  for (int64_t extent : shape) {
    text += std::to_string(extent) + ", ";
    count *= static_cast<size_t>(extent);
  }
  if (shape.size() > 1)
    text.resize(text.size() - 2); // a tuple of one keeps its comma
  text += "), }";
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 10 - 1, ' ');
  text += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(text.size() & 255);
  bytes += static_cast<char>(text.size() >> 8);
  bytes += text;
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(float));
  return bytes;
}

void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* values) {
  write_file(path, print_npy(shape, values));
}

} // namespace rvb::runtime
