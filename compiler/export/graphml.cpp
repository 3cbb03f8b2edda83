#include "export/export.h"

#include "layers/layer.h"

#include <fmt/format.h>

namespace rvb::exporting {

namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text)
    switch (c) {
    case '<': result += "&lt;"; break;
    case '>': result += "&gt;"; break;
    case '&': result += "&amp;"; break;
    case '"': result += "&quot;"; break;
    default: result += c;
    }
  return result;
}

std::string data(const char* key, const std::string& value) {
  return fmt::format("      <data key=\"{}\">{}</data>\n", key, escaped(value));
}

} // namespace

// http://graphml.graphdrawing.org: nodes are layers, edges carry the shape of what goes along them.
std::string rows::graphml(const sema::Program& program) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n";
  for (const char* key : {"layer", "kind", "weights"})
    text += fmt::format("  <key id=\"{}\" for=\"node\" attr.name=\"{}\" attr.type=\"string\"/>\n", key, key);
  text += "  <key id=\"shape\" for=\"edge\" attr.name=\"shape\" attr.type=\"string\"/>\n";
  text += fmt::format("  <graph id=\"{}\" edgedefault=\"directed\">\n", escaped(program.name));
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    text += fmt::format("    <node id=\"n{}\">\n", i) + data("layer", title(layer)) + data("kind", layer.row->name);
    if (layer.synaptic())
      text += data("weights", layer.weights().word());
    text += "    </node>\n";
  }
  for (size_t i = 0; i < program.layers.size(); ++i)
    for (const int from : program.layers[i].inputs)
      text += fmt::format("    <edge source=\"n{}\" target=\"n{}\">\n", from, i) +
              data("shape", shape_text(program.layers[static_cast<size_t>(from)])) + "    </edge>\n";
  return text + "  </graph>\n</graphml>\n";
}

} // namespace rvb::exporting
