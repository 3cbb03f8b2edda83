// Files as the runtime uses them: read whole, written whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rvb::runtime {

using Bytes = std::vector<uint8_t>;

bool file_exists(const std::string& path);
bool folder_exists(const std::string& path);
void make_folder(const std::string& path); // with its parents
std::string join(const std::string& folder, const std::string& name);
void remove_file(const std::string& path);                    // no error when it is not there
std::vector<std::string> files_in(const std::string& folder); // names, sorted

// Failure(io) names the file. `what` says what was expected there: "weights (safetensors)".
Bytes read_file(const std::string& path, const std::string& what);

// The first bytes of a regular file; nothing from a pipe, which could not be read again, or when it cannot be opened.
Bytes read_start(const std::string& path, size_t count);

// Writes PATH.PID.tmp, makes it reach the disk, then renames: a reader sees the old file or the new one, never a part;
// when anything fails the old one is untouched and Failure(io) is thrown. "-" is standard output.
void write_file(const std::string& path, std::string_view bytes);

// A text file that grows by lines; every line is written at once.
class LineFile {
public:
  LineFile() = default;
  ~LineFile();
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  void open(const std::string& path); // appends
  void add(const std::string& line);

private:
  std::string path_;
  int file_ = -1;
};

// Standard output, checked: a result that could not be delivered is an error (exit 5).
void print(std::string_view text);
void flush_output();

} // namespace rvb::runtime
