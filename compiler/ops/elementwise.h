// The common rule of shapes of elementwise operators: operands are of the result's shape, or one number a channel
// ([C], C the result's innermost extent), or a scalar.
#pragma once

#include "ops/rules.h"

namespace rvb::ops {

// Whether a tensor of type `from` may stand for one of `to`'s shape (elements are not compared).
bool broadcasts_to(const ir::Type& from, const ir::Type& to);

// The dimensions of the result; nothing, and an error, when the operands do not fit together.
std::optional<std::vector<int64_t>> common_dims(const Types& operands, std::string& error);

// All operands `in`, the result `out`.
template <ir::Element in, ir::Element out>
std::optional<Types> elementwise_types(const ir::Op& op, const Types& operands, std::string& error);

bool all_of_element(const Types& operands, ir::Element element, std::string& error);

// Numbers: f32, or i32 where every operand from `first` on that is no literal is; nothing, and an error, otherwise.
std::optional<ir::Element> element_of_numbers(const ir::Op& op, const Types& operands, std::string& error,
                                              size_t first = 0);
// Such numbers, and a result of their kind.
std::optional<Types> number_types(const ir::Op& op, const Types& operands, std::string& error);

} // namespace rvb::ops
