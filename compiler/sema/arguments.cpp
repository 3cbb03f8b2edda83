#include "sema/elaborate.h"
#include "support/text.h"

namespace rvb::sema {

using Kind = Value::Kind;

bool Elaborator::Reader::wrong_type(size_t slot, const std::string& wanted) {
  const Value& value = *at(slot);
  if (!value.is_error())
    self.report(Code::wrong_type, bound.ranges[slot],
                ticked(slots[slot].name) + " of " + ticked(call.callee.text) + " must be " + wanted + ", found " +
                    describe(value),
                type_name(value));
  return ok = false;
}

bool Elaborator::Reader::in_range(size_t slot, const Value& value, int64_t least) {
  const bool small = value.integer < least;
  if (!small && value.integer <= Limits::extent)
    return true;
  self.report(small ? Code::bad_size : Code::too_large, bound.ranges[slot],
              ticked(slots[slot].name) + " of " + ticked(call.callee.text) + " is " + std::to_string(value.integer),
              small ? "must be at least " + std::to_string(least)
                    : "must be at most " + std::to_string(Limits::extent));
  return ok = false;
}

int64_t Elaborator::Reader::size(size_t slot) {
  const Value& value = *at(slot);
  if (!value.is(Kind::integer)) {
    wrong_type(slot, "an integer");
    return 1;
  }
  return in_range(slot, value, 1) ? value.integer : 1;
}

// A number stands for both directions; a list gives [vertical, horizontal].
void Elaborator::Reader::pair(size_t slot, int64_t least, const int64_t (&absent)[2], int64_t (&result)[2]) {
  result[0] = absent[0];
  result[1] = absent[1];
  const Value* value = at(slot);
  if (value == nullptr)
    return;
  if (value->is(Kind::integer)) {
    if (in_range(slot, *value, least))
      result[0] = result[1] = value->integer;
    return;
  }
  if (!value->is(Kind::list) || value->list->size() != 2 || !(*value->list)[0].is(Kind::integer) ||
      !(*value->list)[1].is(Kind::integer)) {
    wrong_type(slot, "an integer or a list of two");
    return;
  }
  for (size_t i = 0; i < 2; ++i)
    if (in_range(slot, (*value->list)[i], least))
      result[i] = (*value->list)[i].integer;
}

double Elaborator::Reader::real(size_t slot, double absent, double least, double most) {
  const Value* value = at(slot);
  if (value == nullptr)
    return absent;
  if (!value->is_number()) {
    wrong_type(slot, "a number");
    return absent;
  }
  if (value->number >= least && value->number <= most)
    return value->number;
  self.report(Code::bad_value, bound.ranges[slot],
              ticked(slots[slot].name) + " of " + ticked(call.callee.text) + " is " + describe(*value),
              "must be from " + text_of(least) + " to " + text_of(most));
  ok = false;
  return absent;
}

bool Elaborator::Reader::boolean(size_t slot, bool absent) {
  const Value* value = at(slot);
  if (value == nullptr)
    return absent;
  if (!value->is(Kind::boolean))
    wrong_type(slot, "`true` or `false`");
  return value->integer != 0;
}

std::string Elaborator::Reader::word(size_t slot, const std::vector<std::string>& known) {
  const Value* value = at(slot);
  if (value == nullptr)
    return known[0];
  std::string all;
  for (const std::string& each : known) {
    if (value->is(Kind::word) && value->text == each)
      return each;
    all += (all.empty() ? "" : " or ") + ticked(each);
  }
  wrong_type(slot, all);
  return known[0];
}

void Elaborator::Reader::weights(size_t slot, Layer& layer) {
  const Value* value = at(slot);
  if (value == nullptr)
    return;
  if (!value->is(Kind::weights)) {
    wrong_type(slot, "`real`, `binary`, `binary(alpha)`, `ternary` or `ternary(alpha)`");
    return;
  }
  layer.weights = value->weights;
  layer.ste = value->ste;
  layer.ternary_threshold = value->ternary_threshold;
  layer.gain = value->gain;
}

} // namespace rvb::sema
