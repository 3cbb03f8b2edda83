#include "export/export.h"

#include "layers/layer.h"

#include <fmt/format.h>

namespace rvb::exporting {

std::string rows::mermaid(const sema::Program& program) {
  std::string text = "flowchart TD\n";
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    text += fmt::format("  n{}[\"{}<br/>{}\"]\n", i, title(layer), layer.row->name);
    for (int from : layer.inputs)
      text += fmt::format("  n{} -->|{}| n{}\n", from, shape_text(program.layers[from]), i);
  }
  return text;
}

} // namespace rvb::exporting
