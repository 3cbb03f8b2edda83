#include "kernels/view.h"

namespace rvb::kernels {

Extent product(const ir::Type& type, int from, int to) {
  int64_t value = 1;
  bool batch = false;
  for (int i = from; i < to; ++i) {
    if (type.dims[i] == ir::batch)
      batch = true;
    else
      value *= type.dims[i];
  }
  return batch ? Extent{0, value} : Extent{value, 0};
}

View view_of(const ir::Type& type, std::vector<Extent> dims) {
  return {type.element, std::move(dims)};
}

View image_view(const ir::Type& type) {
  int r = type.rank();
  return view_of(type, {{type.dims[r - 1], 0}, {type.dims[r - 2], 0}, {type.dims[r - 3], 0}, product(type, 0, r - 3)});
}

View grouped_view(const ir::Type& type, int64_t groups) {
  View view = image_view(type);
  view.dims[0].constant /= groups;
  view.dims.insert(view.dims.begin() + 1, {groups, 0});
  return view;
}

View pixel_view(const ir::Type& type) {
  int r = type.rank();
  return view_of(type, {product(type, r - 1, r), product(type, 0, r - 1)});
}

View axis_view(const ir::Type& type, int64_t axis) {
  const int a = static_cast<int>(axis);
  return view_of(type, {product(type, a + 1, type.rank()), product(type, a, a + 1), product(type, 0, a)});
}

View weight_view(const ir::Type& type) {
  View view{type.element, {}};
  for (int i = type.rank() - 1; i >= 0; --i)
    view.dims.push_back(product(type, i, i + 1));
  return view;
}

} // namespace rvb::kernels
