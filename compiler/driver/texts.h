// The commands that end at the text of a network: what is wrong with it, how it is written.
#pragma once

#include "build/options.h"

#include <string>
#include <vector>

namespace rvb::driver {

int run_check(const build::Options& options);
int run_ast(const build::Options& options); // --emit=ast
int run_format(const std::vector<std::string>& files, bool check_only);
int run_explain(const std::string& code);
int run_targets();

} // namespace rvb::driver
