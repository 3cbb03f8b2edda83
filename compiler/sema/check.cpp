#include "sema/check.h"

#include "sema/elaborate.h"
#include "support/fnv.h"
#include "support/text.h"
#include "syntax/parse.h"

#include <algorithm>
#include <cctype>

namespace rvb::sema {

namespace {

bool is_name(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

// The values of -D, each an expression of its own. Their texts become sources, so that mistakes can be shown.
std::map<std::string, Value> read_defines(Sources& sources, const Options& options, Elaborator& elaborator,
                                          const Modules& modules, Diagnostics& diagnostics) {
  std::map<std::string, Value> values;
  std::vector<std::string> params;
  for (const ast::Item* item : modules.values)
    if (item->kind == ast::Item::Kind::param)
      params.push_back(item->name.text);
  for (const auto& [name, text] : options.defines) {
    const int file = sources.add("-D " + name, text);
    const Range whole = {file, 0, static_cast<uint32_t>(text.size())};
    const ast::Item* declared = nullptr;
    for (const ast::Item* item : modules.values)
      if (item->kind == ast::Item::Kind::param && item->name.text == name)
        declared = item;
    if (declared == nullptr) {
      Diagnostic& diagnostic = elaborator.report(Code::unknown_param, whole, "the model has no param " + ticked(name),
                                                 "given on the command line");
      const std::string near = diagnostics.near(name, params);
      if (!near.empty())
        diagnostic.help("did you mean " + ticked(near) + "?");
      std::string all;
      for (const std::string& param : params)
        all += (all.empty() ? "" : ", ") + param;
      diagnostic.note(all.empty() ? "it has no params at all" : "its params are: " + printable(all, 300));
      continue;
    }
    if (declared->value->kind == ast::Expr::Kind::string &&
        is_name(text)) { // -D variant=vanilla: quotes go without saying
      values[name] = Value::of_string(text);
      continue;
    }
    Scope scope;
    scope.command_line = true;
    const ast::ExprPtr expression = syntax::parse_expression(sources, file, diagnostics);
    values[name] = expression ? elaborator.evaluate(*expression, scope) : Value();
  }
  return values;
}

} // namespace

std::optional<Program> check(Sources& sources, int file, const Options& options, Diagnostics& diagnostics) {
  const int first_import = sources.size();
  Diagnostics found;
  Modules modules = load(sources, file, options, found);
  uint64_t hash = fnv_start;
  auto add = [&](const std::string& text) { hash = fnv(text + std::to_string(text.size()) + ';', hash); }; // in pieces
  add(sources[file].text);
  for (int i = first_import; i < sources.size(); ++i)
    add(sources[i].text);
  for (const auto& [name, text] : options.defines) {
    add(name);
    add(text);
  }
  std::optional<Program> program;
  if (modules.parsed) {
    Elaborator elaborator(sources, modules, found);
    elaborator.evaluate_values(read_defines(sources, options, elaborator, modules, found));
    program = elaborator.run();
  }
  found.sort();
  diagnostics.take(found);
  if (!program || found.has_errors())
    return std::nullopt;
  program->source_hash = hex_digits(hash);
  return program;
}

} // namespace rvb::sema
