// What a layer takes: slots with their defaults and ranges, and what a call gave for them.
#pragma once

#include "layers/weights.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace rvb::layers {

using Pair = std::array<int64_t, 2>; // [vertical, horizontal]

// The value of a slot; which member holds it is the slot's kind.
struct Argument {
  Pair pair = {0, 0}; // size and flag: the first
  double number = 0;
  std::string word;
  Weights weights;
  std::vector<std::string> words;
  std::vector<int64_t> list;
};

struct Slot {
  enum class Kind { tensor, size, integer, pair, number, flag, word, words, list, weights };
  std::string name;
  Kind kind = Kind::tensor;
  bool required = true;
  Argument absent;                // the value of a slot that is left out
  std::string like;               // a pair that is left out is that of this slot
  double least = 0, most = 0;     // of numbers and integers; of pairs, the least alone
  std::vector<std::string> words; // that may stand here; of a `word`, the first one when it is left out
};

// Slots, as rows write them.
Slot tensor(std::string name);
Slot size(std::string name);                                // an integer of at least 1
Slot pair(std::string name, int64_t least);                 // an integer for both directions, or a list of two
Slot pair(std::string name, int64_t least, int64_t absent); //
Slot pair_like(std::string name, int64_t least, std::string other);
Slot number(std::string name, double absent, double least, double most);
Slot flag(std::string name, bool absent);
Slot word(std::string name, std::vector<std::string> words);
Slot words(std::string name, std::vector<std::string> words); // one or a list, each once; not to be left out
Slot list(std::string name);                                  // of integers; not to be left out
Slot integer(std::string name, int64_t least);                // not to be left out
Slot integer(std::string name, int64_t least, int64_t absent);
Slot weights(std::string name);

// The checked arguments of one call, defaults filled in: one a slot.
class Arguments {
public:
  Arguments() = default;
  explicit Arguments(const std::vector<Slot>& slots); // the defaults

  Argument& at(size_t slot) { return values_[slot]; }
  bool has(const std::string& name) const { return find(name) != nullptr; }
  // By the name of a slot, which the layer has; a bug in the compiler where it has not.
  int64_t size(const std::string& name) const { return of(name).pair[0]; }
  const Pair& pair(const std::string& name) const { return of(name).pair; }
  double number(const std::string& name) const { return of(name).number; }
  bool flag(const std::string& name) const { return of(name).pair[0] != 0; }
  int64_t integer(const std::string& name) const { return of(name).pair[0]; }
  const std::string& word(const std::string& name) const { return of(name).word; }
  const std::vector<std::string>& words(const std::string& name) const { return of(name).words; }
  const std::vector<int64_t>& list(const std::string& name) const { return of(name).list; }
  const Weights* weights() const; // of synapses; null when the layer has none

  // Every slot but the tensors, in order: what a call prints as.
  template <typename Visit> void each(const Visit& visit) const {
    for (size_t i = 0; i < values_.size(); ++i)
      if ((*slots_)[i].kind != Slot::Kind::tensor)
        visit((*slots_)[i], values_[i]);
  }

private:
  const Argument* find(const std::string& name) const;
  const Argument& of(const std::string& name) const;

  const std::vector<Slot>* slots_ = nullptr; // of the row
  std::vector<Argument> values_;
};

} // namespace rvb::layers
