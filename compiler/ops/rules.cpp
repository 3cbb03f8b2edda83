#include "ops/rules.h"

#include "ir/text.h"

#include <cmath>

namespace rvb::ops {

bool fail(std::string& error, std::string message) {
  error = std::move(message);
  return false;
}

namespace {

bool in_range(int64_t value, int64_t least) {
  return value >= least && value <= largest_attribute;
}

bool attribute_fits(const ir::Attribute& attribute, const AttributeRule& rule) {
  switch (rule.kind) {
  case Kind::integer: {
    const int64_t* value = std::get_if<int64_t>(&attribute);
    return value != nullptr && in_range(*value, rule.least);
  }
  case Kind::number: {
    const int64_t* integer = std::get_if<int64_t>(&attribute);
    const double* real = std::get_if<double>(&attribute);
    if (integer == nullptr && real == nullptr)
      return false;
    // As single precision has it: that is what prints, and what runs.
    float value = static_cast<float>(integer ? static_cast<double>(*integer) : *real);
    return std::isfinite(value) && (rule.least == 0 || value > 0);
  }
  case Kind::text: return std::holds_alternative<std::string>(attribute);
  case Kind::pair:
  case Kind::triple:
  case Kind::list: {
    const auto* values = std::get_if<std::vector<int64_t>>(&attribute);
    if (values == nullptr || (rule.kind == Kind::pair && values->size() != 2) ||
        (rule.kind == Kind::triple && values->size() != 3))
      return false;
    for (int64_t value : *values)
      if (!in_range(value, rule.least))
        return false;
    return true;
  }
  }
  return false;
}

} // namespace

bool attributes_fit(const ir::Op& op, std::initializer_list<AttributeRule> rules, std::string& error) {
  size_t found = 0;
  for (const AttributeRule& rule : rules) {
    auto attribute = op.attributes.find(rule.name);
    if (attribute == op.attributes.end()) {
      if (rule.need == Need::required)
        return fail(error, std::string("attribute `") + rule.name + "` is missing");
      continue;
    }
    ++found;
    if (!attribute_fits(attribute->second, rule)) {
      static const char* const kinds[] = {"an integer",         "a number",       "a string",
                                          "a pair of integers", "three integers", "a list of integers"};
      std::string bound = rule.kind == Kind::text     ? ""
                          : rule.kind == Kind::number ? (rule.least ? " above 0" : "")
                                                      : ", each at least " + std::to_string(rule.least);
      return fail(error,
                  std::string("attribute `") + rule.name + "` is to be " + kinds[static_cast<int>(rule.kind)] + bound);
    }
  }
  if (found == op.attributes.size())
    return true;
  for (const auto& [name, value] : op.attributes) {
    bool known = false;
    for (const AttributeRule& rule : rules)
      known = known || name == rule.name;
    if (!known)
      return fail(error, "attribute `" + name + "` is unknown to the operator");
  }
  return true;
}

bool is_tensor(const ir::Type& type, int rank, int fixed, const char* what, std::string& error) {
  bool fits = type.element == ir::Element::f32 && type.rank() >= rank;
  for (int i = 0; fits && i < fixed; ++i)
    fits = type.dims[type.dims.size() - 1 - i] != ir::batch;
  return fits || fail(error, std::string(what) + " has type " + ir::print(type) + ", expected f32 with at least " +
                                 std::to_string(rank) + " dimensions" +
                                 (fixed ? ", the batch not among the last " + std::to_string(fixed) : ""));
}

bool axes_fit(const ir::Op& op, int rank, std::string& error) {
  const std::vector<int64_t> axes = op.integers("axes");
  bool fits = !axes.empty();
  for (size_t i = 0; fits && i < axes.size(); ++i)
    fits = axes[i] >= 0 && axes[i] < rank && (i == 0 || axes[i] > axes[i - 1]);
  return fits || fail(error, "`axes` is to list different axes below " + std::to_string(rank) + " in rising order");
}

std::optional<ir::Op> step_beside_axis(const ir::Op& op, const std::vector<ir::Type>&) {
  ir::Op step = op;
  const int64_t axis = op.integer("axis");
  step.attributes["axis"] = axis - 1;
  return axis == 0 ? std::nullopt : std::optional(step);
}

std::optional<ir::Op> step_beside_axes(const ir::Op& op, const std::vector<ir::Type>&) {
  ir::Op step = op;
  std::vector<int64_t> axes = op.integers("axes");
  if (axes[0] == 0)
    return std::nullopt;
  for (int64_t& axis : axes)
    --axis;
  step.attributes["axes"] = axes;
  return step;
}

ir::Type as_real(ir::Type type) {
  if (type.element == ir::Element::i32)
    type.element = ir::Element::f32;
  return type;
}

bool is_vector(const ir::Type& type, int64_t n, const char* what, std::string& error) {
  ir::Type expected{ir::Element::f32, {n}};
  return (n > 0 && type == expected) ||
         fail(error, std::string(what) + " has type " + ir::print(type) + ", expected " + ir::print(expected));
}

ir::Type with_tail(const ir::Type& type, int drop, std::initializer_list<int64_t> tail) {
  ir::Type result = type;
  result.dims.resize(result.dims.size() - drop);
  result.dims.insert(result.dims.end(), tail);
  return result;
}

int64_t positions(int64_t extent, const Window& window, int axis) {
  int64_t room = extent + 2 * window.pad[axis] - window.span(axis);
  return room < 0 ? 0 : room / window.stride[axis] + 1;
}

bool windows_fit(const int64_t (&extent)[2], const Window& window, int64_t (&out)[2], std::string& error) {
  for (int axis = 0; axis < 2; ++axis) {
    out[axis] = positions(extent[axis], window, axis);
    if (out[axis] < 1)
      return fail(error, "a kernel of " + std::to_string(window.span(axis)) + " does not fit into " +
                             std::to_string(extent[axis]) + " with padding " + std::to_string(window.pad[axis]));
  }
  return true;
}

} // namespace rvb::ops
