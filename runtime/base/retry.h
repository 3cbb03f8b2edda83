// A system call that a signal has interrupted is made again.
#pragma once

#include <cerrno>

namespace rvb::runtime {

template <class Call> auto retry(Call&& call) {
  auto result = call();
  while (result == -1 && errno == EINTR)
    result = call();
  return result;
}

} // namespace rvb::runtime
