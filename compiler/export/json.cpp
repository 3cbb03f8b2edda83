#include "export/export.h"

#include "layers/layer.h"

#include <nlohmann/json.hpp>

namespace rvb::exporting {

std::string rows::json(const sema::Program& program) {
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

} // namespace rvb::exporting
