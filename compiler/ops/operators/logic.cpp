// Comparisons, logical operators and select. A mask is a constant: it has no gradient.
#include "ir/text.h"
#include "ops/elementwise.h"

namespace rvb::ops {

namespace {

using ir::Element;
using ir::Opcode;
constexpr TypeRule logical = elementwise_types<Element::boolean, Element::boolean>;

std::optional<Types> comparison(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error) || !element_of_numbers(op, operands, error))
    return std::nullopt;
  const auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{Element::boolean, *dims}};
}

std::optional<Types> select_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error))
    return std::nullopt;
  if (!all_of_element({operands[0]}, Element::boolean, error))
    return std::nullopt;
  const bool masks = operands[1].element == Element::boolean;
  if (masks && !all_of_element({operands[2]}, Element::boolean, error))
    return std::nullopt;
  const std::optional<Element> element = masks ? Element::boolean : element_of_numbers(op, operands, error, 1);
  const auto dims = element ? common_dims(operands, error) : std::nullopt;
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{*element, *dims}};
}

Gradients select_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand& taken = op.operands[0];
  return {std::nullopt, make(b, Opcode::select, {taken, *up[0], number(0)}),
          make(b, Opcode::select, {taken, number(0), *up[0]})};
}

} // namespace

const Meaning rows::greater_equal{comparison, nullptr, nullptr,
                                  [](const ir::Op&, const double* x) -> double { return x[0] >= x[1]; },
                                  Form::comparison};
const Meaning rows::greater{comparison, nullptr, nullptr,
                            [](const ir::Op&, const double* x) -> double { return x[0] > x[1]; }, Form::comparison};
const Meaning rows::less_equal{comparison, nullptr, nullptr,
                               [](const ir::Op&, const double* x) -> double { return x[0] <= x[1]; }, Form::comparison};
const Meaning rows::less{comparison, nullptr, nullptr,
                         [](const ir::Op&, const double* x) -> double { return x[0] < x[1]; }, Form::comparison};
const Meaning rows::logical_and{logical,
                                nullptr,
                                nullptr,
                                [](const ir::Op&, const double* x) -> double { return x[0] != 0 && x[1] != 0; },
                                Form::logic,
                                nullptr,
                                {1, 1, 0, {}, true}};
const Meaning rows::logical_or{logical,
                               nullptr,
                               nullptr,
                               [](const ir::Op&, const double* x) -> double { return x[0] != 0 || x[1] != 0; },
                               Form::logic,
                               nullptr,
                               {0, 0, 1, {}, true}};
const Meaning rows::logical_not{logical,
                                nullptr,
                                nullptr,
                                [](const ir::Op&, const double* x) -> double { return x[0] == 0; },
                                Form::logic,
                                nullptr,
                                {{}, {}, {}, {}, false, true}};
const Meaning rows::select{select_types, select_gradient, nullptr,
                           [](const ir::Op&, const double* x) -> double { return x[0] != 0 ? x[1] : x[2]; },
                           Form::selection};

} // namespace rvb::ops
