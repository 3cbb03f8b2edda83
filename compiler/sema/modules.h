// The files of a model: the main one and what it imports, parsed, with their definitions in one table of names.
#pragma once

#include "sema/check.h"
#include "sema/value.h"

#include <deque>
#include <map>

namespace rvb::sema {

struct Definition {
  const ast::Item* item = nullptr; // param, let, block or neuron
  Value value;                     // of param and let, once `evaluated`
  bool evaluated = false;
};

struct Modules {
  std::deque<ast::File> files;          // owns the trees
  std::vector<const ast::Item*> values; // params and lets, imported ones first
  std::map<std::string, Definition> names;
  const ast::Item* network = nullptr;
  const ast::Item* recipe = nullptr;
  bool parsed = false; // every file was read and follows the grammar
};

Modules load(Sources& sources, int file, const Options& options, Diagnostics& diagnostics);

} // namespace rvb::sema
