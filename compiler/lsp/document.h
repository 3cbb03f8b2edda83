// A text that is open in the editor, and what the compiler finds in it.
#pragma once

#include "lsp/places.h"
#include "sema/modules.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rvb::lsp {

// One state of the text. Imports are read from disk.
struct Analysis {
  Sources sources;
  int file = 0;
  std::vector<Diagnostic> diagnostics;
  sema::Modules modules;                // with the trees; `parsed` says whether they are whole
  std::optional<sema::Program> program; // of a network without mistakes
};

std::shared_ptr<const Analysis> analyse(const std::string& path, const std::string& text);

struct Document {
  std::string uri, path, text;
  std::shared_ptr<const Analysis> now;    // of `text`
  std::shared_ptr<const Analysis> parsed; // the last one that followed the grammar; null: none has yet

  void change(std::string new_text);
};

// A name of the text that is one thing: where it was made, and every place of this file that it stands at.
struct Symbol {
  std::string name;
  Range declared;                  // known() where it is defined in a text
  bool local = false;              // a parameter or variable of one item
  bool file = false;               // the name of an import: `declared` is the beginning of that file
  const ast::Item* item = nullptr; // what a global name defines; of a local one, the item it is in
  std::vector<Range> places;       // of this file
};
std::optional<Symbol> symbol_at(const Analysis& analysis, size_t offset);

// The layers that the program has of an expression that spans exactly or contains [begin, end) most closely: several
// where a block is called several times.
std::vector<const sema::Layer*> layers_at(const Analysis& analysis, size_t offset);
// What a variable holds where it stands: the layers of what it was last set to before.
std::vector<const sema::Layer*> layers_of_variable(const Analysis& analysis, const Symbol& symbol, size_t offset);

std::string shapes_text(const std::vector<const sema::Layer*>& layers);

} // namespace rvb::lsp
