// Moves a positive factor a channel from a value into the constants it is made of.
//
// A function f is positively homogeneous of degree 1 when f(a x) = a f(x) for a > 0. A neuron with threshold 0, hard
// reset and any leak is: the membrane of a-fold input is a-fold, the comparison with 0 decides the same, and what is
// emitted is a-fold. Batch normalisation with constant statistics, s z + d, is in its constants (s, d). So
//
//   a * neuron(s z + d)  =  neuron((a s) z + (a d))
//
// and the factor costs nothing. So does a factor on what real-valued constant weights make. With a threshold that is a
// number other than 0 the neuron is not: the comparison would have to change with it, so nothing is moved. A threshold
// that is a constant f32[C] scales along; rounding may then decide a membrane within an ulp of it otherwise.
//
// How: the region is every elementwise operation and scan that `value` depends on and nobody else reads. Each value in
// it gets a degree, 0 (does not scale) or 1 (scales); sums want equal degrees, products degrees that add up to the
// result's, comparisons equal ones. What comes from outside has degree 0, but for the constants f32[C] and the number
// 0. In @step the membranes come from outside as well, and leave again: where they may scale, what makes their next
// value belongs to the region, and they have the degree that states have in a scan.
#pragma once

#include "ir/ir.h"

#include <vector>

namespace rvb::passes {

// True when `value` has become `factors` (one a channel, none negative) times what it was; the function is unchanged
// otherwise. `value` is read once. With `membranes`, those that @step is given and gives back may scale as well; they
// must begin at 0.
bool scale_constants(ir::Module& module, ir::Function& function, ir::Value value, const std::vector<float>& factors,
                     bool membranes = false);

} // namespace rvb::passes
