// What leaves the compiler in formats of others: a network as a text. A format is a row of formats.def and a file.
#pragma once

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

// Every row's function. A tool that a format needs and that is missing is a Failure with Exit::io that names it.
namespace rows {
#define RVB_EXPORT(name, what) std::string name(const sema::Program& program);
#include "export/formats.def"
#undef RVB_EXPORT
} // namespace rows

// What drawings share: the layer's name, its output's shape.
std::string title(const sema::Layer& layer);
std::string shape_text(const sema::Layer& layer);

} // namespace rvb::exporting
