// A tuple's elements are computed before any of them is stored.
//
// Halide stores one after the other and computes each when it is its turn, which is right as long as no two places of
// the tuple share memory. Final states of a scan do (see scan.cpp): a state would read another that is a step ahead.
// After lowering, this mutator turns every straight line of
//
//   let i = ...                          let i = ...
//   a[i] = f(a[i], b[i])        into     let v = f(a[i], b[i])
//   b[i] = g(a[i], b[i])                 let w = g(a[i], b[i])
//                                        a[i] = v
//                                        b[i] = w
//
// so a line must hold one tuple and no loop that it reads from: what stores several tuples (an unrolled loop) must not
// be given to it.
#pragma once

#include "kernels/kernel.h"

#include <set>

namespace rvb::kernels {

class StoreTogether : public Halide::Internal::IRMutator {
  using Stmt = Halide::Internal::Stmt;

  struct Line {
    std::vector<std::pair<std::string, Halide::Expr>> lets;
    std::vector<Stmt> stores;
    std::set<std::string> names; // of the lets: what is stored after all of them must not see another of its name
  };

  void add(const Stmt& stmt, Line& line) {
    namespace internal = Halide::Internal;
    if (const auto* block = stmt.as<internal::Block>()) {
      add(block->first, line);
      add(block->rest, line);
    } else if (const auto* let = stmt.as<internal::LetStmt>()) {
      const bool taken = !line.names.insert(let->name).second;
      const std::string name = taken ? internal::unique_name(let->name) : let->name;
      line.lets.emplace_back(name, let->value);
      add(taken ? internal::substitute(let->name, internal::Variable::make(let->value.type(), name), let->body)
                : let->body,
          line);
    } else if (const auto* store = stmt.as<internal::Store>()) {
      const std::string name = internal::unique_name("stored");
      line.lets.emplace_back(name, store->value);
      line.stores.push_back(internal::Store::make(store->name, internal::Variable::make(store->value.type(), name),
                                                  store->index, store->param, store->predicate, store->alignment));
    } else {
      line.stores.push_back(mutate(stmt));
    }
  }
  Stmt together(const Stmt& stmt) {
    Line line;
    add(stmt, line);
    Stmt result = Halide::Internal::Block::make(line.stores);
    for (size_t i = line.lets.size(); i-- > 0;)
      result = Halide::Internal::LetStmt::make(line.lets[i].first, line.lets[i].second, result);
    return result;
  }

  static bool stores(const Stmt& stmt) { // in its own line, not in a loop of it
    namespace internal = Halide::Internal;
    if (const auto* block = stmt.as<internal::Block>())
      return stores(block->first) || stores(block->rest);
    if (const auto* let = stmt.as<internal::LetStmt>())
      return stores(let->body);
    return stmt.as<internal::Store>() != nullptr;
  }

  using IRMutator::visit;
  Stmt visit(const Halide::Internal::Block* block) override {
    return stores(block) ? together(block) : IRMutator::visit(block);
  }
  Stmt visit(const Halide::Internal::LetStmt* let) override {
    return stores(let) ? together(let) : IRMutator::visit(let);
  }
};

} // namespace rvb::kernels
