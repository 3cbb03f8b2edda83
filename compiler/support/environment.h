// What rvbc needs from its machine and did not get: a file, disk space, memory, a process, a tool. Every such failure
// ends with exit code 5 and its reason; it is never "a bug in rvbc".
#pragma once

#include "support/result.h"

#include <cstddef>
#include <string>

namespace rvb {

// "WHAT: REASON"; `error` is an errno.
class EnvironmentFailure : public Failure {
public:
  EnvironmentFailure(const std::string& what, int error);
  bool exhausted() const; // of descriptors or memory: any other file would have failed as well
  bool absent() const;    // there is no such file

private:
  int error_;
};

[[noreturn]] void environment_failed(const std::string& what, int error);

// The contents of a regular file, cut off after `most` + 1 bytes. Never waits for a pipe and never reads a device.
// Failure(io) names file and reason.
std::string read_regular_file(const std::string& path, size_t most);

// The same from an open descriptor of any kind, which `name` stands for in messages.
std::string read_descriptor(int file, const std::string& name, size_t most);

} // namespace rvb
