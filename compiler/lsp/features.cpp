#include "lsp/features.h"

#include "layers/layer.h"
#include "lsp/words.h"
#include "sema/builtins.h"
#include "support/render.h"
#include "syntax/print.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace rvb::lsp {

namespace {

Json location(const Sources& sources, const Document& document, Range range) {
  const SourceFile& file = sources[range.file];
  return {{"uri", file.path == document.path ? document.uri : uri_of(file.path)},
          {"range", range_at(file.text, range.begin, range.end)}};
}

// What stands before the body of a definition, with the comment above it.
std::string heading(const Sources& sources, const ast::Item& item) {
  const std::string& text = sources[item.range.file].text;
  size_t end = item.range.end;
  const bool body = item.body.range.known() && item.body.range.begin > item.range.begin;
  if (body)
    end = item.body.range.begin;
  std::string head = text.substr(item.range.begin, end - item.range.begin);
  head.erase(head.find_last_not_of(" \n\t{") + 1);
  std::string comment;
  for (size_t at = item.range.begin; at > 0;) { // lines of a comment, from the last one up
    const size_t line = text.rfind('\n', at >= 2 ? at - 2 : 0);
    const size_t begin = line == std::string::npos || at < 2 ? 0 : line + 1;
    if (begin >= at || text.compare(begin, 2, "//") != 0)
      break;
    const size_t words = std::min(text.find_first_not_of("/ ", begin), at - 1);
    comment = text.substr(words, at - words) + comment;
    at = begin;
  }
  return "```rvb\n" + head + "\n```\n" + comment;
}

Json markdown(const std::string& text) {
  return {{"contents", {{"kind", "markdown"}, {"value", text}}}};
}

std::string shapes_block(const std::vector<const sema::Layer*>& layers) {
  return layers.empty() ? "" : "```\n" + shapes_text(layers) + "```\n";
}

bool is_name(const std::string& word) {
  return !word.empty() && word.size() <= 100 && std::isdigit(static_cast<unsigned char>(word[0])) == 0 &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }) &&
         std::find(keywords().begin(), keywords().end(), word) == keywords().end();
}

// The names in a text that may not be whole, comments left out.
std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "//") == 0) {
      at = std::min(text.size(), text.find('\n', at));
      continue;
    }
    size_t begin = 0;
    const std::string word = word_at(text, at, begin);
    if (begin == at && is_name(word))
      names.insert(word);
    at = begin == at && !word.empty() ? at + word.size() : at + 1;
  }
  return names;
}

} // namespace

Json diagnostics_of(const Document& document) {
  const Analysis& analysis = *document.now;
  Json list = Json::array();
  for (const Diagnostic& each : analysis.diagnostics) {
    std::string message = each.message;
    if (!each.primary.text.empty())
      message += ": " + each.primary.text;
    for (const std::string& note : each.notes)
      message += "\nnote: " + note;
    for (const std::string& help : each.helps)
      message += "\nhelp: " + help;
    Json related = Json::array();
    const auto relate = [&](const Label& label) {
      if (label.range.known())
        related.push_back({{"location", location(analysis.sources, document, label.range)}, {"message", label.text}});
    };
    const bool here = each.primary.range.file == analysis.file;
    if (!here)
      relate({each.primary.range, each.message});
    std::for_each(each.secondary.begin(), each.secondary.end(), relate);
    const Range range = here ? each.primary.range : Range{analysis.file, 0, 0};
    Json row = {{"range", range_at(document.text, range.begin, range.end)},
                {"severity", each.severity == Severity::error     ? 1
                             : each.severity == Severity::warning ? 2
                                                                  : 3},
                {"code", code_text(each.code)},
                {"source", "rvbc"},
                {"message", message}};
    if (!related.empty())
      row["relatedInformation"] = std::move(related);
    list.push_back(std::move(row));
  }
  return list;
}

Json hover(const Document& document, size_t offset) {
  size_t begin = 0;
  const std::string word = word_at(document.text, offset, begin);
  const Analysis& analysis = *document.now;
  if (word.empty())
    return nullptr;
  const std::optional<Symbol> symbol = symbol_at(analysis, offset);
  if (symbol && symbol->local && symbol->item != nullptr) {
    const std::string shapes = shapes_block(layers_of_variable(analysis, *symbol, offset));
    return shapes.empty() ? Json(nullptr) : markdown(shapes);
  }
  const std::vector<const sema::Layer*> made = layers_at(analysis, offset);
  if (symbol && symbol->item != nullptr && !symbol->file)
    return markdown(heading(analysis.sources, *symbol->item) +
                    (symbol->item->kind == ast::Item::Kind::neuron ? shapes_block(made) : ""));
  const std::string text = manual_of(word);
  if (!text.empty() || !made.empty())
    return markdown(text + shapes_block(made));
  return nullptr;
}

Json completion(const Document& document, size_t offset) {
  enum Kind { function = 3, variable = 6, module = 9, keyword = 14, text = 1 };
  Json items = Json::array();
  std::set<std::string> seen;
  const auto add = [&](const std::string& label, int kind, const std::string& detail = "") {
    if (!seen.insert(label).second)
      return;
    items.push_back({{"label", label}, {"kind", kind}});
    if (!detail.empty())
      items.back()["detail"] = detail;
  };
  const std::string before = document.text.substr(0, offset);
  const std::string line = before.substr(before.rfind('\n') + 1);
  if (line.compare(0, 7, "import ") == 0) {
    for (const std::string& each : library_names())
      add(each, module);
    return items;
  }
  for (const std::string& each : layer_names())
    add(each, function, signature(each));
  if (document.parsed)
    for (const auto& [name, definition] : document.parsed->modules.names)
      if (definition.item != nullptr)
        add(name, definition.item->kind == ast::Item::Kind::param || definition.item->kind == ast::Item::Kind::let
                      ? variable
                      : function);
  for (const std::string& each : function_names())
    add(each, function);
  for (const char* each : {"real", "binary", "ternary", "alpha"})
    add(each, variable);
  for (const std::string& each : keywords())
    add(each, keyword);
  size_t begin = 0;
  word_at(document.text, offset, begin); // what is being typed is no name yet
  for (const std::string& each : names_in(document.text.substr(0, begin)))
    add(each, text);
  return items;
}

Json definition(const Document& document, size_t offset) {
  const std::optional<Symbol> symbol = symbol_at(*document.now, offset);
  if (!symbol || !symbol->declared.known())
    return nullptr;
  return location(document.now->sources, document, symbol->declared);
}

namespace {

Symbol renamable(const Document& document, size_t offset) {
  const std::optional<Symbol> symbol = symbol_at(*document.now, offset);
  if (!symbol || symbol->file || symbol->places.empty())
    throw Refused("this is no name of the text");
  if (symbol->declared.file != document.now->file)
    throw Refused("`" + symbol->name + "` is defined in " + document.now->sources[symbol->declared.file].path +
                  ": rename it there");
  return *symbol;
}

std::string applied(const std::string& text, std::vector<Range>& places, const std::string& name) {
  std::sort(places.begin(), places.end(), [](Range a, Range b) { return a.begin < b.begin; });
  places.erase(std::unique(places.begin(), places.end(), [](Range a, Range b) { return a.begin == b.begin; }),
               places.end());
  std::string changed;
  size_t at = 0;
  for (const Range& place : places) {
    changed += text.substr(at, place.begin - at) + name;
    at = place.end;
  }
  return changed + text.substr(at);
}

// The same network: equal layers, but for the names that are written into paths.
bool same(const Analysis& a, const Analysis& b) {
  if (a.diagnostics.size() != b.diagnostics.size() || a.program.has_value() != b.program.has_value())
    return false;
  if (!a.program)
    return true;
  const auto& left = a.program->layers;
  const auto& right = b.program->layers;
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](const sema::Layer& x, const sema::Layer& y) {
           return x.row == y.row && x.inputs == y.inputs && x.tensor() == y.tensor();
         });
}

} // namespace

Json prepare_rename(const Document& document, size_t offset) {
  const Symbol symbol = renamable(document, offset);
  size_t begin = 0;
  const std::string word = word_at(document.text, offset, begin);
  return {{"range", range_at(document.text, begin, begin + word.size())}, {"placeholder", symbol.name}};
}

Json rename(const Document& document, size_t offset, const std::string& name) {
  Symbol symbol = renamable(document, offset);
  if (!is_name(name) || sema::is_built_in(name))
    throw Refused("`" + name.substr(0, 100) + "` cannot be a name here");
  if (name != symbol.name && !same(*document.now, *analyse(document.path, applied(document.text, symbol.places, name))))
    throw Refused("with `" + name + "` it would be another program: the name is in use");
  Json edits = Json::array();
  for (const Range& place : symbol.places)
    edits.push_back({{"range", range_at(document.text, place.begin, place.end)}, {"newText", name}});
  Json changes = Json::object();
  changes[document.uri] = std::move(edits);
  return {{"changes", std::move(changes)}};
}

Json formatting(const Document& document) {
  if (!document.now->modules.parsed || document.now->modules.files.empty())
    return nullptr; // a text with mistakes stays as it is
  const std::string text = syntax::format(document.now->sources, document.now->modules.files.front());
  if (text == document.text)
    return Json::array();
  return Json::array({{{"range", range_at(document.text, 0, document.text.size())}, {"newText", text}}});
}

} // namespace rvb::lsp
