#include "kernels/grouped.h"

#include <algorithm>

namespace rvb::kernels {

using namespace Halide;

void Grouped::choose(const kernels::Target& target) {
  across = sizes.out < target.vector_floats && groups > sizes.out;
  lanes = lanes_for(target, across ? groups : sizes.out);
}

bool Grouped::pad(Func& padded, const std::vector<Var>& kgxyn,
                  const std::function<Expr(const std::vector<Expr>&)>& image) const {
  std::vector<Expr> at(kgxyn.begin(), kgxyn.end());
  const bool more = across && groups % lanes != 0; // a last vector reaches beyond the groups
  const bool copies = sizes.pads() || (across && sizes.in > 1) || more;
  if (more)
    at[1] = clamp(at[1], 0, groups - 1);
  if (!sizes.pads()) {
    padded(kgxyn) = image(at);
    return copies;
  }
  const Framed framed = in_frame(sizes, at[2], at[3]);
  at[2] = framed.x;
  at[3] = framed.y;
  const Expr value = image(at);
  padded(kgxyn) = select(framed.inside, value, cast(value.type(), 0));
  return copies;
}

void Grouped::schedule_copy(Func& copy, const std::vector<Var>& kgxyn, const kernels::Target& target) const {
  const Var &k = kgxyn[0], &g = kgxyn[1];
  if (across) {
    copy.reorder_storage(g, k, kgxyn[2], kgxyn[3], kgxyn[4]);
    copy.reorder(k, g, kgxyn[2], kgxyn[3], kgxyn[4]).vectorize(g, lanes, TailStrategy::GuardWithIf);
  } else if (const int wide = lanes_for(target, sizes.in); wide > 1) {
    copy.vectorize(k, wide, TailStrategy::GuardWithIf);
  }
}

void Grouped::schedule_weights(Func& weights, const std::vector<Var>& jgk) const {
  if (!across)
    return;
  weights.compute_root().reorder_storage(jgk[1], jgk[0], jgk[2], jgk[3], jgk[4]);
  weights.vectorize(jgk[1], lanes, TailStrategy::GuardWithIf);
}

int Grouped::groups_of_task() const {
  if (across)
    return lanes;
  constexpr int channels = 32; // two cache lines
  int best = 1;
  for (int g = 2; g <= groups && g * sizes.in <= channels; ++g)
    if (groups % g == 0)
      best = g;
  return best;
}

int Grouped::rows_of_task(int least) const {
  constexpr int64_t most = 128 << 10;
  const int64_t row =
      int64_t{4} * groups_of_task() * sizes.in * (sizes.out_width * sizes.stride_x + sizes.span_x()) * sizes.stride_y;
  const int64_t rows = std::max<int64_t>(1, most / row);
  if (rows >= sizes.out_height)
    return sizes.out_height;
  // Equal strips, of whole tiles.
  const int64_t strips = (sizes.out_height + rows - 1) / rows;
  const int64_t equal = (sizes.out_height + strips - 1) / strips;
  return static_cast<int>(std::min<int64_t>(sizes.out_height, (equal + least - 1) / least * least));
}

View grouped_weights(const ir::Type& type, int64_t groups) {
  View view = weight_view(type);
  view.dims[0].constant /= groups;
  view.dims.insert(view.dims.begin() + 1, {groups, 0});
  return view;
}

} // namespace rvb::kernels
