#include "program_text.h"

#include "layers/layer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace rvb::sema;
namespace layers = rvb::layers;

namespace {

std::string text(const Expression& expr, const Neuron& neuron) {
  if (expr.kind == Expression::Kind::number)
    return fmt::format("{}", expr.number);
  if (expr.kind == Expression::Kind::local)
    return neuron.locals.empty() ? fmt::format("#{}", expr.local) // of a layer: an input
                                 : neuron.locals.at(static_cast<size_t>(expr.local));
  std::string out = expr.operation + "(";
  for (size_t i = 0; i < expr.operands.size(); ++i)
    out += (i == 0 ? "" : ", ") + text(expr.operands[i], neuron);
  if (!expr.surrogate.empty())
    out += fmt::format("; {} {}", expr.surrogate, expr.width);
  return out + ")";
}

// An argument as the call's name and value; of sizes the output's shape tells.
std::string text(const layers::Slot& slot, const layers::Argument& argument) {
  using Kind = layers::Slot::Kind;
  switch (slot.kind) {
  case Kind::pair: return fmt::format(" {} {}x{}", slot.name, argument.pair[0], argument.pair[1]);
  case Kind::number: return fmt::format(" {} {}", slot.name, argument.number);
  case Kind::flag: return argument.pair[0] != 0 ? " " + slot.name : "";
  case Kind::word: return argument.word == slot.words.front() ? "" : fmt::format(" {} {}", slot.name, argument.word);
  case Kind::integer: return fmt::format(" {} {}", slot.name, argument.pair[0]);
  case Kind::words: return fmt::format(" {} {}", slot.name, fmt::join(argument.words, " "));
  case Kind::list: return fmt::format(" {} [{}]", slot.name, fmt::join(argument.list, ", "));
  case Kind::weights:
    return fmt::format(" {} {}{}", slot.name, argument.weights.text(),
                       argument.weights.ste != 1 ? fmt::format(" ste {}", argument.weights.ste) : "");
  case Kind::tensor:
  case Kind::size: break;
  }
  return "";
}

std::string text(const Layer& layer, int index) {
  std::string out = fmt::format("  {} = {}({})", index, layer.row->name, fmt::join(layer.inputs, ", "));
  layer.arguments.each(
      [&](const layers::Slot& slot, const layers::Argument& argument) { out += text(slot, argument); });
  if (layer.neuron >= 0)
    out += fmt::format(" #{}", layer.neuron);
  if (layer.expression.kind == layers::Expression::Kind::operation)
    out += " " + text(layer.expression, {});
  if (layer.cell >= 0)
    out += fmt::format(" in cell {}", layer.cell);
  return out + fmt::format(" : {}{} {}\n", text_of(layer.tensor()), layer.truth ? " of truth" : "",
                           layer.path.empty() ? "(" + layer.label + ")" : layer.path);
}

std::string text(const Neuron& neuron, size_t index) {
  std::string out = fmt::format("neuron #{} {} states {} initial [{}]\n", index, neuron.name, neuron.states,
                                fmt::join(neuron.initial, ", "));
  for (const Statement& statement : neuron.statements)
    out += fmt::format("  {} {}\n",
                       statement.kind == Statement::Kind::emit
                           ? "emit"
                           : neuron.locals.at(static_cast<size_t>(statement.local)) + " =",
                       text(statement.value, neuron));
  return out;
}

std::string options(const rvb::recipe::Choice& choice) {
  std::string out;
  for (int i = 0; i < choice.row().count(); ++i)
    out += fmt::format(" {} {}", choice.row().options[i].name, choice[i]);
  return out;
}

} // namespace

std::string program_text(const Program& program) {
  std::string out =
      fmt::format("network {}({}: [{}] {} {}) -> {} classes from layer {}\n", program.name, program.input.name,
                  fmt::join(program.input.shape, ", "), program.input.sequence ? "over" : "repeated",
                  program.input.steps, program.classes, program.output);
  for (size_t i = 0; i < program.layers.size(); ++i)
    out += text(program.layers[i], static_cast<int>(i));
  for (size_t i = 0; i < program.neurons.size(); ++i)
    out += text(program.neurons[i], i);
  out += "parameters\n";
  for (const Parameter& each : program.parameters)
    out +=
        fmt::format("  {} {} [{}]{}{}{} {} {:.6g}\n", each.name, layers::word(each.role), fmt::join(each.shape, ", "),
                    each.trainable ? "" : " fixed", each.decays ? " decays" : "", each.binary ? " binary" : "",
                    each.initializer.kind == Initializer::Kind::normal ? "normal" : "constant", each.initializer.value);
  const Recipe& recipe = program.recipe;
  std::vector<std::string> augment;
  for (const rvb::recipe::Choice& each : recipe.augment)
    augment.push_back(each.row().name + options(each));
  out += fmt::format("recipe {}{} {}{} {}{} augment [{}] mean [{}] deviation [{}]\n", recipe.loss.row().name,
                     options(recipe.loss), recipe.optimizer.row().name, options(recipe.optimizer),
                     recipe.schedule.row().name, options(recipe.schedule), fmt::join(augment, ", "),
                     fmt::join(recipe.mean, ", "), fmt::join(recipe.deviation, ", "));
  out += "recipe";
  rvb::recipe::each_setting(recipe, [&](const rvb::recipe::Option& option, const char*, auto value) {
    if (static_cast<double>(value) != option.initial)
      out += fmt::format(" {} {}", option.name, value);
  });
  out += fmt::format(" frames {} resize {}\n", recipe.frames, recipe.resize);
  if (recipe.validate != 0)
    out += fmt::format("recipe validate {}\n", recipe.validate);
  if (!recipe.time_unit.empty())
    out += fmt::format("recipe time_unit {}\n", recipe.time_unit);
  for (const auto& [name, value] : program.constants)
    out += fmt::format("param {} = {}\n", name, value);
  return out;
}
