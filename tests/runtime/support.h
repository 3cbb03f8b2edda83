// Temporary folders, files and child processes for the tests of the runtime.
#pragma once

#include "base/failure.h"
#include "base/files.h"
#include "files/gzip.h"
#include "options/recipe_text.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rvb::runtime::test {

class Folder {
public:
  Folder() {
    char name[] = "/tmp/rvb-test-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { (void)!std::system(("rm -rf '" + path_ + "'").c_str()); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

template <class Call> std::string failure(Exit exit, Call&& call) {
  try {
    call();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, exit) << failure.what();
    return failure.what();
  }
  ADD_FAILURE() << "no failure";
  return "";
}

// True when the call returns in a process that gets so much more memory than this one has.
template <class Call> bool within(size_t memory, Call&& call) {
  pid_t child = ::fork();
  if (child == 0) {
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit{};
    limit.rlim_cur = limit.rlim_max = pages * static_cast<size_t>(::sysconf(_SC_PAGESIZE)) + memory;
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      call();
    } catch (const std::bad_alloc&) {
      ::_exit(1);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(2);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// All of a gzip file.
inline Bytes unpack(const Bytes& packed, const std::string& path) {
  Unpacker unpacker(Unpacker::Kind::gzip, packed.data(), packed.size(), path);
  Bytes all, piece(10000);
  while (size_t count = unpacker.read(piece.data(), piece.size()))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  return all;
}

// As --augment gives them.
inline std::vector<recipe::Choice> augment_of(const std::vector<std::string>& words) {
  return parse_choices("augment", recipe::augmentations, words);
}

inline std::string text(const std::string& path) {
  Bytes bytes = read_file(path, "a file of the test");
  return std::string(bytes.begin(), bytes.end());
}

struct Outcome {
  int exit = -1;
  std::string out, err;
};

// Runs a shell line; `exit` is the program's code.
inline Outcome shell(const std::string& line) {
  Folder folder;
  std::string command = "( " + line + " ) >'" + folder / "out" + "' 2>'" + folder / "err" + "' </dev/null";
  int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text(folder / "out"), text(folder / "err")};
}

inline std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

// Images that a linear classifier can learn: row 2 * label is bright, the rest is noise.
inline void write_idx(const std::string& folder, const std::string& split, uint32_t count, uint32_t seed) {
  std::string images = big_endian(0x803) + big_endian(count) + big_endian(28) + big_endian(28);
  std::string labels = big_endian(0x801) + big_endian(count);
  uint32_t state = seed;
  auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 24; };
  for (uint32_t n = 0; n < count; ++n) {
    uint32_t label = next() % 10;
    labels += static_cast<char>(label);
    for (uint32_t y = 0; y < 28; ++y)
      for (uint32_t x = 0; x < 28; ++x)
        images += static_cast<char>(y == 2 * label ? 200 - next() / 8 : next() / 2);
  }
  write_file(folder + "/" + split + "-images-idx3-ubyte", images);
  write_file(folder + "/" + split + "-labels-idx1-ubyte", labels);
}

inline void write_data(const std::string& folder) {
  write_idx(folder, "train", 300, 1);
  write_idx(folder, "t10k", 70, 2);
}

} // namespace rvb::runtime::test
