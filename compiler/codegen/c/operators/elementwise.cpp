// Elementwise operations as expressions, every one rounded by itself, and the scans that are made of them.
#include "ir/elementwise.h"
#include "analysis/definitions.h"
#include "codegen/c/operation.h"

#include <algorithm>

namespace rvb::codegen::c {

namespace {

using ir::Elementwise;

std::string limit_of(const ir::Op& op) {
  return fmt::format("{}", op.integer("limit"));
}

std::string rescaled(const Operation& out, const ir::Op& op, const std::vector<std::string>& x) {
  const int64_t shift = op.integer("shift");
  if (op.operands[1].is_literal() && op.operands[1].number == 1) // the last bit that goes decides
    return shift == 0 ? x[0] : fmt::format("(({} >> {}) + 1) >> 1", x[0], shift - 1);
  return fmt::format("{}({}, {}, {})", out.writer.use("rescale"), x[0], x[1], shift);
}

} // namespace

std::string expression(const Operation& out, const ir::Op& op, const std::vector<std::string>& x, ir::Element element) {
  const auto infix = [&](const char* sign) { return fmt::format("{} {} {}", x[0], sign, x[1]); };
  const auto choice = [&](const std::string& which, const std::string& a, const std::string& b) {
    return fmt::format("{} ? {} : {}", which, a, b);
  };
  const bool real = element == ir::Element::f32;
  switch (*ir::elementwise_of(op.opcode)) {
  case Elementwise::add: return infix("+");
  case Elementwise::sub: return infix("-");
  case Elementwise::mul: return infix("*");
  case Elementwise::div: return infix("/");
  case Elementwise::min: return choice(infix("<"), x[0], x[1]);
  case Elementwise::max: return choice(infix(">"), x[0], x[1]);
  case Elementwise::neg: return "-" + x[0];
  case Elementwise::abs: return choice(x[0] + (real ? " < 0.0f" : " < 0"), "-" + x[0], x[0]);
  case Elementwise::greater_equal: return infix(">=");
  case Elementwise::greater: return infix(">");
  case Elementwise::less_equal: return infix("<=");
  case Elementwise::less: return infix("<");
  case Elementwise::logical_and: return infix("&&");
  case Elementwise::logical_or: return infix("||");
  case Elementwise::logical_not: return "!" + x[0];
  case Elementwise::select: return choice(x[0], x[1], x[2]);
  case Elementwise::step: return choice(x[0] + " >= 0.0f", "1.0f", "0.0f");
  case Elementwise::sign: return choice(x[0] + " >= 0.0f", "1.0f", "-1.0f");
  case Elementwise::ternary: return fmt::format("{0} > {1} ? 1.0f : {0} < -{1} ? -1.0f : 0.0f", x[0], x[1]);
  case Elementwise::detach: return x[0];
  case Elementwise::quantize:
    return fmt::format("{}({} * {}, {}.0f)", out.writer.use("round"), x[0],
                       number(static_cast<float>(op.number("scale"))), limit_of(op));
  case Elementwise::dequantize:
    return fmt::format("(float){} * {}", x[0], number(static_cast<float>(op.number("scale"))));
  case Elementwise::rescale: return rescaled(out, op, x);
  case Elementwise::saturate: return fmt::format("{}({}, {})", out.writer.use("saturate"), x[0], limit_of(op));
  case Elementwise::exp:
  case Elementwise::log:
  case Elementwise::sqrt:
  case Elementwise::tanh:
  case Elementwise::sigmoid:
  case Elementwise::atan:
  case Elementwise::cos:
  case Elementwise::softplus:
  case Elementwise::floor:
  case Elementwise::round:
    out.refuse(fmt::format("`{}` needs a library of mathematical functions", ir::info(op.opcode).name));
  }
  return "";
}

std::vector<std::string> write_body(Operation& out, const ir::Op& scan, std::map<ir::Value, std::string> values) {
  std::map<ir::Value, ir::Element> elements;
  for (const ir::Value parameter : scan.body[0].parameters)
    elements[parameter] = out.function.type(parameter).element;
  int made = 0;
  for (const ir::Op& op : scan.body[0].ops) {
    // Literals are whole where the other operands are.
    bool whole = false, real = false;
    for (const ir::Operand& operand : op.operands)
      if (!operand.is_literal()) {
        whole = whole || elements.at(operand.value) == ir::Element::i32;
        real = real || elements.at(operand.value) == ir::Element::f32;
      }
    std::vector<std::string> operands;
    for (const ir::Operand& operand : op.operands)
      operands.push_back(operand.is_literal() ? literal(operand.number, whole ? ir::Element::i32 : ir::Element::f32)
                                              : values.at(operand.value));
    const ir::Element result = out.function.type(op.results[0]).element;
    const std::string name = fmt::format("t{}", made++);
    // Integers of 16 bits are sums of 32 until they are stored.
    const char* type = result == ir::Element::boolean || result == ir::Element::i16 ? "int32_t" : type_name(result);
    out.body.line("const {} {} = {};", type, name,
                  expression(out, op, operands, real ? ir::Element::f32 : ir::Element::i32));
    values[op.results[0]] = name;
    elements[op.results[0]] = result == ir::Element::i16 ? ir::Element::i32 : result;
  }
  std::vector<std::string> yields;
  for (size_t y = 0; y < scan.body[0].yields.size(); ++y) {
    const ir::Operand& yielded = scan.body[0].yields[y];
    yields.push_back(yielded.is_literal() ? literal(yielded.number, out.function.type(scan.results[y]).element)
                                          : values.at(yielded.value));
  }
  return yields;
}

namespace {

// What is stored of a body's expression.
std::string stored(const std::string& value, ir::Element element) {
  return element == ir::Element::i16 || element == ir::Element::boolean
             ? fmt::format("({}){}", type_name(element), value)
             : value;
}

// A scan on all elements, in memory's order.
class Scan {
public:
  Scan(Operation& out, const ir::Op& op) : out_(out), op_(op), parts_(analysis::parts(op)) {
    for (int i = 0; i < static_cast<int>(op.operands.size()); ++i)
      names_.push_back(
          op.operands[static_cast<size_t>(i)].is_literal() ? "" : out.read(op.operands[static_cast<size_t>(i)]));
    for (size_t r = 0; r < op.results.size(); ++r)
      results_.push_back(out.wanted(op.results[r]) ? out.write(op.results[r]) : "");
    all_ = out.type(op.operands[0]);
    for (int i = 0; i < parts_.sequences; ++i)
      if (out.type(op.operands[static_cast<size_t>(i)]).rank() > 0)
        all_ = out.type(op.operands[static_cast<size_t>(i)]);
    for (int i = parts_.sequences; i < parts_.first_state(); ++i)
      channels_ = channels_ || one_a_channel(i);
  }

  void write() {
    Text& body = out_.body;
    const int64_t elements = count(all_), steps = parts_.states != 0 && all_.dims[0] != ir::batch ? all_.dims[0] : 1,
                  inner = elements / steps;
    const int64_t channels = channels_ ? all_.channels() : 1;
    body.line("int32_t i = 0;");
    if (channels != inner)
      body.loop("place", inner / channels);
    body.open("for (int32_t c = 0; c < {}; ++c, ++i)", channels);
    std::map<ir::Value, std::string> values;
    const ir::Body& inside = op_.body[0];
    for (int s = 0; s < parts_.states; ++s) {
      const ir::Value parameter = inside.parameters[static_cast<size_t>(parts_.first_state() + s)];
      const size_t operand = static_cast<size_t>(parts_.first_state() + s);
      const ir::Element element = out_.function.type(parameter).element;
      body.line("{} state{} = {};", type_name(element), s,
                names_[operand].empty() ? literal(op_.operands[operand].number, element) : initial(operand));
      values[parameter] = fmt::format("state{}", s);
    }
    std::string at = "i";
    if (steps > 1) {
      body.open("for (int32_t t = 0, at = i{0}; t < {1}; ++t, at {2}= {3})",
                op_.integer("reverse") != 0 ? fmt::format(" + {}", (steps - 1) * inner) : "", steps,
                op_.integer("reverse") != 0 ? "-" : "+", inner);
      at = "at";
    }
    for (int i = 0; i < parts_.first_state(); ++i)
      values[inside.parameters[static_cast<size_t>(i)]] = operand_at(i, at);
    const std::vector<std::string> yields = write_body(out_, op_, values);
    for (int e = 0; e < parts_.emits; ++e)
      store(static_cast<size_t>(e), at, yields);
    for (int s = 0; s < parts_.states; ++s) // all are read before one is written
      if (steps > 1 || !results_[static_cast<size_t>(parts_.emits + s)].empty())
        body.line("{} next{} = {};",
                  type_name(out_.function.type(op_.results[static_cast<size_t>(parts_.emits + s)]).element), s,
                  yields[static_cast<size_t>(parts_.emits + s)]);
    for (int s = 0; s < parts_.states; ++s)
      if (steps > 1 || !results_[static_cast<size_t>(parts_.emits + s)].empty())
        body.line("state{0} = next{0};", s);
    if (steps > 1)
      body.close();
    for (int s = 0; s < parts_.states; ++s)
      if (const std::string& result = results_[static_cast<size_t>(parts_.emits + s)]; !result.empty())
        body.line("{}[i] = state{};", result, s);
    body.close_to(1);
  }

private:
  bool one_a_channel(int operand) const {
    const ir::Type type = out_.type(op_.operands[static_cast<size_t>(operand)]);
    return type.rank() == 1 && type.dims[0] != 1;
  }
  std::string initial(size_t operand) const {
    const ir::Type type = out_.type(op_.operands[operand]);
    if (type.rank() == 0 || count(type) == 1)
      return names_[operand] + "[0]";
    return names_[operand] + (one_a_channel(static_cast<int>(operand)) && all_.rank() > 2 ? "[c]" : "[i]");
  }
  std::string operand_at(int i, const std::string& at) const {
    const ir::Operand& operand = op_.operands[static_cast<size_t>(i)];
    const ir::Value parameter = op_.body[0].parameters[static_cast<size_t>(i)];
    if (operand.is_literal())
      return literal(operand.number, out_.function.type(parameter).element);
    const std::string& name = names_[static_cast<size_t>(i)];
    if (i < parts_.sequences)
      return fmt::format("{}[{}]", name, at);
    return name + (one_a_channel(i) ? "[c]" : "[0]");
  }
  void store(size_t result, const std::string& at, const std::vector<std::string>& yields) {
    if (!results_[result].empty())
      out_.body.line("{}[{}] = {};", results_[result], at,
                     stored(yields[result], out_.function.type(op_.results[result]).element));
  }

  Operation& out_;
  const ir::Op& op_;
  const analysis::ScanParts parts_;
  std::vector<std::string> names_, results_; // by operand and result; "": a literal, or read by nobody
  ir::Type all_;
  bool channels_ = false; // some invariant is one number a channel
};

} // namespace

void emits::scan(Operation& out) {
  Scan(out, out.op).write();
}

// As the body of a scan whose invariants are what has fewer dimensions than the result.
void emit_elementwise(Operation& out) {
  const ir::Type result = out.result();
  std::vector<std::string> operands;
  bool whole = false, real = false, channels = false;
  for (const ir::Operand& operand : out.op.operands) {
    const ir::Type type = out.type(operand);
    whole = whole || (!operand.is_literal() && type.element == ir::Element::i32);
    real = real || (!operand.is_literal() && type.element == ir::Element::f32);
    channels = channels || (!operand.is_literal() && type.dims != result.dims && count(type) > 1);
  }
  for (const ir::Operand& operand : out.op.operands)
    operands.push_back(operand.is_literal() ? literal(operand.number, whole ? ir::Element::i32 : ir::Element::f32)
                       : out.type(operand).dims == result.dims ? out.read(operand) + "[i]"
                       : count(out.type(operand)) == 1         ? out.read(operand) + "[0]"
                                                               : out.read(operand) + "[c]");
  const std::string to = out.write(out.op.results[0]);
  const int64_t inside = channels ? result.channels() : 1;
  out.body.line("int32_t i = 0;");
  if (count(result) != inside)
    out.body.loop("place", count(result) / inside);
  out.body.open("for (int32_t c = 0; c < {}; ++c, ++i)", inside);
  out.body.line("{}[i] = {};", to,
                stored("(" + expression(out, out.op, operands, real ? ir::Element::f32 : ir::Element::i32) + ")",
                       result.element));
  out.body.close_to(1);
}

} // namespace rvb::codegen::c
