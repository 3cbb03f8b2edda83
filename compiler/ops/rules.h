// What the files of this folder share: one row per operator, and checks that type rules are made of.
#pragma once

#include "ops/ops.h"

#include <initializer_list>

namespace rvb::ops {

// Every operator's row, defined in the file that knows the operator.
namespace rows {
#define RVB_OPERATOR(name, operands, results, traits) extern const Meaning name;
#include "ir/operators.def"
#undef RVB_OPERATOR
} // namespace rows

using Types = std::vector<ir::Type>;

// Of the whole operation in its function; recurrence.cpp.
std::optional<Types> infer_scan(const ir::Function& function, const ir::Op& op, std::string& error);
std::optional<Types> infer_loop(const ir::Function& function, const ir::Op& op, std::string& error);

enum class Kind { integer, number, text, pair, triple, list };
enum class Need { required, optional };

struct AttributeRule {
  const char* name;
  Kind kind;
  int64_t least = 0; // smallest allowed integer; numbers: 0 = any, 1 = above 0
  Need need = Need::required;
};

// Attributes are bounded so that arithmetic on them never overflows.
constexpr int64_t largest_attribute = int64_t{1} << 31;

// All attributes that the rule lists have their kind and bounds, and there are no others.
bool attributes_fit(const ir::Op& op, std::initializer_list<AttributeRule> rules, std::string& error);

// f32 with at least `rank` dimensions, of which the innermost `fixed` are not the batch.
bool is_tensor(const ir::Type& type, int rank, int fixed, const char* what, std::string& error);
// The type with f32 for i32: of operators that move or pool integers as well.
ir::Type as_real(ir::Type type);
// Different axes of a tensor of `rank` dimensions, in rising order: the attribute `axes`.
bool axes_fit(const ir::Op& op, int rank, std::string& error);

// f32[n]
bool is_vector(const ir::Type& type, int64_t n, const char* what, std::string& error);
bool fail(std::string& error, std::string message);

// The type with its innermost `drop` dimensions replaced.
ir::Type with_tail(const ir::Type& type, int drop, std::initializer_list<int64_t> tail);

// Windows that slide over H and W: convolutions and pools.
struct Window {
  int64_t kernel[2];
  int64_t stride[2];
  int64_t pad[2];
  int64_t dilation[2] = {1, 1}; // taps lie so many pixels apart

  int64_t span(int axis) const { return (kernel[axis] - 1) * dilation[axis] + 1; }
};
// The number of positions along one axis; 0 when the kernel does not fit.
int64_t positions(int64_t extent, const Window& window, int axis);
bool windows_fit(const int64_t (&extent)[2], const Window& window, int64_t (&out)[2], std::string& error);

// A row's meaning with its step rule.
constexpr Meaning stepping(Meaning meaning, StepRule rule, bool in_all = false) {
  meaning.step = rule;
  meaning.steps_in_all = in_all;
  return meaning;
}
// The step rule of operators with `axis`, and of those with `axes`.
std::optional<ir::Op> step_beside_axis(const ir::Op& op, const std::vector<ir::Type>& operands);
std::optional<ir::Op> step_beside_axes(const ir::Op& op, const std::vector<ir::Type>& operands);

// A gradient rule's short hand.
inline ir::Value make(ir::Builder& builder, ir::Opcode opcode, std::vector<ir::Operand> operands,
                      ir::Attributes attributes = {}) {
  return builder.build(opcode, std::move(operands), std::move(attributes), "d");
}
inline ir::Value zeros(ir::Builder& builder, const ir::Type& type) {
  return make(builder, ir::Opcode::fill, {}, {{"dims", type.dims}, {"value", 0.0}});
}
inline ir::Operand number(double value) {
  return ir::Operand::literal(value);
}

} // namespace rvb::ops
