// Loops that kernels share which do the same to every number.
#pragma once

#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

// Along a dense line, of a Func or of an update: fo counts tasks of 32 KiB, which the nearest cache keeps, f the
// vectors inside, fi a vector's numbers. Vectors are cut first: the last task then ends with the line. Cut the other
// way it went on to its full length with every number masked, and masked memory outside of an array costs hundreds of
// cycles.
template <class Loops> Loops& in_chunks(Loops& loops, const Halide::Var& f, int vec) {
  const Halide::Var fo("fo"), fi("fi");
  loops.split(f, f, fi, vec, Halide::TailStrategy::GuardWithIf)
      .split(f, fo, f, 8192 / vec, Halide::TailStrategy::GuardWithIf)
      .vectorize(fi)
      .parallel(fo);
  return loops;
}

// Every dimension for itself: vectors along the innermost, whose extent is `innermost`, tasks along the outermost.
inline void in_rows(Halide::Stage stage, const std::vector<Halide::Var>& vars, const Target& target,
                    int64_t innermost) {
  if (vars.empty())
    return;
  if (vars.size() > 1)
    stage.parallel(vars.back());
  const Halide::Var lane("lane");
  const int lanes = innermost == ir::batch ? target.vector_floats : lanes_for(target, innermost);
  stage.split(vars[0], vars[0], lane, lanes, Halide::TailStrategy::GuardWithIf).vectorize(lane);
}

} // namespace rvb::kernels
