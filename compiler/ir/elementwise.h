// The elementwise operators as an enumeration, for whoever tells them apart: a `switch` over it has no `default`,
// so that the compiler names every place that a new operator is missing from.
#pragma once

#include "ir/ir.h"

#include <optional>

namespace rvb::ir {

enum class Elementwise : uint8_t {
#define RVB_ELEMENTWISE(name, operands, traits) name = static_cast<uint8_t>(Opcode::name),
#include "ir/elementwise.def"
#undef RVB_ELEMENTWISE
};

// Those that are a machine instruction or a few.
enum class Instruction : uint8_t {
#define RVB_ELEMENTWISE(name, operands, traits)
#define RVB_INSTRUCTION(name, operands, traits) name = static_cast<uint8_t>(Opcode::name),
#include "ir/elementwise.def"
#undef RVB_ELEMENTWISE
};

// Nothing for the others.
inline std::optional<Instruction> instruction_of(Opcode opcode) {
  switch (static_cast<Instruction>(opcode)) {
#define RVB_ELEMENTWISE(name, operands, traits)
#define RVB_INSTRUCTION(name, operands, traits) case Instruction::name:
#include "ir/elementwise.def"
#undef RVB_ELEMENTWISE
    return static_cast<Instruction>(opcode);
  }
  return std::nullopt;
}

// Nothing for operators that are not elementwise.
inline std::optional<Elementwise> elementwise_of(Opcode opcode) {
  if ((info(opcode).traits & elementwise) == 0)
    return std::nullopt;
  return static_cast<Elementwise>(opcode);
}

} // namespace rvb::ir
