// Work that may break down, such as a library on a damaged file, in a separate process.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rvb::runtime {

// How a child ended that did not send a Failure.
enum class Ending {
  whole,
  broken,   // killed by a signal
  too_long, // more than child_seconds of processor time without a message
  memory    // more than child_memory beyond what this process has
};
// The largest files of SHD and SSC have 130 and 400 MB; each message is a sample of them, which takes milliseconds.
constexpr int child_seconds = 2;
constexpr uint64_t child_memory = uint64_t{1} << 30;

// Runs `work` in a child, which sends messages of numbers; receives them here, in order. A Failure of the child is
// thrown here. The child does not outlive this process.
using Message = std::vector<double>;
Ending in_child(const std::function<void(const std::function<void(const Message&)>& send)>& work,
                const std::function<void(const Message&)>& receive);

} // namespace rvb::runtime
