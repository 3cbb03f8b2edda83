// `rvbc export` and `rvbc import`: trained networks to formats of others and back.
#pragma once

#include "build/options.h"
#include "export/export.h"
#include "import/import.h"

#include <string>

namespace CLI {
class App;
}

namespace rvb::driver {

void add_export_settings(CLI::App& command, std::string& format, exporting::ModelSettings& settings);
int run_export(const build::Options& options, const std::string& format, const exporting::ModelSettings& settings);

void add_import_settings(CLI::App& command, build::Options& options, std::vector<std::string>& defines,
                         importing::Request& request);
int run_import(const build::Options& options, const importing::Request& request);

} // namespace rvb::driver
