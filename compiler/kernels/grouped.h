// What the convolutions share whose channels fall into groups that do not see each other. Images are [k, g, W, H, N]: k
// a channel of group g. Depthwise convolutions have a group a channel.
#pragma once

#include "kernels/convolution.h"

namespace rvb::kernels {

struct Grouped {
  Sizes sizes; // in and out of one group
  int groups = 1;
  // Whether vectors run over groups, not over the outputs of one; then copies have the groups innermost.
  bool across = false;
  int lanes = 1;

  void choose(const Target& target);
  bool one_by_one() const { return sizes.in == 1 && sizes.out == 1; } // depthwise: as it lies, groups are innermost
  // The image in a frame of zeros; `copies` says whether it is more than a name.
  bool pad(Halide::Func& padded, const std::vector<Halide::Var>& kgxyn,
           const std::function<Halide::Expr(const std::vector<Halide::Expr>&)>& image) const;
  // The loops of such a copy, of a copy of weights (j, g, k, kx, ky) for a whole call.
  void schedule_copy(Halide::Func& copy, const std::vector<Halide::Var>& kgxyn, const Target& target) const;
  void schedule_weights(Halide::Func& weights, const std::vector<Halide::Var>& jgk) const;
  // Groups that a task takes, so that it reads whole cache lines: a divisor of their number, or a vector of them.
  int groups_of_task() const;
  // Rows of the result that a task computes, `least` at least: its part of the frame is to stay in the L2 cache.
  int rows_of_task(int least) const;
};

View grouped_weights(const ir::Type& type, int64_t groups); // [Kh, Kw, I, O] as [O / groups, groups, I, Kw, Kh]

} // namespace rvb::kernels
