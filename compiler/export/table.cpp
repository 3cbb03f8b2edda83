#include "export/export.h"

#include <fmt/format.h>

namespace rvb::exporting {

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
#define RVB_EXPORT(name, what) {#name, what, rows::name},
#include "export/formats.def"
#undef RVB_EXPORT
  };
  return all;
}

const Format* find_format(const std::string& name) {
  for (const Format& format : formats())
    if (name == format.name)
      return &format;
  return nullptr;
}

std::string title(const sema::Layer& layer) {
  return layer.path.empty() ? layer.label : layer.path;
}

std::string shape_text(const sema::Layer& layer) {
  return fmt::format("{}", fmt::join(layer.shape, "×"));
}

} // namespace rvb::exporting
