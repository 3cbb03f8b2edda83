#include "analysis/verify.h"

#include "ir/text.h"
#include "ops/ops.h"

#include <set>

namespace rvb::analysis {

namespace {

class Verifier {
public:
  explicit Verifier(const ir::Module& module) : module_(module) {}

  std::vector<std::string> run() {
    for (const auto& [name, constant] : module_.constants)
      check_constant(name, constant);
    std::set<std::string> names;
    for (const ir::Function& function : module_.functions) {
      function_ = &function;
      if (!ir::is_name(function.name))
        report("the function's name is empty or has other characters than letters, digits, `_` and `.`");
      if (!names.insert(function.name).second)
        report("the function is defined twice");
      check_function();
    }
    return std::move(faults_);
  }

private:
  void report(const std::string& what) {
    std::string where = op_ ? std::string(": `") + ir::info(op_->opcode).name + "`" + result_name() : "";
    faults_.push_back("@" + function_->name + where + ": " + what);
  }

  std::string result_name() const {
    if (op_->results.empty() || !exists(op_->results[0]))
      return "";
    return " %" + function_->values[op_->results[0]].name;
  }

  void check_constant(const std::string& name, const ir::Constant& constant) {
    std::string wrong = ir::fault(constant.type);
    if (wrong.empty() && constant.type.has_batch())
      wrong = "has a batch";
    bool is_hash = constant.bytes.empty() && constant.hash != 0; // parsed from a text that left the bytes out
    if (wrong.empty() && !is_hash &&
        static_cast<int64_t>(constant.bytes.size()) !=
            constant.type.elements_per_sample() * ir::bytes_of(constant.type.element))
      wrong = "has " + std::to_string(constant.bytes.size()) + " bytes, which is not the size of its type";
    if (!ir::is_name(name))
      wrong = "has no proper name";
    if (!wrong.empty())
      faults_.push_back("data @" + name + ": " + ir::print(constant.type) + ": " + wrong);
  }

  bool exists(ir::Value value) const { return value >= 0 && value < static_cast<ir::Value>(function_->values.size()); }

  void check_function() {
    op_ = nullptr;
    defined_.assign(function_->values.size(), false);
    visible_.assign(function_->values.size(), false);
    names_.clear();
    for (ir::Value parameter : function_->parameters)
      define(parameter, "parameter");
    for (const ir::Op& op : function_->ops)
      check_op(op);
    op_ = nullptr;
    check_operands(function_->results, "ret");
    const std::vector<ir::Port>& ports = function_->result_ports;
    if (!ports.empty() && ports.size() != function_->results.size())
      report("has " + std::to_string(function_->results.size()) + " results and " + std::to_string(ports.size()) +
             " names for them");
    std::set<std::string> seen;
    for (const ir::Port& port : ports)
      if (!port.name.empty() && !seen.insert(ir::label(port)).second)
        report("two results are named \"" + ir::label(port) + "\"");
  }

  // Marks a value as defined, once, with a name of its own. False when it does not even exist.
  bool define(ir::Value value, const char* what) {
    if (!exists(value)) {
      report(std::string("a ") + what + " is no value of the function");
      return false;
    }
    const ir::ValueInfo& info = function_->values[value];
    if (defined_[value])
      report("%" + info.name + " is defined twice");
    else if (!ir::is_name(info.name))
      report("a value's name is empty or has other characters than letters, digits, `_` and `.`");
    else if (!names_.insert(info.name).second)
      report("two values are named %" + info.name);
    std::string wrong = ir::fault(info.type);
    if (!wrong.empty())
      report("%" + info.name + ": " + wrong);
    defined_[value] = visible_[value] = true;
    return true;
  }

  bool check_operands(const std::vector<ir::Operand>& operands, const char* what) {
    bool all = true;
    for (const ir::Operand& operand : operands) {
      if (operand.is_literal())
        continue;
      bool known = exists(operand.value);
      if (known && visible_[operand.value])
        continue;
      all = false;
      std::string name = known ? "%" + function_->values[operand.value].name : "a value that does not exist";
      report(std::string(what) + " reads " + name +
             (known && defined_[operand.value] ? ", which is not visible here"
                                               : (known ? ", which is not defined before" : "")));
    }
    return all;
  }

  void check_op(const ir::Op& op) {
    op_ = &op;
    size_t before = faults_.size();
    check_operands(op.operands, "it");
    for (const auto& [name, value] : op.attributes)
      if (!ir::is_name(name))
        report("an attribute's name has other characters than letters, digits, `_` and `.`");
    for (const ir::Body& body : op.body)
      check_body(op, body);
    op_ = &op;
    for (ir::Value result : op.results)
      define(result, "result");
    // Types are inferred only where every value exists.
    if (faults_.size() == before)
      check_types(op);
  }

  void check_types(const ir::Op& op) {
    std::string error;
    auto types = ops::infer(*function_, op, error);
    if (!types)
      return report(error);
    if (types->size() != op.results.size())
      return report("has " + std::to_string(op.results.size()) + " results, makes " + std::to_string(types->size()));
    for (size_t i = 0; i < types->size(); ++i)
      if (function_->type(op.results[i]) != (*types)[i])
        report("%" + function_->values[op.results[i]].name + " has type " + ir::print(function_->type(op.results[i])) +
               ", the operator gives " + ir::print((*types)[i]));
    if (op.opcode == ir::Opcode::constant)
      check_reference(op);
  }

  void check_reference(const ir::Op& op) {
    auto found = module_.constants.find(op.text("name"));
    if (found == module_.constants.end())
      report("the module has no data @" + op.text("name"));
    else if (found->second.type != function_->type(op.results[0]))
      report("data @" + op.text("name") + " has type " + ir::print(found->second.type));
  }

  // A body sees its parameters and nothing else. A scan's holds elementwise operators only, a loop's any.
  void check_body(const ir::Op& scan, const ir::Body& body) {
    if ((ir::info(scan.opcode).traits & ir::has_body) == 0)
      return report("takes no body");
    const bool elementwise = scan.opcode == ir::Opcode::scan;
    std::vector<bool> outside(visible_.size(), false);
    visible_.swap(outside);
    for (ir::Value parameter : body.parameters)
      define(parameter, "body's parameter");
    for (const ir::Op& op : body.ops) {
      op_ = &op;
      if (elementwise && (ir::info(op.opcode).traits & ir::elementwise) == 0)
        report("stands in a scan's body, where only elementwise operators may");
      else
        check_op(op);
    }
    op_ = &scan;
    check_operands(body.yields, "yield");
    visible_.swap(outside);
  }

  const ir::Module& module_;
  const ir::Function* function_ = nullptr;
  const ir::Op* op_ = nullptr;
  std::vector<bool> defined_; // anywhere in the function so far
  std::vector<bool> visible_; // and readable here
  std::set<std::string> names_;
  std::vector<std::string> faults_;
};

} // namespace

std::vector<std::string> verify(const ir::Module& module) {
  return Verifier(module).run();
}

} // namespace rvb::analysis
