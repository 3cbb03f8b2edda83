// The work of reading a neuron's definition; spread over neuron.cpp (statements) and neuron_terms.cpp (expressions).
#pragma once

#include "sema/elaborate.h"
#include "sema/term.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rvb::sema {

class NeuronBuilder {
public:
  NeuronBuilder(Elaborator& elaborator, const ast::Item& item) : e_(elaborator), item_(item) {}
  std::optional<Neuron> build(const std::vector<Value>& arguments);

private:
  Term fail(Code code, Range where, const std::string& message, const std::string& label);
  int add_local(const std::string& name, Type type);
  void take(const ast::Statement& statement);
  void state(const ast::Statement& statement);
  void trained(const ast::Statement& statement);
  void emit(const ast::Statement& statement);

  // neuron_terms.cpp: from expressions to terms over numbered locals.
  Term operation(const char* name, Type type, std::vector<Term> operands, Range range);
  Term translate(const ast::Expr& expr);
  Term translated(const ast::Expr& expr);
  Term name(const ast::Expr& expr);
  bool all(const std::vector<Term>& operands, Type wanted, const ast::Expr& expr, const std::string& what);
  Term unary(const ast::Expr& expr);
  Term binary(const ast::Expr& expr);
  Term conditional(const ast::Expr& expr);
  Term call(const ast::Expr& expr);
  static const ast::Expr& argument(const ast::Expr& expr, const Bound& bound, size_t slot);
  void step_options(const ast::Expr& expr, const Bound& bound, Expression& step);

  Elaborator& e_;
  const ast::Item& item_;
  Neuron neuron_;
  Scope scope_; // the parameters
  std::map<std::string, int> locals_;
  std::vector<Type> types_; // one a local
  struct Known {
    std::optional<double> number;
    std::optional<bool> truth;
  };
  std::vector<Known> known_; // constants, one a local
  size_t nodes_ = 0;
  int emits_ = 0;
  bool ok_ = true;
};

} // namespace rvb::sema
