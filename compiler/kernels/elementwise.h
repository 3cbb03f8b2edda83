// Elementwise operators as Halide expressions; the bodies of scans are lowered with these.
#pragma once

#include "kernels/kernel.h"

namespace rvb::kernels {

// `operands` have type f32, i32, u32 or Bool.
Halide::Expr lower(const ir::Op& op, const std::vector<Halide::Expr>& operands);

Halide::Expr literal(double number);

// Buffers hold truth as a byte.
Halide::Expr from_memory(const Halide::Expr& value, ir::Element element);
Halide::Expr to_memory(const Halide::Expr& value, ir::Element element);

} // namespace rvb::kernels
