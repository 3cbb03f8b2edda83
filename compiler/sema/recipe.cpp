// The recipe: settings of training that the compiled program takes as its defaults.
#include "sema/elaborate.h"
#include "sema/elsewhere.h"
#include "support/text.h"

#include <algorithm>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

class RecipeReader {
public:
  RecipeReader(Elaborator& elaborator, Recipe& recipe, const Input& input)
      : e_(elaborator), recipe_(recipe), input_(input.shape), sequence_(input.sequence) {}

  void run(const ast::Item& item) {
    std::map<std::string, Range> seen;
    for (const ast::Statement& statement : item.body.statements) {
      if (statement.kind != ast::Statement::Kind::assign) {
        e_.report(Code::misplaced_statement, statement.range, "a recipe holds settings only", "not `name = value`");
        continue;
      }
      const auto [place, is_new] = seen.insert({statement.name.text, statement.name.range});
      if (!is_new)
        e_.report(Code::duplicate_definition, statement.name.range,
                  "the setting " + ticked(statement.name.text) + " is given twice", "again here")
            .label(place->second, "first given here");
      setting(statement);
    }
  }

private:
  void setting(const ast::Statement& statement) {
    const std::string& name = statement.name.text;
    const Expr& value = *statement.value;
    if (name == "batch")
      recipe_.batch_range = statement.range;
    if (number_setting(name, value))
      return;
    if (name == "loss")
      choose(value, recipe::losses, recipe_.loss);
    else if (name == "schedule")
      choose(value, recipe::schedules, recipe_.schedule);
    else if (name == "optimizer")
      choose(value, recipe::optimizers, recipe_.optimizer);
    else if (name == "rates")
      by_kind(value, recipe_.rates);
    else if (name == "decays")
      by_kind(value, recipe_.decays);
    else if (name == "augment")
      augment(value);
    else if (name == "frames")
      frames(value);
    else if (name == "time_unit")
      recipe_.time_unit = word(value, name, {"us", "s", "ms", "ns"});
    else if (name == "resize")
      resize(value);
    else if (name == "validate")
      recipe_.validate = number(value, {"validate", recipe::Kind::real, 0, 0, 0.9});
    else if (name == "normalize")
      normalize(value);
    else
      unknown(Code::unknown_setting, statement.name.range, "the recipe has no setting " + ticked(name), name,
              known_settings());
  }

  // The settings of settings.def; false: it is none of them.
  bool number_setting(const std::string& name, const Expr& value) {
    bool found = false;
    recipe::each_setting(recipe_, [&](const recipe::Option& option, const char*, auto& field) {
      if (name != option.name)
        return;
      field = static_cast<std::remove_reference_t<decltype(field)>>(number(value, option));
      found = true;
    });
    return found;
  }

  static std::vector<std::string> known_settings() {
    std::vector<std::string> all = {"loss", "optimizer", "schedule"};
    const recipe::Settings settings;
    recipe::each_setting(settings,
                         [&](const recipe::Option& option, const char*, const auto&) { all.push_back(option.name); });
    all.insert(all.end(), {"rates", "decays", "augment", "frames", "time_unit", "resize", "validate", "normalize"});
    return all;
  }

  // The shorter side of a picture, before its centre of the input's size is cut out.
  void resize(const Expr& expr) {
    recipe_.resize = count(expr, "resize", 16384);
    if (input_.size() == 3 && recipe_.resize < std::max(input_[1], input_[2]))
      e_.report(Code::bad_setting, expr.range,
                "`resize` is " + std::to_string(recipe_.resize) + ", and the network reads " + text_of(input_),
                "must be at least " + std::to_string(std::max(input_[1], input_[2])));
  }

  void unknown(Code code, Range range, const std::string& message, const std::string& name,
               const std::vector<std::string>& known) {
    Diagnostic& diagnostic = e_.report(code, range, message, "");
    diagnostic.help(advice(name, e_.diagnostics_.near(name, known), elsewhere_setting(name)));
    std::string all;
    for (const std::string& each : known)
      all += (all.empty() ? "" : ", ") + each;
    diagnostic.note("known are: " + all);
  }

  std::string word(const Expr& given, const std::string& setting, const std::vector<std::string>& known) {
    const Expr* expr = chosen(given);
    if (expr == nullptr)
      return known[0];
    const bool quoted = expr->kind == Expr::Kind::string;
    const std::string text = expr->kind == Expr::Kind::name ? expr->text : "";
    for (const std::string& each : known)
      if (each == text)
        return each;
    unknown(Code::bad_setting, expr->range,
            "the setting " + ticked(setting) +
                (quoted         ? " must be a word without quotes"
                 : text.empty() ? " must be a word"
                                : " cannot be " + ticked(text)),
            text, known);
    return known[0];
  }

  int64_t count(const Expr& expr, const std::string& setting, int64_t most) {
    const Value value = e_.evaluate(expr, scope_);
    if (value.is(Kind::integer) && value.integer >= 1 && value.integer <= most)
      return value.integer;
    if (!value.is_error())
      e_.report(Code::bad_setting, expr.range, ticked(setting) + " is " + describe(value),
                "must be an integer from 1 to " + std::to_string(most));
    return 1;
  }

  double number(const Expr& expr, const recipe::Option& option) {
    const Value value = e_.evaluate(expr, scope_);
    const bool kind_fits = option.kind == recipe::Kind::flag    ? value.is(Kind::boolean)
                           : option.kind == recipe::Kind::whole ? value.is(Kind::integer)
                                                                : value.is_number();
    const double read = value.is(Kind::boolean) ? static_cast<double>(value.integer) : value.number;
    if (kind_fits && read >= option.least && read <= option.most)
      return read;
    const bool whole = option.kind == recipe::Kind::whole;
    const auto bound = [&](double x) { return whole ? std::to_string(static_cast<int64_t>(x)) : text_of(x); };
    if (!value.is_error())
      e_.report(Code::bad_setting, expr.range, ticked(option.name) + " is " + describe(value),
                option.kind == recipe::Kind::flag ? "must be `true` or `false`"
                                                  : std::string("must be ") + (whole ? "an integer" : "a number") +
                                                        " from " + bound(option.least) + " to " + bound(option.most));
    return option.initial;
  }

  // `condition ? a : b` of settings that are words or calls.
  const Expr* chosen(const Expr& expr) {
    if (expr.kind != Expr::Kind::conditional)
      return &expr;
    const std::optional<bool> condition = e_.truth(e_.evaluate(*expr.operands[0], scope_), expr.operands[0]->range);
    return condition ? chosen(*expr.operands[*condition ? 1 : 2]) : nullptr;
  }

  // The word of `word` or `word(options)`; nothing, and a report, where it is none of `known`.
  std::optional<std::string> called(const Expr& expr, const std::string& setting,
                                    const std::vector<std::string>& known) {
    Expr name;
    name.kind = Expr::Kind::name;
    name.range = expr.kind == Expr::Kind::call ? expr.callee.range : expr.range;
    name.text = expr.kind == Expr::Kind::call ? expr.callee.text : expr.kind == Expr::Kind::name ? expr.text : "";
    if (expr.kind == Expr::Kind::string)
      name.kind = Expr::Kind::string;
    if (word(name, setting, known) != name.text)
      return std::nullopt;
    return name.text;
  }

  // A row of a table by its name, alone or with options: cosine, sgd(rate = 0.1).
  void choose(const Expr& setting, const recipe::Table& table, recipe::Choice& choice) {
    const Expr* expr = chosen(setting);
    const std::optional<std::string> name =
        expr == nullptr ? std::nullopt : called(*expr, table.setting, table.names());
    if (!name)
      return;
    choice = recipe::Choice(table, *name);
    if (expr->kind == Expr::Kind::call)
      options(*expr, choice, false);
  }

  // rates = (latents = 2, batchnorm = 0.5)
  void by_kind(const Expr& expr, recipe::Choice& choice) {
    if (expr.kind == Expr::Kind::record)
      options(expr, choice, false);
    else
      e_.report(Code::bad_setting, expr.range, ticked(choice.row().name) + " must give numbers by kinds of parameters",
                std::string("such as `(") + choice.row().options[1].name + " = 2)`");
  }

  // `first`: the first option may stand without its name.
  void options(const Expr& call, recipe::Choice& choice, bool first) {
    const recipe::Row& row = choice.row();
    std::vector<std::string> known;
    for (int i = 0; i < row.count(); ++i)
      known.push_back(row.options[i].name);
    for (const ast::Argument& argument : call.arguments) {
      const std::string& given = argument.name.text;
      const bool unnamed = given.empty() && first && !known.empty() && &argument == call.arguments.data();
      const int place = unnamed ? 0 : row.find(given);
      if (place >= 0) {
        choice[place] = number(*argument.value, row.options[place]);
        continue;
      }
      const Range range = given.empty() ? argument.value->range : argument.name.range;
      if (known.empty()) {
        e_.report(Code::unknown_setting, range, ticked(row.name) + " has no options", "unexpected");
        continue;
      }
      unknown(Code::unknown_setting, range,
              given.empty() ? "the options of " + ticked(row.name) + " are given by name"
                            : ticked(row.name) + " has no option " + ticked(given),
              given, known);
    }
  }

  // equal_count, equal_time, duration(us = 5000)
  void frames(const Expr& setting) {
    const Expr* expr = chosen(setting);
    const std::optional<std::string> name =
        expr == nullptr ? std::nullopt : called(*expr, "frames", {"equal_count", "equal_time", "duration"});
    if (!name)
      return;
    recipe_.frames = *name;
    const bool call = expr->kind == Expr::Kind::call, fixed = *name == "duration";
    bool given = false;
    for (size_t i = 0; call && i < expr->arguments.size(); ++i) {
      const ast::Argument& argument = expr->arguments[i];
      if (!fixed || given || argument.name.text != "us") {
        Diagnostic& diagnostic = e_.report(Code::unknown_setting, argument.value->range,
                                           ticked(*name) + " has no such option", "unexpected");
        if (fixed)
          diagnostic.help("write `duration(us = 5000)`: the microseconds of a frame");
        return;
      }
      given = true;
      recipe_.frames = "duration=" + std::to_string(count(*argument.value, "us", 1'000'000'000'000)) + "us";
    }
    if (fixed && !given)
      e_.report(Code::bad_setting, expr->range, "`duration` needs the microseconds of a frame",
                "such as `duration(us = 5000)`");
  }

  void augment(const Expr& expr) {
    if (expr.kind != Expr::Kind::list) {
      e_.report(Code::bad_setting, expr.range, "`augment` must be a list", "such as `[flip]`");
      return;
    }
    for (const ast::ExprPtr& operand : expr.operands)
      augmentation(*operand);
  }

  void augmentation(const Expr& expr) {
    const bool call = expr.kind == Expr::Kind::call;
    const std::string name = call ? expr.callee.text : expr.kind == Expr::Kind::name ? expr.text : "";
    const recipe::Row* row = recipe::augmentations.find(name);
    if (row == nullptr) {
      unknown(Code::bad_setting, expr.range,
              "`augment` cannot hold " + (name.empty() ? "this" : ticked(name)) + ": it is a list of words and calls",
              name, recipe::augmentations.names());
      return;
    }
    for (const recipe::Choice& each : recipe_.augment)
      if (each.is(name)) {
        e_.report(Code::bad_setting, expr.range, "`augment` holds " + ticked(name) + " twice", "again here");
        return;
      }
    recipe::Choice choice(*row);
    if (call)
      options(expr, choice, true);
    const char* needs = recipe::lacking(*row, input_.size() != 1, sequence_, input_.empty() ? 0 : input_[0]);
    if (needs != nullptr && !input_.empty()) {
      e_.report(Code::bad_setting, expr.range,
                ticked(name) + " needs " + needs + ", and the network reads " + text_of(input_));
      return;
    }
    recipe_.augment.push_back(choice);
  }

  void normalize(const Expr& expr) {
    if (expr.kind != Expr::Kind::record) {
      e_.report(Code::bad_setting, expr.range, "`normalize` must give a mean and a deviation for every channel",
                "such as `(mean = [0.5], deviation = [0.25])`");
      return;
    }
    bool ok = true;
    for (const ast::Argument& argument : expr.arguments) {
      if (argument.name.text == "mean")
        ok &= numbers(*argument.value, "mean", -1e9, recipe_.mean);
      else if (argument.name.text == "deviation")
        ok &= numbers(*argument.value, "deviation", 1e-9, recipe_.deviation);
      else
        unknown(Code::unknown_setting, argument.name.range, "`normalize` has no part " + ticked(argument.name.text),
                argument.name.text, {"mean", "deviation"});
    }
    if (ok && recipe_.mean.size() != recipe_.deviation.size())
      e_.report(Code::bad_setting, expr.range, "`normalize` needs as many means as deviations",
                std::to_string(recipe_.mean.size()) + " and " + std::to_string(recipe_.deviation.size()));
  }

  bool numbers(const Expr& expr, const std::string& name, double least, std::vector<double>& result) {
    const Value value = e_.evaluate(expr, scope_);
    if (value.is_error())
      return false;
    const size_t channels = input_.size() == 3 ? static_cast<size_t>(input_[0]) : 1;
    if (!value.is(Kind::list) || (!input_.empty() && value.list->size() != channels)) {
      e_.report(Code::bad_setting, expr.range,
                ticked(name) + " must be a list with one number for every channel of the input",
                "the input has " + std::to_string(channels));
      return false;
    }
    result.clear();
    for (const Value& each : *value.list) {
      if (!each.is_number() || each.number < least || each.number > 1e9) {
        e_.report(Code::bad_setting, expr.range, ticked(name) + " holds " + describe(each),
                  "must be numbers from " + text_of(least) + " to 1e9");
        return false;
      }
      result.push_back(each.number);
    }
    return true;
  }

  Elaborator& e_;
  Recipe& recipe_;
  const Shape& input_; // empty when the input has a mistake
  const bool sequence_;
  Scope scope_;
};

void Elaborator::read_recipe() {
  if (modules_.recipe == nullptr)
    return;
  RecipeReader(*this, program_.recipe, program_.input).run(*modules_.recipe);
  if (program_.layers.empty())
    return; // the input has a mistake
  const Layer& last = program_.layers[static_cast<size_t>(program_.output)];
  if (program_.recipe.loss.is("tet") && !program_.ends_time(last) && !last.inputs.empty())
    report(Code::bad_setting, last.range, "the loss `tet` needs the logits of every step", "made here")
        .help("let `mean_over_time` be the last layer");
}

} // namespace rvb::sema
