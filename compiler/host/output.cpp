#include "host/output.h"

#include "base/files.h"
#include "support/environment.h"

#include <cerrno>
#include <fcntl.h>
#include <ostream>
#include <set>
#include <streambuf>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rvb {

namespace {

constexpr size_t largest_text = size_t{64} << 20; // no text that rvbc reads is longer

class PrintBuffer : public std::streambuf {
protected:
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    put_text({&one, 1});
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    put_text({text, static_cast<size_t>(size)});
    return size;
  }
};

// The bytes of a file without a copy.
class Mapped {
public:
  explicit Mapped(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (file < 0 || fstat(file, &status) != 0)
      environment_failed("cannot read " + path, errno);
    size_ = static_cast<size_t>(status.st_size);
    if (size_ != 0)
      memory_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
    const int error = errno;
    close(file);
    if (memory_ == MAP_FAILED)
      environment_failed("cannot read " + path, error);
  }
  ~Mapped() {
    if (size_ != 0)
      munmap(memory_, size_);
  }
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  std::string_view bytes() const { return {static_cast<const char*>(memory_), size_}; }

private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

} // namespace

void put_text(std::string_view text) {
  runtime::print(text);
}

void finish_output() {
  runtime::flush_output();
}

std::ostream& output() {
  static PrintBuffer buffer;
  static std::ostream stream(&buffer);
  stream.exceptions(std::ios::badbit); // the failure itself comes through
  return stream;
}

void note_once(const std::string& text) {
  static std::set<std::string> given;
  if (given.insert(text).second)
    tell("note: {}\n", text);
}

void write_text(const std::string& path, std::string_view text) {
  runtime::write_file(path.empty() ? "-" : path, text);
}

void write_copy(const std::string& path, const std::string& from, unsigned mode) {
  runtime::write_file(path, Mapped(from).bytes(), mode);
}

void write_scratch(const std::string& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool done = file >= 0 && runtime::write_all(file, bytes);
  const int error = errno;
  if (file >= 0)
    close(file);
  if (!done)
    environment_failed("cannot write " + path, error);
}

bool is_device(const std::string& path) {
  struct stat status {};
  return runtime::descriptor_named(path) >= 0 ||
         (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode));
}

std::string read_text(const std::string& path) {
  const int descriptor = path == "-" ? 0 : runtime::descriptor_named(path);
  std::string text =
      descriptor >= 0 ? read_descriptor(descriptor, path, largest_text) : read_regular_file(path, largest_text);
  if (text.size() > largest_text)
    throw Failure(Exit::user, path + " is larger than any text that rvbc reads (64 MiB)");
  return text;
}

} // namespace rvb
