// `rvbc export`: trained networks to formats of others.
#pragma once

#include "build/options.h"
#include "export/export.h"

#include <string>

namespace CLI {
class App;
}

namespace rvb::driver {

void add_export_settings(CLI::App& command, std::string& format, exporting::ModelSettings& settings);
int run_export(const build::Options& options, const std::string& format, const exporting::ModelSettings& settings);

} // namespace rvb::driver
