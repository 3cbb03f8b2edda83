#include "analysis/zero_one.h"

#include "analysis/definitions.h"
#include "ops/ops.h"

#include <algorithm>

namespace rvb::analysis {

using namespace ir;

namespace {

bool is_zero_or_one(double x) {
  return x == 0 || x == 1;
}

class ZeroOne {
public:
  explicit ZeroOne(const Function& function) : function_(function), known_(function.values.size(), false) {}

  std::vector<bool> run() {
    list(function_.ops);
    return known_;
  }

private:
  bool known(const Operand& operand) const {
    return operand.is_literal() ? is_zero_or_one(operand.number) : known_[operand.value];
  }

  void list(const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      const std::vector<Operand>& x = op.operands;
      if ((info(op.opcode).traits & has_body) != 0) {
        recurrence(op);
      } else if ((info(op.opcode).traits & moves) != 0) {
        const bool all = std::all_of(x.begin(), x.end(), [&](const Operand& each) { return known(each); });
        for (Value result : op.results)
          known_[result] = all;
      } else if (is_elementwise(op)) {
        known_[op.results[0]] = function_.type(op.results[0]).element == Element::boolean || elementwise(op);
      }
    }
  }

  // States are taken for masks until a step makes something else of them.
  void recurrence(const Op& op) {
    const ScanParts p = parts(op);
    const Body& body = op.body[0];
    for (size_t i = 0; i < op.operands.size(); ++i)
      known_[body.parameters[i]] = known(op.operands[i]);
    for (bool stable = false; !stable;) {
      list(body.ops);
      stable = true;
      for (int s = 0; s < p.states; ++s) {
        const Value state = body.parameters[p.first_state() + s];
        if (known_[state] && !known(body.yields[p.emits + s])) {
          known_[state] = false;
          stable = false;
        }
      }
    }
    for (int e = 0; e < p.emits; ++e)
      known_[op.results[e]] = known(body.yields[e]);
    for (int s = 0; s < p.states; ++s) // after no step it would be what it began with
      known_[op.results[p.emits + s]] = known_[body.parameters[p.first_state() + s]];
  }

  bool elementwise(const Op& op) const {
    const Element element = function_.type(op.results[0]).element;
    const auto gives = [&](const double* x) {
      const std::optional<double> y = ops::evaluate(op, element, x);
      return y && is_zero_or_one(*y);
    };
    if (ops::meaning(op.opcode).form == ops::Form::threshold) {
      const double below = -1, above = 0;
      return gives(&below) && gives(&above);
    }
    const size_t n = op.operands.size();
    for (unsigned bits = 0; bits < 1u << n; ++bits) {
      double x[3] = {0, 0, 0};
      bool possible = true;
      for (size_t i = 0; i < n; ++i) {
        x[i] = (bits >> i & 1) != 0;
        if (!known(op.operands[i]))
          return false;
        possible = possible && (!op.operands[i].is_literal() || op.operands[i].number == x[i]);
      }
      if (possible && !gives(x))
        return false;
    }
    return true;
  }

  const Function& function_;
  std::vector<bool> known_;
};

} // namespace

std::vector<bool> zero_or_one(const Function& function) {
  return ZeroOne(function).run();
}

} // namespace rvb::analysis
