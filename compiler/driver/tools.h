// The commands around compiling: weights as small files, a network to start from.
#pragma once

#include "build/options.h"

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace rvb::driver {

class Tools {
public:
  explicit Tools(build::Options& options) : options_(options) {}
  // Adds the commands to `app`. `add_model` declares the network and what belongs to it; `action` is set where one of
  // the commands is chosen.
  void declare(CLI::App& app, const std::function<void(CLI::App*)>& add_model, std::function<int()>& action);

private:
  build::Options& options_;
  std::string file_, from_;
};

} // namespace rvb::driver
