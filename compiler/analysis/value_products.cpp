#include "analysis/value_products.h"

#include "analysis/definitions.h"
#include "ops/ops.h"

#include <algorithm>
#include <map>

namespace rvb::analysis {

using namespace ir;

namespace {

class Search {
public:
  explicit Search(const Function& function)
      : function_(function), depends_(function.values.size(), false), layer_(function.values.size()) {
    for (Value parameter : function.parameters)
      depends_[parameter] = true;
  }

  std::vector<ValueProducts> run() {
    list(function_.ops, "", 1);
    return found_;
  }

private:
  bool depends(const Operand& operand) const { return !operand.is_literal() && depends_[operand.value]; }

  void list(const std::vector<Op>& ops, const std::string& around, int64_t times) {
    for (const Op& op : ops) {
      const std::string layer = !op.layer.empty() ? op.layer : !around.empty() ? around : layer_before(op);
      bool any = false;
      for (const Operand& operand : op.operands)
        any = any || depends(operand);
      for (Value result : op.results) {
        depends_[result] = any;
        layer_[result] = layer;
      }
      if ((info(op.opcode).traits & has_body) != 0)
        body(op, layer, times);
      else if (const int64_t count = products(op); count > 0)
        add(layer, count * times);
    }
  }

  std::string layer_before(const Op& op) const {
    for (const Operand& operand : op.operands)
      if (!operand.is_literal() && !layer_[operand.value].empty())
        return layer_[operand.value];
    return "";
  }

  void body(const Op& op, const std::string& layer, int64_t times) {
    const ScanParts p = parts(op);
    const Body& body = op.body[0];
    for (size_t i = 0; i < op.operands.size(); ++i)
      depends_[body.parameters[i]] = depends(op.operands[i]) || static_cast<int>(i) >= p.first_state();
    const int64_t extent = function_.type(op.operands[0].value).dims[0];
    list(body.ops, layer, times * (extent == batch ? 1 : extent));
  }

  int64_t products(const Op& op) const {
    const std::vector<Operand>& x = op.operands;
    const ops::Meaning& meaning = ops::meaning(op.opcode);
    const int64_t elements = function_.type(op.results[0]).elements_per_sample();
    if (meaning.form == ops::Form::product)
      return depends(x[0]) && depends(x[1]) ? elements : 0;
    if (meaning.form == ops::Form::quotient)
      return depends(x[1]) ? elements : 0;
    const bool all = x.size() == 2 && depends(x[0]) && depends(x[1]);
    return all && meaning.count != nullptr ? meaning.count(function_, op).multiply_adds : 0;
  }

  void add(const std::string& layer, int64_t count) {
    const auto same = std::find_if(found_.begin(), found_.end(), [&](const auto& f) { return f.layer == layer; });
    if (same == found_.end())
      found_.push_back({layer, count});
    else
      same->count += count;
  }

  const Function& function_;
  std::vector<bool> depends_;
  std::vector<std::string> layer_; // of what makes the value
  std::vector<ValueProducts> found_;
};

} // namespace

std::vector<ValueProducts> value_products(const Function& function) {
  return Search(function).run();
}

} // namespace rvb::analysis
