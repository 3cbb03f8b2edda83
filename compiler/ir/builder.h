// Appends operations to a function (or to a scan's body) and gives back their results. Result types come from the
// caller of `build` or, through ops::infer, from `Builder::typer`, so that ir does not depend on ops.
#pragma once

#include "ir/ir.h"

#include <functional>
#include <optional>

namespace rvb::ir {

class Builder {
public:
  using Typer = std::optional<std::vector<Type>> (*)(const Function&, const Op&, std::string& error);

  // Appends to `ops`, which is function.ops or the ops of a body of it. Throws std::logic_error when the typer refuses:
  // that is a bug in the compiler, never a user's mistake.
  Builder(Function& function, std::vector<Op>& ops, Typer typer) : function_(function), ops_(&ops), typer_(typer) {}

  Function& function() { return function_; }
  std::vector<Op>& ops() { return *ops_; }

  // From now on operations go to the end of `ops`; gives where they went before.
  std::vector<Op>* redirect(std::vector<Op>* ops) {
    std::swap(ops_, ops);
    return ops;
  }

  // The layer path that every operation appended from now on carries.
  void set_layer(std::string layer) { layer_ = std::move(layer); }

  // An operation with one result.
  Value build(Opcode opcode, std::vector<Operand> operands, Attributes attributes = {}, const std::string& hint = "");
  // With several results.
  std::vector<Value> build_many(Opcode opcode, std::vector<Operand> operands, Attributes attributes = {},
                                const std::vector<std::string>& hints = {});
  // A finished scan (body included); results are typed and added.
  std::vector<Value> build_scan(Op scan, const std::vector<std::string>& hints = {});

  // The contents of the module's constant `name`; the type is the caller's word, which verify holds against the module.
  Value constant(const std::string& name, Type type, const std::string& hint = "");

  Type type_of(const Operand& operand) const; // f32[] for a literal

private:
  std::vector<Value> append(Op op, const std::vector<std::string>& hints);

  Function& function_;
  std::vector<Op>* ops_;
  Typer typer_;
  std::string layer_;
};

} // namespace rvb::ir
