#include "export/export.h"

#include <fmt/format.h>

namespace rvb::exporting {

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
#define RVB_EXPORT(name, what) {#name, what, rows::name},
#include "export/formats.def"
  };
  return all;
}

const std::vector<Model>& models() {
  static const std::vector<Model> all = {
#define RVB_MODEL(name, what) {#name, what, rows::name},
#include "export/formats.def"
  };
  return all;
}

namespace {

template <class Row> const Row* find(const std::vector<Row>& rows, const std::string& name) {
  for (const Row& row : rows)
    if (name == row.name)
      return &row;
  return nullptr;
}

} // namespace

const Format* find_format(const std::string& name) {
  return find(formats(), name);
}

const Model* find_model(const std::string& name) {
  return find(models(), name);
}

std::string title(const sema::Layer& layer) {
  return layer.path.empty() ? layer.label : layer.path;
}

std::string shape_text(const sema::Layer& layer) {
  return fmt::format("{}", fmt::join(layer.shape, "×"));
}

} // namespace rvb::exporting
