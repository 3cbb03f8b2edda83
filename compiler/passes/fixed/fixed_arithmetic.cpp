#include "passes/fixed/fixed_arithmetic.h"

#include "ops/ops.h"

namespace rvb::passes {

using namespace ir;

namespace {

constexpr double largest_unclamped = 1 << 30; // what is rescaled to a spike's grid stays below it

Item choice(const Operand& mask, Numbers on, Numbers off) {
  Item item = constant_item(std::move(on));
  item.kind = Item::choice;
  item.base = mask;
  item.otherwise = constant_item(std::move(off)).factor;
  return item;
}

Operand as_mask(const Item& x) {
  if (x.kind != Item::mask)
    throw Unsupported();
  return x.base;
}

Item scaled(Item x, const Numbers& by) {
  constant_item(by); // finite
  auto times = [](double a, double b) { return a * b; };
  if (x.kind != Item::number && x.kind != Item::sums && x.kind != Item::choice)
    throw Unsupported();
  x.factor = each(x.factor, by, times);
  if (x.kind == Item::choice)
    x.otherwise = each(x.otherwise, by, times);
  else
    x.kind = Item::number;
  return x;
}

Item evaluated(const Op& inner, const std::vector<Item>& x) {
  size_t channels = 1;
  for (const Item& i : x)
    channels = std::max(channels, i.factor.size());
  Numbers result;
  for (size_t c = 0; c < channels; ++c) {
    double numbers[3] = {0, 0, 0};
    for (size_t k = 0; k < x.size(); ++k)
      numbers[k] = static_cast<float>(x[k].factor[c % x[k].factor.size()]);
    const std::optional<double> value = ops::evaluate(inner, Element::f32, numbers);
    if (!value)
      throw Unsupported();
    result.push_back(*value);
  }
  return constant_item(std::move(result));
}

} // namespace

Item constant_item(Numbers numbers) {
  for (double n : numbers)
    if (!std::isfinite(n))
      throw Unsupported();
  Item item;
  item.kind = Item::constant;
  item.factor = std::move(numbers);
  return item;
}

Item mask_item(const Operand& mask) {
  Item item;
  item.kind = Item::mask;
  item.base = mask;
  return item;
}

Item Arithmetic::aligned(const Item& x) {
  need(x.real());
  return maker_.in_unit(x, unit);
}

Item Arithmetic::apply(const Op& inner, const std::vector<Item>& x) {
  if (std::all_of(x.begin(), x.end(), [](const Item& i) { return i.kind == Item::constant; })) {
    if (inner.opcode == Opcode::quantize)
      throw Unsupported(); // a constant is no tensor of spikes
    return evaluated(inner, x);
  }
  const ops::ValueRule value = ops::meaning(inner.opcode).value;
  switch (ops::meaning(inner.opcode).form) {
  case ops::Form::identity: return x[0];
  case ops::Form::dequantize:
    if (x[0].kind != Item::sums)
      throw Unsupported();
    return scaled(x[0], {inner.number("scale")});
  case ops::Form::quantize: return quantized(inner, x[0]);
  case ops::Form::negation: return scaled(x[0], {-1});
  case ops::Form::product: return product(x[0], x[1]);
  case ops::Form::quotient:
    if (x[1].kind != Item::constant)
      throw Unsupported();
    return scaled(x[0], each(x[1].factor, {1}, [](double a, double) { return 1 / a; }));
  case ops::Form::sum: return sum(inner, x[0], x[1]);
  case ops::Form::extreme: return joined(inner.opcode, {}, x[0], x[1]);
  case ops::Form::magnitude: {
    Item result = aligned(x[0]);
    result.base = maker_.op(inner.opcode, {result.base}, {}, Element::i32, "size");
    return result;
  }
  case ops::Form::comparison: return compared(inner.opcode, x[0], x[1]);
  case ops::Form::threshold: {
    const double above = 1, below = -1;
    return choice(compared(Opcode::greater_equal, x[0], constant_item({0})).base, {value(inner, &above)},
                  {value(inner, &below)});
  }
  case ops::Form::selection: return selected(x[0], x[1], x[2]);
  case ops::Form::logic: {
    std::vector<Operand> masks;
    for (const Item& i : x)
      masks.push_back(as_mask(i));
    return mask_item(maker_.op(inner.opcode, masks, {}, Element::boolean, "mask"));
  }
  case ops::Form::opaque: break;
  }
  throw Unsupported();
}

// By constants; or by 0 and 1, as a reset is written.
Item Arithmetic::product(const Item& a, const Item& b) {
  if (b.kind == Item::constant)
    return scaled(a, b.factor);
  if (a.kind == Item::constant)
    return scaled(b, a.factor);
  const Item& gate = a.kind == Item::choice ? a : b;
  const Item& x = a.kind == Item::choice ? b : a;
  auto is = [](const Numbers& numbers, double n) { return all_equal(numbers) && numbers[0] == n; };
  if (gate.kind != Item::choice || x.kind == Item::choice)
    throw Unsupported();
  const Item nothing = constant_item({0});
  if (is(gate.factor, 1) && is(gate.otherwise, 0))
    return joined(Opcode::select, {gate.base}, x, nothing);
  if (is(gate.factor, 0) && is(gate.otherwise, 1))
    return joined(Opcode::select, {gate.base}, nothing, x);
  throw Unsupported();
}

Item Arithmetic::sum(const Op& inner, const Item& a, const Item& b) {
  auto combined = [&](double x, double y) {
    const double operands[2] = {x, y};
    return ops::meaning(inner.opcode).value(inner, operands);
  };
  if (a.kind == Item::choice && b.kind == Item::constant)
    return choice(a.base, each(a.factor, b.factor, combined), each(a.otherwise, b.factor, combined));
  if (b.kind == Item::choice && a.kind == Item::constant)
    return choice(b.base, each(a.factor, b.factor, combined), each(a.factor, b.otherwise, combined));
  Item result = joined(inner.opcode, {}, a, b);
  need(a.real() + b.real());
  result.bound = (a.real() + b.real()) / unit;
  return result;
}

Item Arithmetic::joined(Opcode opcode, std::vector<Operand> operands, const Item& a, const Item& b) {
  const Item left = aligned(a), right = aligned(b);
  operands.push_back(left.base);
  operands.push_back(right.base);
  Item result;
  result.base = maker_.op(opcode, std::move(operands), {}, Element::i32, info(opcode).name);
  result.factor = {unit};
  result.bound = std::max(left.bound, right.bound);
  return result;
}

Item Arithmetic::compared(Opcode opcode, const Item& a, const Item& b) {
  const Item left = aligned(a), right = aligned(b);
  return mask_item(maker_.op(opcode, {left.base, right.base}, {}, Element::boolean, "fires"));
}

Item Arithmetic::selected(const Item& condition, const Item& a, const Item& b) {
  const Operand which = as_mask(condition);
  if (a.kind == Item::constant && b.kind == Item::constant)
    return choice(which, a.factor, b.factor);
  if (a.kind == Item::mask || b.kind == Item::mask)
    return mask_item(maker_.op(Opcode::select, {which, as_mask(a), as_mask(b)}, {}, Element::boolean, "mask"));
  return joined(Opcode::select, {which}, a, b);
}

// A spike on its layer's grid. What might not fit into 32 bits there is held to the grid's limit first.
Item Arithmetic::quantized(const Op& inner, Item x) {
  const double scale = inner.number("scale");
  const auto limit = static_cast<double>(inner.integer("limit"));
  if (grid == 0) {
    grid = scale;
    this->limit = limit;
  }
  if (x.real() * scale > largest_unclamped) {
    x = aligned(x);
    const double most = std::min(whole_room, std::ceil((limit + 1) / (scale * unit)));
    x.base = maker_.saturated(x.base, 32, most, "held");
    x.bound = std::min(x.bound, most);
  }
  Item result;
  result.kind = Item::spikes;
  result.base = maker_.saturated(maker_.in_unit(x, 1 / scale).base, inner.integer("bits"), limit, "spikes");
  return result;
}

} // namespace rvb::passes
