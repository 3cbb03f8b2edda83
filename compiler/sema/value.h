// What an expression of the language is worth while the network is unrolled. Types are checked when a value is used.
#pragma once

#include "sema/program.h"
#include "syntax/ast.h"

#include <map>
#include <memory>
#include <optional>

namespace rvb::sema {

struct Value {
  enum class Kind {
    error, // a mistake was reported; whatever reads it stays silent
    integer,
    real,
    boolean,
    string,
    word,    // a bare word with a meaning of its own: rectangle, flip, …
    list,    // of numbers, truth values, strings, words and tensors
    weights, // real, binary, binary(alpha)
    neuron,  // a neuron whose arguments may be set: reverb(threshold = 0.25)
    block,   // a block, a cell or a function, to be called
    tensor,  // the output of a layer
  };
  Kind kind = Kind::error;
  int64_t integer = 0; // integer and boolean
  double number = 0;   // integer and real
  std::string text;    // string and word
  std::shared_ptr<const std::vector<Value>> list;
  Weights weights;
  const ast::Item* neuron = nullptr;                          // or block; of weights what they go through
  std::shared_ptr<const std::map<std::string, Value>> preset; // of a neuron
  int layer = -1;

  bool is(Kind k) const { return kind == k; }
  bool is_error() const { return kind == Kind::error; }
  bool is_number() const { return kind == Kind::integer || kind == Kind::real; }
  bool called() const { return kind == Kind::neuron || kind == Kind::block; } // `x |> value`

  static Value of_integer(int64_t value);
  static Value of_real(double value);
  static Value of_boolean(bool value);
  static Value of_word(std::string text);
  static Value of_string(std::string text);
  static Value of_list(std::vector<Value> elements);
  static Value of_layer(int layer);
};

std::string type_name(const Value& value); // "an integer"
std::string describe(const Value& value);  // "the integer 3", "a tensor"
std::string text_of(double number);        // the shortest text that reads back
bool equal(const Value& a, const Value& b);
const char* callable(ast::Item::Kind kind); // "block", "function", "cell", or null of what is none of these

} // namespace rvb::sema
