// Makes operations on integers in the body of a scan: the lower half of fixed_body.
#pragma once

#include "ir/ir.h"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace rvb::passes {

struct Unsupported {}; // thrown: this body stays in floating point

using Numbers = std::vector<double>; // one for all channels, or one a channel

// What a value of the body is.
struct Item {
  enum Kind { number, constant, choice, mask, sums, spikes } kind = number;
  ir::Operand base; // number, sums: x = base · factor; choice: factor where base, else otherwise; mask, spikes: itself
  Numbers factor;   // constant: the numbers
  Numbers otherwise;   // of a choice
  double bound = 0;    // of |base|, whole
  double real() const; // the largest |x|
};

bool all_equal(const Numbers& numbers);

template <typename F> Numbers each(const Numbers& a, const Numbers& b, F&& f) {
  Numbers result(a.size() > b.size() ? a.size() : b.size());
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = f(a[i % a.size()], b[i % b.size()]);
  return result;
}

class Maker {
public:
  // Constants that the body needs are appended to `constants`, with the values that stand for them in `function`.
  Maker(ir::Function& function, ir::Type slice, std::string layer,
        std::vector<std::pair<ir::Value, ir::Constant>>* constants);

  void begin() { making_ = true; } // before it nothing is made, and operands mean nothing
  bool making() const { return making_; }

  ir::Operand op(ir::Opcode opcode, std::vector<ir::Operand> operands, ir::Attributes attributes, ir::Element element,
                 const char* name);
  // The item as integers of `unit`: numbers, sums, constants and choices.
  Item in_unit(const Item& x, double unit);
  ir::Operand saturated(const ir::Operand& x, int64_t bits, double limit, const char* name);

  const ir::Type& slice() const { return slice_; } // f32, what the body sees of a sequence
  std::vector<ir::Op> ops;
  std::vector<std::pair<ir::Operand, ir::Value>> invariants; // outside and inside

private:
  ir::Operand invariant(const Numbers& numbers, const char* name);
  ir::Operand whole_constant(const Numbers& numbers, double unit, const char* name);
  ir::Operand rescaled(const Item& x, double unit);
  ir::Operand multiplied(const ir::Operand& base, const Numbers& ratio);

  ir::Function& function_;
  ir::Type slice_;
  std::string layer_;
  std::vector<std::pair<ir::Value, ir::Constant>>* constants_;
  bool making_ = false;
  std::map<std::vector<int32_t>, ir::Operand> known_;
  std::map<std::pair<ir::Value, Numbers>, ir::Operand> rescaled_;
};

} // namespace rvb::passes
