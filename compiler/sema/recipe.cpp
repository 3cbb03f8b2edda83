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
    if (name == "loss")
      loss(value);
    else if (name == "schedule")
      recipe_.schedule = word(value, name, {"cosine", "constant"});
    else if (name == "optimizer")
      optimizer(value);
    else if (name == "epochs")
      recipe_.epochs = count(value, name, 1000000);
    else if (name == "batch") {
      recipe_.batch = count(value, name, 65536);
      recipe_.batch_range = statement.range;
    } else if (name == "augment")
      augment(value);
    else if (name == "frames")
      frames(value);
    else if (name == "time_unit")
      recipe_.time_unit = word(value, name, {"us", "s", "ms", "ns"});
    else if (name == "resize")
      resize(value);
    else if (name == "validate")
      recipe_.validate = number(value, name, 0, 0.9);
    else if (name == "normalize")
      normalize(value);
    else
      unknown(Code::unknown_setting, statement.name.range, "the recipe has no setting " + ticked(name), name,
              {"loss", "optimizer", "schedule", "epochs", "batch", "augment", "frames", "time_unit", "resize",
               "validate", "normalize"});
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
    diagnostic.help(advice(name, nearest(name, known), elsewhere_setting(name)));
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

  double number(const Expr& expr, const std::string& setting, double least, double most) {
    const Value value = e_.evaluate(expr, scope_);
    if (value.is_number() && value.number >= least && value.number <= most)
      return value.number;
    if (!value.is_error())
      e_.report(Code::bad_setting, expr.range, ticked(setting) + " is " + describe(value),
                "must be a number from " + text_of(least) + " to " + text_of(most));
    return least;
  }

  // `condition ? a : b` of settings that are words or calls.
  const Expr* chosen(const Expr& expr) {
    if (expr.kind != Expr::Kind::conditional)
      return &expr;
    const std::optional<bool> condition = e_.truth(*expr.operands[0], scope_);
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

  // sgd(rate = 0.1, momentum = 0.9, weight_decay = 1e-4), adam(rate = 0.001, beta1 = 0.9, beta2 = 0.999), adamw
  void optimizer(const Expr& setting) {
    const Expr* expr = chosen(setting);
    const std::optional<std::string> name =
        expr == nullptr ? std::nullopt : called(*expr, "optimizer", {"sgd", "adam", "adamw"});
    if (!name)
      return;
    recipe_.optimizer = *name;
    const bool sgd = recipe_.optimizer == "sgd";
    recipe_.rate = sgd ? 0.1 : 1e-3;
    struct Option {
      const char* name;
      double* number;
      double least, most;
    };
    std::vector<Option> options = {{"rate", &recipe_.rate, 1e-12, 1e6}};
    if (sgd)
      options.push_back({"momentum", &recipe_.momentum, 0, 0.999999});
    else
      options.insert(options.end(), {{"beta1", &recipe_.beta1, 0, 0.999999},
                                     {"beta2", &recipe_.beta2, 0, 0.99999999},
                                     {"epsilon", &recipe_.epsilon, 1e-30, 1}});
    options.push_back({"weight_decay", &recipe_.weight_decay, 0, 1e6});
    if (expr->kind != Expr::Kind::call)
      return;
    for (const ast::Argument& argument : expr->arguments) {
      const std::string& given = argument.name.text;
      const auto option =
          std::find_if(options.begin(), options.end(), [&](const Option& each) { return given == each.name; });
      if (option != options.end()) {
        *option->number = number(*argument.value, given, option->least, option->most);
        continue;
      }
      std::vector<std::string> known;
      for (const Option& each : options)
        known.push_back(each.name);
      unknown(Code::unknown_setting, given.empty() ? argument.value->range : argument.name.range,
              given.empty() ? "the options of " + ticked(recipe_.optimizer) + " are given by name"
                            : ticked(recipe_.optimizer) + " has no option " + ticked(given),
              given, known);
    }
  }

  // cross_entropy, cross_entropy(smoothing = 0.1), tet(lambda = 0.001, mean = 1, smoothing = 0)
  void loss(const Expr& setting) {
    const Expr* expr = chosen(setting);
    const std::optional<std::string> name =
        expr == nullptr ? std::nullopt : called(*expr, "loss", {"cross_entropy", "tet"});
    if (!name)
      return;
    recipe_.loss = *name;
    if (expr->kind != Expr::Kind::call)
      return;
    const bool tet = recipe_.loss == "tet";
    for (const ast::Argument& argument : expr->arguments) {
      const std::string& option = argument.name.text;
      if (option == "smoothing")
        recipe_.smoothing = number(*argument.value, option, 0, 0.999999);
      else if (tet && option == "lambda")
        recipe_.tet_lambda = number(*argument.value, option, 0, 1);
      else if (tet && option == "mean")
        recipe_.tet_mean = number(*argument.value, option, -1e6, 1e6);
      else
        unknown(Code::unknown_setting, option.empty() ? argument.value->range : argument.name.range,
                option.empty() ? "the options of a loss are given by name"
                               : ticked(recipe_.loss) + " has no option " + ticked(option),
                option,
                tet ? std::vector<std::string>{"lambda", "mean", "smoothing"} : std::vector<std::string>{"smoothing"});
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

  // One row for each way to vary a sample.
  struct AugmentationRow {
    const char *name, *option; // the option's name; null: it has none
    double initial, least, most;
    bool whole, images, sequences, still;
  };

  void augmentation(const Expr& expr) {
    static const AugmentationRow rows[] = {
        {"flip", nullptr, 0, 0, 0, false, true, true, true},
        {"crop", "padding", 4, 1, 4096, true, true, true, true},
        {"cutout", "size", 16, 1, 4096, true, true, true, true},
        {"resized_crop", "scale", 0.08, 0.001, 1, false, true, false, true},
        {"roll", "size", 5, 1, 4096, true, true, true, true},
        {"drop", "rate", 0.1, 0, 0.99, false, false, true, false},
    };
    std::vector<std::string> names;
    const bool call = expr.kind == Expr::Kind::call;
    const std::string name = call ? expr.callee.text : expr.kind == Expr::Kind::name ? expr.text : "";
    const AugmentationRow* row = nullptr;
    for (const AugmentationRow& each : rows) {
      names.push_back(each.name);
      row = each.name == name ? &each : row;
    }
    if (row == nullptr) {
      unknown(Code::bad_setting, expr.range,
              "`augment` cannot hold " + (name.empty() ? "this" : ticked(name)) + ": it is a list of words and calls",
              name, names);
      return;
    }
    for (const Augmentation& each : recipe_.augment)
      if (each.name == name) {
        e_.report(Code::bad_setting, expr.range, "`augment` holds " + ticked(name) + " twice", "again here");
        return;
      }
    Augmentation result{name, row->initial};
    for (size_t i = 0; call && i < expr.arguments.size(); ++i) {
      const ast::Argument& argument = expr.arguments[i];
      if (row->option == nullptr || i > 0 || (!argument.name.text.empty() && argument.name.text != row->option)) {
        Diagnostic& diagnostic =
            e_.report(Code::unknown_setting, argument.value->range, ticked(name) + " has no such option", "unexpected");
        if (row->option != nullptr)
          diagnostic.help("write " + ticked(name + "(" + row->option + " = " + text_of(row->initial) + ")"));
        return;
      }
      result.amount = row->whole
                          ? static_cast<double>(count(*argument.value, row->option, static_cast<int64_t>(row->most)))
                          : number(*argument.value, row->option, row->least, row->most);
    }
    const char* needs = row->images && input_.size() == 1 ? "images"
                        : !row->sequences && sequence_    ? "a still image"
                        : !row->still && !sequence_       ? "a sequence of frames, `over T`"
                                                          : nullptr;
    if (needs != nullptr && !input_.empty()) {
      e_.report(Code::bad_setting, expr.range,
                ticked(name) + " needs " + needs + ", and the network reads " + text_of(input_));
      return;
    }
    recipe_.augment.push_back(result);
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
  if (program_.recipe.loss == "tet" && last.kind != LayerKind::mean_over_time && last.kind != LayerKind::input)
    report(Code::bad_setting, last.range, "the loss `tet` needs the logits of every step", "made here")
        .help("let `mean_over_time` be the last layer");
}

} // namespace rvb::sema
