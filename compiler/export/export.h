// What leaves the compiler in formats of others. A format is a row of formats.def and a file: a drawing of the checked
// network, or a model, which is the trained one.
#pragma once

#include "build/options.h"
#include "sema/program.h"

#include <string>
#include <vector>

namespace rvb::exporting {

struct Format {
  const char* name; // as --format takes it
  const char* what;
  std::string (*write)(const sema::Program& program);
};

const std::vector<Format>& formats(); // in the order of the rows
const Format* find_format(const std::string& name);

struct ModelSettings {
  std::string time = "auto";  // unrolled, scan, or auto: by the number of steps
  std::string signs = "keep"; // of binary weights: keep (-1 and 1), fold (factors join them)
  int64_t batch = 0;          // fixed; 0: any
  double step = 1e-4;         // seconds of a time step, where the format has real time
};

struct Model {
  const char* name; // as --format takes it, and the file's ending
  const char* what;
  std::string (*write)(const build::Options& options, const ModelSettings& settings); // of the file
};

const std::vector<Model>& models();
const Model* find_model(const std::string& name);

// Every row's function. A tool that a format needs and that is missing is a Failure with Exit::io that names it.
namespace rows {
#define RVB_EXPORT(name, what) std::string name(const sema::Program& program);
#define RVB_MODEL(name, what) std::string name(const build::Options& options, const ModelSettings& settings);
#include "export/formats.def"
} // namespace rows

// What drawings share: the layer's name, its output's shape.
std::string title(const sema::Layer& layer);
std::string shape_text(const sema::Layer& layer);

} // namespace rvb::exporting
