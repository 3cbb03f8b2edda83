#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>

namespace rvb::sema {

namespace {

using Kind = Value::Kind;
using layers::Argument;
using LayerSlot = layers::Slot;

// Reads the arguments of one call of a layer, each by the kind of its slot.
class Reader {
public:
  Reader(Elaborator& elaborator, const layers::Row& row, const ast::Expr& call, const Bound& bound)
      : elaborator_(elaborator), row_(row), call_(call), bound_(bound) {}

  bool ok() const { return ok_; }

  void read(const LayerSlot& slot, size_t index, Argument& result) {
    if (!bound_.values[index])
      return;
    slot_ = &slot;
    value_ = &*bound_.values[index];
    range_ = bound_.ranges[index];
    switch (slot.kind) {
    case LayerSlot::Kind::tensor: tensor(); break;
    case LayerSlot::Kind::size: size(result); break;
    case LayerSlot::Kind::integer:
      if (expect(Kind::integer, "an integer") && in_range(*value_, static_cast<int64_t>(slot.least)))
        result.pair[0] = value_->integer;
      break;
    case LayerSlot::Kind::words: words(result); break;
    case LayerSlot::Kind::list: list(result); break;
    case LayerSlot::Kind::pair: pair(result); break;
    case LayerSlot::Kind::number: number(result); break;
    case LayerSlot::Kind::flag:
      if (expect(Kind::boolean, "`true` or `false`"))
        result.pair[0] = value_->integer != 0 ? 1 : 0;
      break;
    case LayerSlot::Kind::word: word(result); break;
    case LayerSlot::Kind::weights:
      if (expect(Kind::weights, "`real`, `binary`, `binary(alpha)`, `ternary` or `ternary(alpha)`"))
        result.weights = value_->weights;
      break;
    }
  }

private:
  std::string named() const { return ticked(slot_->name) + " of " + ticked(call_.callee.text); }

  void wrong_type(const std::string& wanted) {
    ok_ = false;
    if (!value_->is_error())
      elaborator_.report(Code::wrong_type, range_, named() + " must be " + wanted + ", found " + describe(*value_),
                         type_name(*value_));
  }

  bool expect(Kind kind, const std::string& wanted) {
    if (value_->is(kind))
      return true;
    wrong_type(wanted);
    return false;
  }

  bool in_range(const Value& value, int64_t least) {
    const bool small = value.integer < least;
    if (!small && value.integer <= Limits::extent)
      return true;
    ok_ = false;
    elaborator_.report(
        small ? Code::bad_size : Code::too_large, range_, named() + " is " + std::to_string(value.integer),
        small ? "must be at least " + std::to_string(least) : "must be at most " + std::to_string(Limits::extent));
    return false;
  }

  void size(Argument& result) {
    result.pair[0] = 1; // whatever is read on has a size
    if (expect(Kind::integer, "an integer") && in_range(*value_, 1))
      result.pair[0] = value_->integer;
  }

  // A number stands for both directions; a list gives [vertical, horizontal].
  void pair(Argument& result) {
    const auto least = static_cast<int64_t>(slot_->least);
    if (value_->is(Kind::integer)) {
      if (in_range(*value_, least))
        result.pair = {value_->integer, value_->integer};
      return;
    }
    if (!value_->is(Kind::list) || value_->list->size() != 2 || !(*value_->list)[0].is(Kind::integer) ||
        !(*value_->list)[1].is(Kind::integer)) {
      wrong_type("an integer or a list of two");
      return;
    }
    for (size_t i = 0; i < 2; ++i)
      if (in_range((*value_->list)[i], least))
        result.pair[i] = (*value_->list)[i].integer;
  }

  void number(Argument& result) {
    if (!value_->is_number()) {
      wrong_type("a number");
      return;
    }
    if (value_->number >= slot_->least && value_->number <= slot_->most) {
      result.number = value_->number;
      return;
    }
    ok_ = false;
    elaborator_.report(Code::bad_value, range_, named() + " is " + describe(*value_),
                       "must be from " + text_of(slot_->least) + " to " + text_of(slot_->most));
  }

  void word(Argument& result) {
    std::string all;
    for (const std::string& each : slot_->words) {
      if (value_->is(Kind::word) && value_->text == each) {
        result.word = each;
        return;
      }
      all += (all.empty() ? "" : " or ") + ticked(each);
    }
    wrong_type(all);
  }

  // Several words, or one by itself.
  void words(Argument& result) {
    std::string all;
    for (const std::string& each : slot_->words)
      all += (all.empty() ? "" : ", ") + ticked(each);
    const std::string wanted = "one of " + all + ", or a list of them";
    if (value_->is(Kind::list) && value_->list->empty())
      return wrong_type(wanted);
    for (const Value& each : value_->is(Kind::list) ? *value_->list : std::vector<Value>{*value_}) {
      const bool known =
          each.is(Kind::word) && std::find(slot_->words.begin(), slot_->words.end(), each.text) != slot_->words.end();
      if (!known || std::find(result.words.begin(), result.words.end(), each.text) != result.words.end())
        return wrong_type(wanted + (known ? ", each once" : ""));
      result.words.push_back(each.text);
    }
  }

  void list(Argument& result) {
    const bool fits = value_->is(Kind::list) && !value_->list->empty() &&
                      std::all_of(value_->list->begin(), value_->list->end(),
                                  [](const Value& each) { return each.is(Kind::integer); });
    if (!fits)
      return wrong_type("a list of integers");
    for (const Value& each : *value_->list)
      result.list.push_back(each.integer);
  }

  void tensor() {
    if (!expect(Kind::tensor, "a tensor"))
      return;
    const layers::Tensor tensor = elaborator_.tensor_of(*value_);
    if (tensor.truth) {
      ok_ = false;
      elaborator_.report(Code::wrong_type, range_, named() + " must be numbers, found truth values", "truth values")
          .help("a condition becomes numbers with `? 1 : 0`");
    } else if (!tensor.has_batch && !row_.for_all_samples) {
      ok_ = false;
      elaborator_.report(Code::wrong_type, range_, named() + " must be a tensor of samples, found what is learned",
                         "the same for all samples");
    }
  }

  Elaborator& elaborator_;
  const layers::Row& row_;
  const ast::Expr& call_;
  const Bound& bound_;
  const LayerSlot* slot_ = nullptr; // what is read
  const Value* value_ = nullptr;
  Range range_;
  bool ok_ = true;
};

} // namespace

// The inputs and arguments of `layer`, checked; what is left out has its default.
bool Elaborator::read_arguments(Layer& layer, const ast::Expr& call, const Bound& bound) {
  const std::vector<LayerSlot>& slots = layer.row->slots;
  layer.arguments = layers::Arguments(slots);
  Reader reader(*this, *layer.row, call, bound);
  for (size_t i = 0; i < slots.size(); ++i) {
    Argument& argument = layer.arguments.at(i);
    if (!slots[i].like.empty())
      argument.pair = layer.arguments.pair(slots[i].like);
    reader.read(slots[i], i, argument);
    if (slots[i].kind == LayerSlot::Kind::tensor)
      layer.inputs.push_back(bound.values[i]->layer);
  }
  return reader.ok();
}

} // namespace rvb::sema
