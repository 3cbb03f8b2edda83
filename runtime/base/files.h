// Files as the runtime uses them: read whole, written whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct stat;

namespace rvb::runtime {

using Bytes = std::vector<uint8_t>;

// False when there is nothing of this name; Failure(io) when that cannot be found out (permissions, a loop of links).
bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);
void make_folder(const std::string& path); // with its parents
std::string join(const std::string& folder, const std::string& name);
void remove_file(const std::string& path);                    // no error when it is not there
std::vector<std::string> files_in(const std::string& folder); // names, sorted. Failure(io)

// Everything the runtime reads is opened here. Regular files only: pipes, sockets and devices may never answer or never
// end; they are refused by name, and none is waited for. -1: errno says why, `status` what is there (0: nothing).
int open_regular(const std::string& path, struct stat& status);

// The same, and pipes that the program was started with (/dev/stdin, /dev/fd/63). The caller closes the descriptor.
// Failure(io) names the file. `what` says what was expected there: "weights (safetensors)".
int open_input_file(const std::string& path, const std::string& what);

// Pipes are read to their end at once.
class InputFile {
public:
  InputFile(const std::string& path, const std::string& what);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  uint64_t size() const { return size_; }
  size_t read(uint8_t* to, size_t size); // less than `size` at the end of the file

private:
  void read_pipe();
  std::string path_;
  int file_ = -1;
  uint64_t size_ = 0;
  Bytes piped_;
  size_t taken_ = 0; // of piped_
};
void require_regular(const std::string& path, const std::string& what); // before a library opens it
Bytes read_file(const std::string& path, const std::string& what);

// The first bytes of a regular file; none when there is no such file. Failure(io) when it cannot be read.
Bytes read_start(const std::string& path, size_t count);

// Everything that is written goes through write.cpp. Failure(io) names file and reason.

// Regular files: a NewFile. What else is there (a device, a pipe, a descriptor as /dev/stdout) is written where it
// stands and never replaced; a link is followed. "-" is standard output.
void write_file(const std::string& path, std::string_view bytes, unsigned mode = 0666);
// N for a path that stands for descriptor N of this process (/dev/stdout, /dev/fd/N, links to them), else -1.
int descriptor_named(const std::string& path);

// A file that takes its name when it is whole: NAME.rvb-PID.tmp next to it is filled, reaches the disk and is renamed.
// A reader sees the old file or the new one, never a part; when anything fails the old one is untouched. What processes
// that were killed have left of these is removed by the next one that writes in the folder.
class NewFile {
public:
  // An old file's mode is kept; where `mode` lets it be executed, so may the new one be.
  explicit NewFile(const std::string& path, unsigned mode = 0666);
  ~NewFile(); // without finish() nothing has happened
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void add(std::string_view bytes);
  void put(const void* data, size_t size, int64_t at);
  void cut(int64_t size);
  void finish();

private:
  [[noreturn]] void fail() const;
  std::string path_, temporary_;
  int file_ = -1; // locked as long as it is written
};

// Removes every file *.rvb-PID.tmp, and *.PID.tmp of older versions, that no living process holds. For folders that are
// ours alone.
void remove_leftovers(const std::string& folder);

// A file that grows: every piece is written at once.
class GrowingFile {
public:
  GrowingFile() = default;
  ~GrowingFile();
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;
  void open(const std::string& path); // appends
  bool is_open() const { return file_ >= 0; }
  void add(std::string_view bytes);

private:
  std::string path_;
  int file_ = -1;
};

// Standard output, checked: a result that could not be delivered is an error (exit 5).
void print(std::string_view text);
void flush_output();

// False, and errno: not everything could be written. The one loop around write(2).
bool write_all(int file, std::string_view bytes);

} // namespace rvb::runtime
