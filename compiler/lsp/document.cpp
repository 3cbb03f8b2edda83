#include "lsp/document.h"

#include "host/paths.h"
#include "sema/check.h"
#include "syntax/parse.h"

#include <algorithm>

namespace rvb::lsp {

std::shared_ptr<const Analysis> analyse(const std::string& path, const std::string& text) {
  auto analysis = std::make_shared<Analysis>();
  analysis->file = analysis->sources.add(path, text);
  const sema::Options options{{}, stdlib_folder()};
  Diagnostics again, found; // check() reads the files once more, and reports what load() does
  analysis->modules = sema::load(analysis->sources, analysis->file, options, again);
  Sources sources; // of its own, with equal numbers: the trees above keep theirs
  analysis->program = sema::check(sources, sources.add(path, text), options, found);
  found.sort();
  const bool library = analysis->modules.parsed && analysis->modules.network == nullptr; // others import it
  for (const Diagnostic& each : found.items())
    if (!library || each.code != Code::one_network)
      analysis->diagnostics.push_back(each);
  return analysis;
}

void Document::change(std::string new_text) {
  text = std::move(new_text);
  now = analyse(path, text);
  if (now->modules.parsed)
    parsed = now;
}

namespace {

// Every name of a tree with what it is about.
class Names {
public:
  enum class Use { reads, sets, declares, calls, argument };
  struct Found {
    const ast::Name* name = nullptr; // null: of `text` and `range`
    std::string text;
    Range range;
    Use use = Use::reads;
    const ast::Expr* call = nullptr;  // of an argument
    const ast::Expr* value = nullptr; // of what is set
  };

  explicit Names(const ast::Item& item) {
    for (const ast::Parameter& parameter : item.parameters) {
      add(parameter.name, Use::declares);
      see(parameter.value.get());
    }
    for (const ast::ExprPtr* each : {&item.value, &item.choices, &item.shape, &item.input.steps, &item.input.condition})
      see(each->get());
    see(item.body);
  }
  const std::vector<Found>& all() const { return all_; }

private:
  void add(const ast::Name& name, Use use, const ast::Expr* call = nullptr, const ast::Expr* value = nullptr) {
    if (!name.empty())
      all_.push_back({&name, name.text, name.range, use, call, value});
  }

  void see(const ast::Expr* expression) {
    if (expression == nullptr)
      return;
    if (expression->kind == ast::Expr::Kind::name)
      all_.push_back({nullptr, expression->text, expression->range, Use::reads, nullptr, nullptr});
    add(expression->callee, Use::calls);
    for (const ast::Argument& argument : expression->arguments) {
      add(argument.name, Use::argument, expression);
      see(argument.value.get());
    }
    for (const ast::ExprPtr& operand : expression->operands)
      see(operand.get());
  }

  void see(const ast::Body& body) {
    for (const ast::Statement& statement : body.statements) {
      add(statement.name, Use::sets, nullptr, statement.value.get());
      see(statement.value.get());
      see(statement.end.get());
      for (const ast::Arm& arm : statement.arms) {
        see(arm.condition.get());
        see(arm.body);
      }
      see(statement.body);
    }
  }

  std::vector<Found> all_;
};

bool holds(Range range, int file, size_t offset) {
  return range.file == file && range.begin <= offset && offset <= range.end;
}

// Names that the item itself makes; arguments' names are those of what is called.
bool makes(const Names& names, const std::string& name) {
  return std::any_of(names.all().begin(), names.all().end(), [&](const Names::Found& each) {
    return each.text == name && (each.use == Names::Use::sets || each.use == Names::Use::declares);
  });
}

bool is_parameter(const ast::Item& item, const std::string& name) {
  return std::any_of(item.parameters.begin(), item.parameters.end(),
                     [&](const ast::Parameter& each) { return each.name.text == name; });
}

void add_local(const ast::Item& item, const std::string& name, Symbol& symbol) {
  symbol.local = true;
  symbol.item = &item;
  const Names names(item);
  for (const Names::Found& each : names.all()) {
    if (each.text != name || each.use == Names::Use::argument)
      continue;
    if (!symbol.declared.known() || (each.use == Names::Use::declares))
      symbol.declared = each.range;
    symbol.places.push_back(each.range);
  }
}

// Where a parameter is given by its name.
void add_arguments(const ast::File& tree, const ast::Item& of, const std::string& name, Symbol& symbol) {
  for (const ast::Item& item : tree.items) {
    const Names names(item);
    for (const Names::Found& each : names.all())
      if (each.use == Names::Use::argument && each.text == name && each.call->callee.text == of.name.text)
        symbol.places.push_back(each.range);
  }
}

// The file that an import names, among those that were read for it.
std::optional<Symbol> imported(const Analysis& analysis, const ast::Item& item) {
  const std::string quoted = item.value ? item.value->text : "";
  const std::string shown = item.value ? quoted.substr(1, quoted.size() - 2) : item.name.text + ".rvb";
  for (const ast::File& file : analysis.modules.files) {
    const std::string& path = analysis.sources[file.file].path;
    if (file.file != analysis.file && path.size() >= shown.size() &&
        path.compare(path.size() - shown.size(), shown.size(), shown) == 0)
      return Symbol{shown, {file.file, 0, 0}, false, true, &item, {}};
  }
  return std::nullopt;
}

std::optional<Symbol> global(const Analysis& analysis, const ast::File& tree, const std::string& name) {
  const auto definition = analysis.modules.names.find(name);
  const ast::Item* item = definition == analysis.modules.names.end() ? nullptr : definition->second.item;
  if (item == nullptr)
    return std::nullopt;
  Symbol symbol{name, item->name.range, false, false, item, {}};
  for (const ast::Item& each : tree.items) {
    if (each.kind != ast::Item::Kind::import && each.name.text == name)
      symbol.places.push_back(each.name.range);
    const Names names(each);
    const bool hidden = makes(names, name);
    for (const Names::Found& found : names.all())
      if (found.text == name && found.use != Names::Use::argument && (!hidden || found.use == Names::Use::calls))
        symbol.places.push_back(found.range);
  }
  return symbol;
}

} // namespace

std::optional<Symbol> symbol_at(const Analysis& analysis, size_t offset) {
  if (analysis.modules.files.empty())
    return std::nullopt;
  const ast::File& tree = analysis.modules.files.front();
  size_t begin = 0;
  const std::string word = word_at(analysis.sources[analysis.file].text, offset, begin);
  for (const ast::Item& item : tree.items) {
    if (!holds(item.range, tree.file, offset))
      continue;
    if (item.kind == ast::Item::Kind::import)
      return imported(analysis, item);
    const Names names(item);
    for (const Names::Found& each : names.all()) {
      if (!holds(each.range, tree.file, offset))
        continue;
      if (each.use == Names::Use::argument) {
        const auto called = analysis.modules.names.find(each.call->callee.text);
        if (called == analysis.modules.names.end() || called->second.item == nullptr ||
            !is_parameter(*called->second.item, each.text))
          return std::nullopt;
        Symbol symbol{each.text, {}, true, false, nullptr, {}};
        add_local(*called->second.item, each.text, symbol);
        add_arguments(tree, *called->second.item, each.text, symbol);
        return symbol;
      }
      if (each.use != Names::Use::calls && makes(names, each.text)) {
        if (item.kind == ast::Item::Kind::recipe)
          return std::nullopt; // its settings are the language's
        Symbol symbol{each.text, {}, true, false, nullptr, {}};
        add_local(item, each.text, symbol);
        if (is_parameter(item, each.text))
          add_arguments(tree, item, each.text, symbol);
        return symbol;
      }
      return global(analysis, tree, each.text);
    }
    if (holds(item.name.range, tree.file, offset))
      return global(analysis, tree, item.name.text);
  }
  return std::nullopt;
}

std::vector<const sema::Layer*> layers_at(const Analysis& analysis, size_t offset) {
  std::vector<const sema::Layer*> found;
  uint32_t closest = UINT32_MAX;
  if (!analysis.program)
    return found;
  for (const sema::Layer& layer : analysis.program->layers) {
    if (!holds(layer.range, analysis.file, offset) || layer.range.end - layer.range.begin > closest)
      continue;
    if (layer.range.end - layer.range.begin < closest)
      found.clear();
    closest = layer.range.end - layer.range.begin;
    found.push_back(&layer);
  }
  return found;
}

std::vector<const sema::Layer*> layers_of_variable(const Analysis& analysis, const Symbol& symbol, size_t offset) {
  const ast::Expr* value = nullptr;
  const Names names(*symbol.item);
  for (const Names::Found& each : names.all())
    if (each.use == Names::Use::sets && each.text == symbol.name && each.value != nullptr &&
        each.range.begin <= offset && !holds(each.value->range, each.range.file, offset))
      value = each.value;
  std::vector<const sema::Layer*> found;
  if (!analysis.program)
    return found;
  if (value == nullptr) { // the network's input
    if (symbol.item->kind == ast::Item::Kind::network && is_parameter(*symbol.item, symbol.name))
      found.push_back(analysis.program->layers.data());
    return found;
  }
  if (value->kind == ast::Expr::Kind::pipeline)
    value = value->operands.back().get();
  for (const sema::Layer& layer : analysis.program->layers)
    if (layer.range.file == value->range.file && layer.range.end == value->range.end &&
        layer.range.begin >= value->range.begin)
      found.push_back(&layer);
  return found;
}

std::string shapes_text(const std::vector<const sema::Layer*>& layers) {
  constexpr size_t most = 8;
  std::string text;
  for (size_t i = 0; i < layers.size() && i < most; ++i) {
    const sema::Layer& layer = *layers[i];
    text += (layer.path.empty() ? layer.label : layer.path) + ": " + layers::text_of(layer.tensor()) + "\n";
  }
  if (layers.size() > most)
    text += "and " + std::to_string(layers.size() - most) + " more\n";
  return text;
}

} // namespace rvb::lsp
