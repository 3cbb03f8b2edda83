// What is said about a token that the grammar does not allow where it stands: above all, what to write instead.
#include "support/text.h"
#include "syntax/state.h"

#include <algorithm>
#include <map>
#include <set>

namespace rvb::syntax {

using Kind = Parser::token;

namespace {

// The tokens that begin an expression, where all of them are expected, as one word.
std::vector<std::string> with_expressions(const std::vector<std::string>& expected) {
  if (std::find(expected.begin(), expected.end(), "an integer") == expected.end())
    return expected;
  const std::set<std::string> beginnings = {"a name",  "an integer", "a number", "a string", "`true`",
                                            "`false`", "`-`",        "`not`",    "`[`",      "`(`"};
  std::vector<std::string> names = {"an expression"};
  for (const std::string& name : expected)
    if (beginnings.count(name) == 0)
      names.push_back(name);
  return names;
}

// What to write instead of a keyword of other languages; null for all other words.
const char* other_languages_word(std::string_view word) {
  static const std::map<std::string_view, const char*> words = {
      {"for", "write `repeat i in 0..3 { ... }`"},
      {"while", "write `repeat i in 0..3 { ... }`"},
      {"elif", "write `else if`"},
      {"def", "write `block Name(x) { ... }`"},
      {"fn", "write `block Name(x) { ... }`"},
      {"func", "write `block Name(x) { ... }`"},
      {"class", "write `block Name(x) { ... }` or `network Name(...) { ... }`"},
      {"from", "write `import neurons`: all of a file is imported"},
      {"Network", "write `network`"},
  };
  const auto found = words.find(word);
  return found == words.end() ? nullptr : found->second;
}

} // namespace

void State::report_unexpected(Range where, const std::string& found, size_t offending,
                              const std::vector<std::string>& all_expected) {
  const std::vector<std::string> expected = with_expressions(all_expected);
  const auto text = [&](const Range& range) { return text_.substr(range.begin, range.end - range.begin); };
  const auto wanted = [&](const char* name) {
    return std::find(expected.begin(), expected.end(), name) != expected.end();
  };
  const Token* before = offending > 0 ? &tokens_[offending - 1] : nullptr;
  if (before != nullptr && before->kind != Kind::TOK_NAME)
    before = nullptr;
  // A word of another language, and what stands after it is no surprise.
  for (const size_t at : {before != nullptr ? offending - 1 : offending, offending}) {
    const bool begins = tokens_[at].starts_line || (at > 0 && tokens_[at - 1].kind == Kind::TOK_CLOSE_BRACE);
    const Range range = tokens_[at].range;
    if (const char* help = begins ? other_languages_word(text(range)) : nullptr; help != nullptr) {
      diagnostics_
          .report(Code::unexpected_token, range, "unexpected " + ticked(text(range)), "not a word of the language")
          .help(help);
      return;
    }
  }
  if (before != nullptr && before->starts_line && expected.size() == 1 && wanted("`=`") &&
      (tokens_[offending].starts_line || found == "`}`")) {
    diagnostics_.report(Code::unexpected_token, before->range, ticked(text(before->range)) + " alone is no statement",
                        "expected " + ticked(printable(text(before->range), 40) + " = ...") + " or `return ...`");
    return;
  }
  std::string message = "unexpected ";
  const bool spelled = found == "a name" || found == "an integer" || found == "a number" || found == "a string";
  message += spelled ? ticked(text(where)) : found;
  std::string label;
  if (!expected.empty() && expected.size() <= 4) { // more mean "nearly anything", which helps nobody
    label = "expected ";
    for (size_t i = 0; i < expected.size(); ++i)
      label += (i == 0 ? "" : i + 1 == expected.size() ? " or " : ", ") + expected[i];
  }
  Diagnostic& diagnostic = diagnostics_.report(Code::unexpected_token, where, message, label);
  const Token& token = tokens_[offending];
  const auto followed_by = [&](int kind) {
    return offending + 1 < tokens_.size() && tokens_[offending + 1].kind == kind;
  };
  const auto behind = [&](int kind) { return offending > 0 && tokens_[offending - 1].kind == kind; };
  if (behind(Kind::TOK_IMPORT) && starts_item(token.kind)) // `neuron` is a keyword
    diagnostic.help(token.kind == Kind::TOK_NEURON || token.kind == Kind::TOK_BLOCK
                        ? "did you mean " + ticked("import " + std::string(text(where)) + "s") + "?"
                        : "a file with such a name is imported in quotes");
  else if (found == "`*`" && behind(Kind::TOK_TIMES))
    diagnostic.help("there is no power: write `x * x`");
  else if (spelled && token.brackets > 0 && wanted("`,`"))
    diagnostic.help("is a comma missing before it?");
  else if (found == "a name" && token.braces == 0 && wanted("`recipe`") && followed_by(Kind::TOK_OPEN_BRACE))
    diagnostic.help("how a network is trained stands in `recipe { ... }`");
  else if (token.braces > 0 && (found == "`let`" || found == "`param`"))
    diagnostic.help("in a body a name gets its value without a keyword: `k = 3`");
  else if (token.braces > 0 && starts_item(token.kind))
    diagnostic.help(found + " stands outside of all braces");
  else if (found == "a name" && token.braces == 0 && wanted("`param`") && followed_by(Kind::TOK_ASSIGN))
    diagnostic.help("write `param " + printable(text(where), 40) + " = ...`, or `let` for what no -D may change");
  else if ((found == "`+`" || found == "`-`" || found == "`*`" || found == "`/`") && wanted("`|>`"))
    diagnostic.help("put the pipeline in parentheses; tensors are added by `|> add(x)`, too");
  else if (found == "`|>`" && !wanted("a name") && !wanted("an expression"))
    diagnostic.help("put the pipeline in parentheses");
  else if (found == "`=`" && wanted("`==`"))
    diagnostic.help("`==` compares");
  else if (found == "`:`" && wanted("`{`"))
    diagnostic.help("a body stands in braces: `{ ... }`");
  else if (found == "`:`" && before != nullptr && token.brackets > 0)
    diagnostic.help("arguments are given with `=`");
  else if (found == "`,`" && wanted("`)`"))
    diagnostic.help("a list stands in square brackets: `[3, 3]`");
  else if (found == "`repeat`" && wanted("`repeated`"))
    diagnostic.help("did you mean `repeated`?");
  else if (wanted("`..`") ||
           (found == "an integer" && offending > 0 && tokens_[offending - 1].kind == Kind::TOK_REPEAT))
    diagnostic.help("write `repeat i in 0..3 { ... }`");
  else if (found == "`if`" && wanted("an expression"))
    diagnostic.help("write `condition ? a : b`");
}

} // namespace rvb::syntax
