#include "passes/fixed/fixed_body.h"

#include "analysis/known.h"
#include "passes/edit.h"
#include "passes/fixed/fixed_arithmetic.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace rvb::passes {

using namespace ir;

namespace {

// A body's unit leaves room for this many times what a step computes from membranes at 0, whether it has any or not:
// @infer, where collapse_time may have removed them, and @step get the same unit.
constexpr double headroom = 4;
constexpr double reach_headroom = 2;          // the part of it that is for the membranes
constexpr double entry_headroom = 32;         // what joins a neuron is held to this many times the largest spike
constexpr double resolution = 1 << 17;        // units that the largest spike must have, or
constexpr double units_of_a_spike = 8;        // units that the least spike must have: the lower bar of both
constexpr double units_of_a_result = 1 << 10; // units that other numbers must have

// Runs through the body: first to measure, in the unit 1, what the largest number is and how far states reach; then to
// make.
class Fix {
public:
  Fix(const Module& module, Function& function, const Op& scan, Surroundings& around)
      : module_(module), function_(function), scan_(scan), around_(around), parts_(parts(scan)),
        maker_(function, slice_of(function, scan), scan.layer, &around.constants), arithmetic_(maker_) {
    for (int s = 0; s < parts_.states; ++s)
      states_.push_back({parts_.first_state() + s, parts_.emits + s});
    states_.insert(states_.end(), around.carried.begin(), around.carried.end());
    if (parts_.states > 0 && !around.carried.empty())
      throw Unsupported();
    for (int s = 0; s < parts_.states; ++s) // a last membrane that is read would have to be real
      if (around.read.count(scan.results[static_cast<size_t>(parts_.emits + s)]) != 0)
        throw Unsupported();
  }

  // How far membranes reach: as far as a step takes them that began there, while that converges (a leak below 1); else
  // to where the headroom ends, and there they are held. A threshold counts as a number of the body, so that it is
  // reached.
  void measure() {
    reach_.assign(states_.size(), 0.0);
    held_.assign(states_.size(), false);
    measured_walk();
    const double largest = arithmetic_.largest, most = largest * reach_headroom;
    for (int step = 0; step < 32; ++step) {
      bool further = false;
      for (size_t s = 0; s < states_.size(); ++s)
        further = further || yielded_[s] > reach_[s] * 1.001;
      if (!further)
        break;
      for (size_t s = 0; s < states_.size(); ++s)
        reach_[s] = std::min(std::max(reach_[s], yielded_[s]), most);
      measured_walk();
    }
    for (double& reach : reach_)
      reach = std::min(std::max(reach * 1.002, largest * 1e-3), most);
    measured_walk();
    for (int halved = 0; arithmetic_.largest > headroom * largest && halved < 10; ++halved) {
      for (double& reach : reach_)
        reach /= 2;
      measured_walk();
    }
    if (arithmetic_.largest > headroom * largest)
      throw Unsupported();
    for (size_t s = 0; s < states_.size(); ++s)
      held_[s] = yielded_[s] > reach_[s];
    choose_unit(headroom * largest);
    walk(); // whether all that is made in this unit can be made
  }

  Op make() {
    maker_.begin();
    walk();
    Op result;
    result.opcode = Opcode::scan;
    result.attributes = scan_.attributes;
    result.layer = scan_.layer;
    result.body.resize(1);
    Body& body = result.body[0];
    for (const auto* list : {&sequences_, &maker_.invariants, &initial_})
      for (const auto& [operand, parameter] : *list) {
        result.operands.push_back(operand);
        body.parameters.push_back(parameter);
      }
    body.ops = std::move(maker_.ops);
    for (const auto* list : {&emitted_, &final_})
      for (const auto& [value, inside] : *list) {
        result.results.push_back(value);
        body.yields.push_back(inside);
      }
    set_counts(result, static_cast<int>(maker_.invariants.size()), parts_.states);
    return result;
  }

private:
  static Type slice_of(const Function& function, const Op& scan) {
    if (scan.operands[0].is_literal())
      throw Unsupported();
    Type slice = without_axis0(function.type(scan.operands[0].value));
    slice.element = Element::f32;
    if (slice.dims.empty() || slice.dims.back() == batch)
      throw Unsupported();
    return slice;
  }

  void measured_walk() {
    arithmetic_.largest = 0;
    walk();
  }

  // Coarser than what it is to resolve, a unit would cost accuracy: such a body stays as it is.
  void choose_unit(double largest) {
    largest = std::max(largest, 1e-30);
    const double grid = arithmetic_.grid;
    double& unit = arithmetic_.unit;
    chosen_ = true;
    unit = grid == 0 ? std::exp2(std::ceil(std::log2(largest / whole_room)))
                     : std::exp2(-std::floor(std::log2(whole_room / (grid * largest)))) / grid;
    const double spike = grid == 0 ? around_.largest_spike : arithmetic_.limit / grid;
    const double parts = units_of_a_spike * (grid == 0 ? around_.largest_limit : arithmetic_.limit);
    if (!std::isfinite(largest) || unit * std::min(parts, resolution) > spike)
      throw Unsupported();
  }

  void walk() {
    items_.clear();
    yielded_.assign(states_.size(), 0.0);
    const Body& body = scan_.body[0];
    for (int i = 0; i < static_cast<int>(scan_.operands.size()); ++i) {
      const auto state = std::find_if(states_.begin(), states_.end(), [&](auto& s) { return s.operand == i; });
      const Operand& operand = scan_.operands[static_cast<size_t>(i)];
      const Value inside = body.parameters[static_cast<size_t>(i)];
      items_[inside] = state != states_.end() ? membrane(static_cast<size_t>(state - states_.begin()), operand, inside)
                       : i < parts_.sequences ? sequence(operand, inside)
                                              : invariant(operand);
    }
    for (const Op& inner : body.ops) {
      std::vector<Item> x;
      for (const Operand& operand : inner.operands)
        x.push_back(item(operand));
      items_[inner.results[0]] = arithmetic_.apply(inner, x);
    }
    for (int y = 0; y < parts_.emits + parts_.states; ++y)
      yield(y, item(body.yields[static_cast<size_t>(y)]));
  }

  Item item(const Operand& operand) const {
    return operand.is_literal() ? constant_item({operand.number}) : items_.at(operand.value);
  }

  Item invariant(const Operand& operand) const {
    const auto numbers = known_numbers(module_, function_, operand);
    if (!numbers)
      throw Unsupported();
    return constant_item(Numbers(numbers->begin(), numbers->end()));
  }

  Value parameter(Element element, Value like) {
    Type type = maker_.slice();
    type.element = element;
    return function_.add_value(type, function_.values[static_cast<size_t>(like)].name);
  }

  Item sequence(const Operand& operand, Value inside) {
    if (operand.is_literal())
      throw Unsupported();
    const Element element = function_.type(operand.value).element;
    const auto whole = around_.whole.find(operand.value);
    const bool is_whole = whole != around_.whole.end();
    Value own = no_value;
    if (maker_.making()) {
      own = parameter(is_whole ? Element::i32 : element, inside);
      sequences_.emplace_back(is_whole ? Operand(whole->second.value) : operand, own);
    }
    Item item;
    item.base = own;
    if (is_whole) {
      item.factor = {whole->second.unit};
      item.bound = whole->second.bound;
    } else if (element == Element::boolean) {
      return mask_item(own);
    } else if (element == Element::i32 && around_.largest_sum.count(operand.value) != 0) {
      item.kind = Item::sums;
      item.factor = {1};
      item.bound = around_.largest_sum.at(operand.value);
    } else if (element == Element::f32) { // of a layer in floating point
      const double unit = std::exp2(std::ceil(std::log2(entry_headroom * around_.largest_spike / whole_room)));
      item.base = maker_.op(Opcode::quantize, {Operand(own)},
                            {{"bits", int64_t{32}}, {"limit", static_cast<int64_t>(whole_room)}, {"scale", 1 / unit}},
                            Element::i32, "entering");
      item.factor = {unit};
      item.bound = whole_room;
    } else {
      throw Unsupported();
    }
    return item;
  }

  // It begins at 0, as a literal, or as what the function is given.
  Item membrane(size_t s, const Operand& operand, Value inside) {
    const std::vector<Value>& given = function_.parameters;
    if (operand.is_literal() ? operand.number != 0
                             : std::find(given.begin(), given.end(), operand.value) == given.end())
      throw Unsupported();
    Item item;
    item.factor = {arithmetic_.unit};
    item.bound = reach_[s] / arithmetic_.unit;
    if (!maker_.making())
      return item;
    if (!operand.is_literal())
      function_.values[static_cast<size_t>(operand.value)].type.element = Element::i32;
    const Value own = parameter(Element::i32, inside);
    item.base = own;
    (states_[s].operand < parts_.sequences ? sequences_ : initial_).emplace_back(operand, own);
    return item;
  }

  void yield(int y, const Item& x) {
    const Value result = scan_.results[static_cast<size_t>(y)];
    const auto state = std::find_if(states_.begin(), states_.end(), [&](auto& s) { return s.yield == y; });
    if (state != states_.end())
      return keep(static_cast<size_t>(state - states_.begin()), result, x);
    if (x.kind == Item::mask || x.kind == Item::spikes)
      return emit(result, x.base);
    if (x.kind == Item::constant) // nothing that a neuron emits
      throw Unsupported();
    if (around_.whole_reader[result]) { // held, or bounds would grow from one residual sum to the next
      const double most = entry_headroom * around_.largest_spike, reach = std::min(x.real(), most);
      arithmetic_.need(reach * static_cast<double>(std::max<int64_t>(1, around_.pooled[result])));
      if (chosen_ && reach < units_of_a_result * arithmetic_.unit)
        throw Unsupported();
      Item own = maker_.in_unit(x, arithmetic_.unit);
      if (own.bound * arithmetic_.unit > most) {
        own.bound = std::floor(most / arithmetic_.unit);
        own.base = maker_.saturated(own.base, 32, own.bound, "held");
      }
      if (maker_.making()) {
        Type type = function_.type(result);
        type.element = Element::i32;
        const Value whole = function_.add_value(type, function_.values[static_cast<size_t>(result)].name);
        around_.whole[result] = {whole, arithmetic_.unit, own.bound};
        emit(whole, own.base);
      }
    }
    if (around_.reader[result]) { // nothing is computed with it: where the body's unit does not suit it, in its own
      const double own = std::exp2(std::ceil(std::log2(std::max(x.real(), 1e-30) / whole_room)));
      const bool suits = x.real() <= whole_room * arithmetic_.unit && x.real() >= resolution * arithmetic_.unit;
      const double unit = suits ? arithmetic_.unit : own;
      emit(result, maker_.op(Opcode::dequantize, {maker_.in_unit(x, unit).base},
                             {{"scale", static_cast<double>(static_cast<float>(unit))}}, Element::f32, "real"));
    }
  }

  void emit(Value result, const Operand& value) {
    if (maker_.making())
      emitted_.emplace_back(result, value);
  }

  void keep(size_t s, Value result, const Item& x) {
    yielded_[s] = x.real();
    Operand value = arithmetic_.aligned(x).base;
    if (!maker_.making())
      return;
    if (held_[s] && !value.is_literal())
      value = maker_.saturated(value, 32, std::min(whole_room, reach_[s] / arithmetic_.unit), "held");
    function_.values[static_cast<size_t>(result)].type.element = Element::i32;
    (states_[s].yield < parts_.emits ? emitted_ : final_).emplace_back(result, value);
  }

  const Module& module_;
  Function& function_;
  const Op& scan_;
  Surroundings& around_;
  const ScanParts parts_;
  Maker maker_;
  Arithmetic arithmetic_;

  bool chosen_ = false; // the unit; before, it is 1
  std::vector<Carried> states_;
  std::vector<double> reach_, yielded_; // of each: the largest before a step, and after it
  std::vector<bool> held_;              // what is yielded must be held to its reach
  std::map<Value, Item> items_;

  std::vector<std::pair<Operand, Value>> sequences_, initial_; // outside and inside
  std::vector<std::pair<Value, Operand>> emitted_, final_;
};

} // namespace

bool can_be_fixed(const Module& module, Function& function, const Op& scan, const Surroundings& surroundings) {
  Surroundings around = surroundings;
  try {
    Fix(module, function, scan, around).measure();
    return true;
  } catch (const Unsupported&) {
    return false;
  }
}

std::optional<Op> fixed(const Module& module, Function& function, const Op& scan, Surroundings& surroundings) {
  try {
    Fix fix(module, function, scan, surroundings);
    fix.measure();
    return fix.make();
  } catch (const Unsupported&) { // while measuring: nothing has changed yet
    return std::nullopt;
  }
}

} // namespace rvb::passes
