// What each operation of a body becomes in integers: between fixed_body, which knows the scan, and fixed_maker.
#pragma once

#include "passes/fixed/fixed_maker.h"

#include <algorithm>

namespace rvb::passes {

// Integers of a body stay below it, so that two can be added.
constexpr double whole_room = 1 << 29;

Item constant_item(Numbers numbers); // Unsupported when one is not finite
Item mask_item(const ir::Operand& mask);

class Arithmetic {
public:
  explicit Arithmetic(Maker& maker) : maker_(maker) {}

  double unit = 1;    // of all numbers that are computed with
  double largest = 0; // of all of them, real
  double grid = 0;    // the scale of the first spike that leaves the body; 0: none does
  double limit = 0;   // and its limit

  void need(double real) { largest = std::max(largest, real); }
  Item aligned(const Item& x); // in the body's unit
  Item apply(const ir::Op& inner, const std::vector<Item>& x);

private:
  Item product(const Item& a, const Item& b);
  Item sum(const ir::Op& inner, const Item& a, const Item& b);
  Item joined(ir::Opcode opcode, std::vector<ir::Operand> operands, const Item& a, const Item& b);
  Item compared(ir::Opcode opcode, const Item& a, const Item& b);
  Item selected(const Item& condition, const Item& a, const Item& b);
  Item quantized(const ir::Op& inner, Item x);

  Maker& maker_;
};

} // namespace rvb::passes
