#include "export/export.h"

#include "layers/layer.h"

#include <fmt/format.h>

namespace rvb::exporting {

namespace {

// One colour a family, light enough for black text.
const char* colour(const sema::Layer& layer) {
  using layers::Family;
  switch (layer.row->family) {
  case Family::synapses: return layer.weights().real() ? "#fde2c8" : "#cfe8cf";
  case Family::neuron: return "#cfdff5";
  case Family::normalisation: return "#eeeeee";
  case Family::input:
  case Family::other: break;
  }
  return "#ffffff";
}

} // namespace

std::string rows::dot(const sema::Program& program) {
  std::string text =
      fmt::format("digraph \"{}\" {{\n  rankdir = TB;\n  node [shape = box, style = \"rounded,filled\", "
                  "fontname = \"Helvetica\", fontsize = 11];\n  edge [fontname = \"Helvetica\", fontsize = 9];\n",
                  program.name);
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    const std::string weights = layer.synaptic() ? std::string(", ") + layer.weights().word() : "";
    text += fmt::format("  n{} [label = \"{}\\n{}{}\", fillcolor = \"{}\"];\n", i, title(layer), layer.row->name,
                        weights, colour(layer));
    for (int from : layer.inputs)
      text += fmt::format("  n{} -> n{} [label = \" {}\"];\n", from, i, shape_text(program.layers[from]));
  }
  return text + "}\n";
}

} // namespace rvb::exporting
