// repeat, sum_time, mean_time, split_time, stack_time: over the outermost axis, one step after the other.
#include "codegen/c/operation.h"

namespace rvb::codegen::c {

namespace {

void sum(Operation& out, bool mean) {
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  const int64_t steps = out.type(out.op.operands[0]).dims[0], inner = count(out.result());
  out.body.loop("i", inner);
  out.body.line("float total = {}[i];", from);
  if (steps > 1) {
    out.body.line("for (int32_t t = 1; t < {}; ++t)", steps);
    out.body.line("  total += {}[t * {} + i];", from, inner);
  }
  out.body.line("{}[i] = total{};", to, mean ? fmt::format(" / {}", number(static_cast<float>(steps))) : "");
  out.body.close();
}

} // namespace

void emits::sum_time(Operation& out) {
  sum(out, false);
}
void emits::mean_time(Operation& out) {
  sum(out, true);
}

void emits::repeat(Operation& out) {
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  const int64_t inner = count(out.type(out.op.operands[0]));
  out.body.loop("t", out.op.integer("times"));
  out.body.line("for (int32_t i = 0; i < {}; ++i)", inner);
  out.body.line("  {}[t * {} + i] = {}[i];", to, inner, from);
  out.body.close();
}

void emits::split_time(Operation& out) {
  const std::string from = out.read(out.op.operands[0]);
  for (size_t t = 0; t < out.op.results.size(); ++t) {
    if (!out.wanted(out.op.results[t]))
      continue;
    const int64_t inner = count(out.result(t));
    const std::string to = out.write(out.op.results[t]);
    out.body.line("for (int32_t i = 0; i < {}; ++i)", inner);
    out.body.line("  {}[i] = {}[i + {}];", to, from, static_cast<int64_t>(t) * inner);
  }
}

void emits::stack_time(Operation& out) {
  int64_t begin = 0;
  for (const ir::Operand& operand : out.op.operands) {
    const std::string from = out.read(operand), to = out.write(out.op.results[0]);
    const int64_t inner = count(out.type(operand));
    out.body.line("for (int32_t i = 0; i < {}; ++i)", inner);
    out.body.line("  {}[i + {}] = {}[i];", to, begin, from);
    begin += inner;
  }
}

} // namespace rvb::codegen::c
