// Work that may break down, such as a library on a damaged file, in a process of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace rvb::runtime {

// Runs `work` in a child, which sends messages of numbers; receives them here, in order. A Failure of the child is
// thrown here. False: the child broke down.
using Message = std::vector<double>;
bool in_child(const std::function<void(const std::function<void(const Message&)>& send)>& work,
              const std::function<void(const Message&)>& receive);

} // namespace rvb::runtime
