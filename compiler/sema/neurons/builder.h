// The work of reading a neuron's definition; spread over neuron.cpp (statements), terms.cpp (expressions) and
// functions.cpp.
#pragma once

#include "sema/elaborate.h"
#include "sema/neurons/term.h"

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
  // What names mean: parameters that are numbers for good, and locals.
  struct Names {
    Scope scope;
    std::map<std::string, int> locals;
    std::vector<std::pair<std::string, Term>> gradients; // of a function
  };

  Term fail(Code code, Range where, const std::string& message, const std::string& label);
  int add_local(const std::string& name, Type type);
  void take(const ast::Statement& statement);
  void assign(const ast::Statement& statement);
  void state(const ast::Statement& statement);
  void trained(const ast::Statement& statement);
  void emit(const ast::Statement& statement);

  // terms.cpp: from expressions to terms over numbered locals.
  Term operation(const char* name, Type type, std::vector<Term> operands, Range range);
  Term translate(const ast::Expr& expr);
  Term translated(const ast::Expr& expr);
  Term name(const ast::Expr& expr);
  bool all(const std::vector<Term>& operands, Type wanted, const ast::Expr& expr, const std::string& what);
  Term unary(const ast::Expr& expr);
  Term binary(const ast::Expr& expr);
  Term conditional(const ast::Expr& expr);
  Term call(const ast::Expr& expr);

  // functions.cpp: calls of a program's functions.
  Term call_function(const ast::Item& item, const ast::Expr& expr);
  bool enter(const ast::Item& item, const ast::Expr& expr, Names& inside);
  int keep(const std::string& name, Term term);
  Term local(int index) const;
  std::optional<Term> run(const ast::Item& item);
  Term with_gradients(Term result, const ast::Item& item, Range range);

  static const ast::Expr& argument(const ast::Expr& expr, const Bound& bound, size_t slot);
  void step_options(const ast::Expr& expr, const Bound& bound, Expression& step);

  Elaborator& e_;
  const ast::Item& item_;
  Neuron neuron_;
  Names names_;
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
