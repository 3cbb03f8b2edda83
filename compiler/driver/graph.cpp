#include "build/frontend.h"
#include "build/link.h"
#include "build/manifest.h"
#include "driver/summary.h"
#include "host/output.h"
#include "host/paths.h"
#include "layers/layer.h"
#include "support/result.h"

#include <fmt/format.h>

namespace rvb::driver {

using namespace build;

namespace {

std::string title(const sema::Layer& layer) {
  return layer.path.empty() ? layer.label : layer.path;
}

std::string shape_text(const sema::Layer& layer) {
  return fmt::format("{}", fmt::join(layer.shape, "×"));
}

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

std::string dot(const sema::Program& program) {
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

std::string mermaid(const sema::Program& program) {
  std::string text = "flowchart TD\n";
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    text += fmt::format("  n{}[\"{}<br/>{}\"]\n", i, title(layer), layer.row->name);
    for (int from : layer.inputs)
      text += fmt::format("  n{} -->|{}| n{}\n", from, shape_text(program.layers[from]), i);
  }
  return text;
}

std::string json(const sema::Program& program) {
  nlohmann::ordered_json j = {{"schema", "rvb.graph/1"}, {"name", program.name}};
  j["nodes"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    j["nodes"].push_back({{"id", i},
                          {"path", layer.path},
                          {"label", layer.label},
                          {"kind", layer.row->name},
                          {"shape", layer.shape},
                          {"inputs", layer.inputs}});
  }
  return j.dump(2) + "\n";
}

std::string svg(const sema::Program& program) {
  TemporaryFolder folder;
  write_scratch(folder.path() + "/graph.dot", dot(program));
  try {
    run_tool({"dot", "-Tsvg", "-o", "graph.svg", "graph.dot"}, folder.path(), true);
  } catch (const Failure& failure) {
    throw Failure(Exit::io, "cannot draw: Graphviz' `dot` is not installed or failed (package graphviz); "
                            "`--format dot` needs no Graphviz\n" +
                                std::string(failure.what()));
  }
  return read_text(folder.path() + "/graph.svg");
}

} // namespace

int run_graph(const Options& options, const std::string& format) {
  sema::Program program = load_program(options);
  std::string text;
  if (format == "dot")
    text = dot(program);
  else if (format == "mermaid")
    text = mermaid(program);
  else if (format == "json")
    text = json(program);
  else
    text = svg(program);
  write_text(options.output, text);
  return 0;
}

} // namespace rvb::driver
