// The tensor IR as data: values that can be copied, compared and printed. What an operator means is in ops/, how it
// runs is in kernels/; the list of operators is operators.def, their signatures are OPERATORS.md.
//
// A module holds functions and the contents of constants. A function is a list of operations in order; an operation
// reads values (or literal numbers), makes values, and carries attributes. `scan` and `loop` have a body.
#pragma once

#include "ir/ports.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace rvb::ir {

enum class Element : uint8_t { f32, boolean, i32, u32, i16 };

constexpr int64_t batch = -1; // the dimension that is known at run time, printed `?`

// Dimensions from the outermost to the innermost: [T, ?, H, W, C] for a sequence of images. A scalar has none.
struct Type {
  Element element = Element::f32;
  std::vector<int64_t> dims;

  int rank() const { return static_cast<int>(dims.size()); }
  int64_t channels() const { return dims.empty() ? 1 : dims.back(); } // the innermost extent
  bool has_batch() const;
  int64_t elements_per_sample() const;     // the product of all dimensions but the batch
  int64_t elements(int64_t samples) const; // with the batch resolved to `samples`
  bool operator==(const Type& other) const { return element == other.element && dims == other.dims; }
  bool operator!=(const Type& other) const { return !(*this == other); }
};

enum class Opcode : uint8_t {
#define RVB_OPERATOR(name, operands, results, traits) name,
#include "ir/operators.def"
#undef RVB_OPERATOR
};

enum Trait : unsigned {
  none = 0,
  elementwise = 1,      // one result of the operands' common shape; may stand in a scan's body
  commutative = 2,      // operands may be exchanged
  linear_time = 4,      // each leading (time, batch) index is treated alike and alone: f(repeat(x)) = repeat(f(x))
  has_body = 8,         // scan, loop
  addition_only = 16,   // a synaptic operator of the deployed program: its code must not multiply
  sums_time = 64,       // a sum over each leading (time, batch) index: f of a sequence is the sum of f of its slices
  moves = 128,          // every number of a result is one of an operand's, or 0
  neuron_function = 32, // elementwise: a function of the language's neurons under the same name
};

// One row of operators.def. A negative count means "any number".
struct OperatorInfo {
  Opcode opcode;
  const char* name;
  int operands;
  int results;
  unsigned traits;
};

const OperatorInfo& info(Opcode opcode);
const std::vector<OperatorInfo>& all_operators();           // in the order of the rows
const OperatorInfo* find_operator(const std::string& name); // null when there is none

using Value = int32_t; // an index into Function::values
constexpr Value no_value = -1;

// What an operation reads: a value, or a literal number (f32 scalar, broadcast).
struct Operand {
  Value value = no_value;
  double number = 0;

  Operand() = default;
  Operand(Value v) : value(v) {}
  static Operand literal(double number) {
    Operand operand;
    operand.number = number;
    return operand;
  }
  bool is_literal() const { return value == no_value; }
  bool operator==(const Operand& o) const { return value == o.value && (value != no_value || number == o.number); }
  bool operator!=(const Operand& o) const { return !(*this == o); }
};

using Attribute = std::variant<int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;
using Attributes = std::map<std::string, Attribute>; // ordered, so that printing is a function of the IR

struct Op;

// The body of a scan or loop: parameters in the order of the operands, then operations, then what it yields.
struct Body {
  std::vector<Value> parameters;
  std::vector<Op> ops;
  std::vector<Operand> yields;
};

struct Op {
  Opcode opcode;
  std::vector<Operand> operands;
  std::vector<Value> results;
  Attributes attributes;
  std::vector<Body> body; // one for scan and loop, none otherwise (a vector so that Op may stand in Body)
  std::string layer;      // dotted path of the layer it comes from; "" when none. Printed as `@ path`.

  bool has(const std::string& name) const { return attributes.count(name) != 0; }
  int64_t integer(const std::string& name, int64_t otherwise = 0) const;
  double number(const std::string& name, double otherwise = 0) const;
  std::string text(const std::string& name, const std::string& otherwise = "") const;
  std::vector<int64_t> integers(const std::string& name) const; // empty when missing
};

struct ValueInfo {
  Type type;
  std::string name; // unique in the function, without the %
  Port port = {};   // of a parameter of the function
};

// The names of a function's values as add_value has seen them: networks of thousands of layers make tens of thousands,
// and looking at all of them for every new one was most of compiling such a network. Names do not change, and values
// come after those that are there. A copy of the function learns them again when it is first given a value.
class NameIndex {
public:
  NameIndex() = default;
  NameIndex(const NameIndex&) {}
  NameIndex(NameIndex&&) = default;
  NameIndex& operator=(const NameIndex&) { return *this = NameIndex(); }
  NameIndex& operator=(NameIndex&&) = default;

  // `name`, or one like it, that none of the values has.
  std::string unique(const std::vector<ValueInfo>& values, std::string name);

private:
  void add(const std::string& name);

  size_t known_ = 0; // of the values
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int64_t> highest_; // the 12 of u.12, by u
};

struct Function {
  std::string name; // without the @
  std::vector<ValueInfo> values;
  std::vector<Value> parameters;
  std::vector<Op> ops;
  std::vector<Operand> results;   // what `ret` returns
  std::vector<Port> result_ports; // what they are; may be empty
  NameIndex names;                // of add_value

  const Type& type(Value value) const { return values[value].type; }
  Value add_value(Type type, const std::string& hint);  // makes the name unique
  Value find(const std::string& name) const;            // no_value when missing
  Value parameter(const std::string& name) const;       // a parameter by name; no_value when missing
  Value parameter(Role role) const;                     // the first of this role; no_value when missing
  int result(Role role, const std::string& name) const; // its index; -1 when missing
};

// The contents of a constant, in the element type's own bytes, row-major in the IR's dimensions.
struct Constant {
  Type type;
  std::vector<uint8_t> bytes;
  uint64_t hash = 0; // stands for the bytes where a text carried only their hash (bytes is empty then)

  static Constant from_floats(std::vector<int64_t> dims, const std::vector<float>& values);
  static Constant from_integers(std::vector<int64_t> dims, const std::vector<int32_t>& values);
  static Constant from_words(std::vector<int64_t> dims, const std::vector<uint32_t>& values);
  std::vector<float> floats() const;
  std::vector<uint32_t> words() const;
};

int64_t bytes_of(Element element);     // of one element: 4, 2 for i16, 1 for bool
bool is_name(const std::string& text); // letters, digits, `_` and `.`, at least one

// Bounds that every type of a well-formed module keeps, so that products of dimensions never overflow.
constexpr int max_rank = 8;
constexpr int64_t max_dimension = int64_t{1} << 31;
constexpr int64_t max_elements = int64_t{1} << 40; // per sample
// What is wrong with a type (a dimension below 1, two batches, too large); empty when nothing.
std::string fault(const Type& type);

struct Module {
  std::vector<Function> functions;
  std::map<std::string, Constant> constants; // by name; `constant() {name = "..."}` refers to them

  Function* find(const std::string& name);
  const Function* find(const std::string& name) const;
};

} // namespace rvb::ir
