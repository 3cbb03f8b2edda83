#include "layers/arguments.h"

#include <stdexcept>

namespace rvb::layers {

namespace {

Slot slot(std::string name, Slot::Kind kind, bool required) {
  Slot made;
  made.name = std::move(name);
  made.kind = kind;
  made.required = required;
  return made;
}

} // namespace

Slot tensor(std::string name) {
  return slot(std::move(name), Slot::Kind::tensor, true);
}

Slot size(std::string name) {
  return slot(std::move(name), Slot::Kind::size, true);
}

Slot pair(std::string name, int64_t least) {
  Slot made = slot(std::move(name), Slot::Kind::pair, true);
  made.least = static_cast<double>(least);
  return made;
}

Slot pair(std::string name, int64_t least, int64_t absent) {
  Slot made = pair(std::move(name), least);
  made.required = false;
  made.absent.pair = {absent, absent};
  return made;
}

Slot pair_like(std::string name, int64_t least, std::string other) {
  Slot made = pair(std::move(name), least);
  made.required = false;
  made.like = std::move(other);
  return made;
}

Slot number(std::string name, double absent, double least, double most) {
  Slot made = slot(std::move(name), Slot::Kind::number, false);
  made.absent.number = absent;
  made.least = least;
  made.most = most;
  return made;
}

Slot flag(std::string name, bool absent) {
  Slot made = slot(std::move(name), Slot::Kind::flag, false);
  made.absent.pair = {absent ? 1 : 0, 0};
  return made;
}

Slot word(std::string name, std::vector<std::string> words) {
  Slot made = slot(std::move(name), Slot::Kind::word, false);
  made.absent.word = words.front();
  made.words = std::move(words);
  return made;
}

Slot words(std::string name, std::vector<std::string> words) {
  Slot made = slot(std::move(name), Slot::Kind::words, true);
  made.words = std::move(words);
  return made;
}

Slot list(std::string name) {
  return slot(std::move(name), Slot::Kind::list, true);
}

Slot integer(std::string name, int64_t least) {
  Slot made = slot(std::move(name), Slot::Kind::integer, true);
  made.least = static_cast<double>(least);
  return made;
}

Slot integer(std::string name, int64_t least, int64_t absent) {
  Slot made = integer(std::move(name), least);
  made.required = false;
  made.absent.pair = {absent, absent};
  return made;
}

Slot weights(std::string name) {
  return slot(std::move(name), Slot::Kind::weights, false);
}

Arguments::Arguments(const std::vector<Slot>& slots) : slots_(&slots) {
  for (const Slot& each : slots)
    values_.push_back(each.absent);
}

const Argument* Arguments::find(const std::string& name) const {
  for (size_t i = 0; i < values_.size(); ++i)
    if ((*slots_)[i].name == name)
      return &values_[i];
  return nullptr;
}

const Argument& Arguments::of(const std::string& name) const {
  const Argument* found = find(name);
  if (found == nullptr)
    throw std::logic_error("a layer has no argument `" + name + "`");
  return *found;
}

const Weights* Arguments::weights() const {
  for (size_t i = 0; i < values_.size(); ++i)
    if ((*slots_)[i].kind == Slot::Kind::weights)
      return &values_[i].weights;
  return nullptr;
}

} // namespace rvb::layers
