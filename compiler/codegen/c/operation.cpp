#include "codegen/c/operation.h"

#include "support/result.h"

namespace rvb::codegen::c {

std::string Operation::parameter(const Argument& argument, const std::string& type) {
  std::string name;
  switch (argument.kind) {
  case Argument::Kind::value: name = fmt::format("v{}", arguments.size()); break;
  case Argument::Kind::tables: name = "tables"; break;
  case Argument::Kind::sums: name = "sums"; break;
  case Argument::Kind::states: name = fmt::format("states{}", arguments.size()); break;
  }
  parameters_ += fmt::format("{}{} {}", arguments.empty() ? "" : ", ", type, name);
  arguments.push_back(argument);
  return name;
}

std::string Operation::read(const ir::Operand& operand) {
  std::string& name = names_[operand.value];
  if (name.empty())
    name =
        parameter({Argument::Kind::value, operand.value}, fmt::format("const {}*", type_name(type(operand).element)));
  return name;
}

std::string Operation::write(ir::Value value) {
  std::string& name = names_[value];
  if (name.empty())
    name = parameter({Argument::Kind::value, value}, fmt::format("{}*", type_name(function.type(value).element)));
  return name;
}

std::string Operation::scratch(Argument::Kind kind, const std::string& type) {
  return parameter({kind, ir::no_value}, type + "*");
}

std::string Operation::finish(const std::string& hint) {
  return writer.function(hint, fmt::format("static void @({}) {{\n{}}}\n", parameters_, body.text()));
}

void Operation::refuse(const std::string& why) const {
  throw Failure(Exit::user, fmt::format("--emit=c: `{}` of layer `{}` has no C form{}{}", ir::info(op.opcode).name,
                                        op.layer.empty() ? "?" : op.layer, why.empty() ? "" : ": ", why));
}

Emit find_emit(ir::Opcode opcode) {
  static const std::map<ir::Opcode, Emit> table = {
#define RVB_C(operator) {ir::Opcode::operator, emits::operator},
#include "codegen/c/operators.def"
#undef RVB_C
  };
  if ((ir::info(opcode).traits & ir::elementwise) != 0)
    return emit_elementwise;
  const auto row = table.find(opcode);
  return row == table.end() ? nullptr : row->second;
}

} // namespace rvb::codegen::c
