// Synapses at all pixels and time steps, and the neuron after them on the sums of a few pixels at a time: sums of a
// whole layer are never in memory. Steps of a pixel follow each other, so that its membranes are a few numbers, too.
#include "analysis/definitions.h"
#include "codegen/c/operation.h"

namespace rvb::codegen::c {

namespace {

int64_t rounded(int64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

int64_t frames_of(const ir::Function& function, const ir::Op& op, const Window& w) {
  return count(function.type(op.results[0])) / (w.out_height * w.out_width * w.out);
}

class Layer {
public:
  Layer(Operation& out, const Sums& sums)
      : out_(out), sums_(sums), w_(window_of(out.function, out.op)), frames_(frames_of(out.function, out.op, w_)),
        frame_(w_.out_height * w_.out_width * w_.out) {
    spikes_ = out.read(out.op.operands[0]);
    if (sums.tables)
      tables_ = out.scratch(Argument::Kind::tables, sums.spikes == ir::Element::f32                       ? "float"
                                                    : sums.spikes == ir::Element::i16 && sums.pixels == 1 ? "int16_t"
                                                                                                          : "uint32_t");
    if (out.neuron == nullptr)
      result_ = out.write(out.op.results[0]);
    else
      parts_ = analysis::parts(*out.neuron);
    if (out.neuron != nullptr || sums.pixels > 1)
      sums_name_ = out.scratch(Argument::Kind::sums, type_name(sums.sum));
    if (out.neuron == nullptr)
      return;
    for (const ir::Operand& operand : out.neuron->operands)
      names_.push_back(operand.is_literal() || operand.value == out.op.results[0] ? "" : out.read(operand));
    for (const ir::Value result : out.neuron->results)
      results_.push_back(out.wanted(result) ? out.write(result) : "");
    for (int s = 0; s < parts_.states && frames_ > 1; ++s)
      states_.push_back(out.scratch(Argument::Kind::states, type_name(state_element(s))));
  }

  void write() {
    Text& body = out_.body;
    if (w_.out_height > 1)
      body.loop("y", w_.out_height);
    if (w_.out_width > 1)
      body.open("for (int32_t x = 0; x < {}; x += {})", w_.out_width, sums_.pixels);
    const std::string row = w_.out_height > 1 ? "y" : "0", column = w_.out_width > 1 ? "x" : "0";
    body.line("const int32_t top = {};", place(row, w_.stride_y, w_.pad_y));
    body.line("const int32_t left = {};", place(column, w_.stride_x, w_.pad_x));
    body.line("const int32_t first = ({} * {} + {}) * {};", row, w_.out_width, column, w_.out);
    if (sums_.pixels > 1)
      body.line("const int32_t pixels = {0} - x < {1} ? {0} - x : {1};", w_.out_width, sums_.pixels);
    const bool steps = frames_ > 1;
    if (steps && !states_.empty())
      begin_states();
    if (steps)
      body.loop("t", frames_);
    const std::string now = steps ? fmt::format("t * {}", frame_) : "0";
    const std::string target = sums_name_.empty() ? fmt::format("{} + ({} + first)", result_, now) : sums_name_;
    body.line("{}({}, (top * {} + left) * {}{}, top, left, {}{});", sums_.function, spikes_, w_.width, w_.in,
              steps ? fmt::format(" + t * {}", w_.height * w_.width * w_.in) : "",
              tables_.empty() ? "" : tables_ + ", ", target);
    if (!sums_name_.empty()) {
      body.open("for (int32_t c = 0, k = 0, i = {} + first; k < {}{}; ++k, ++i, c = c + 1 == {} ? 0 : c + 1)", now,
                sums_.pixels > 1 ? "pixels * " : "", w_.out, w_.out);
      body.line("const {} sum = sums[k];", type_name(sums_.sum));
      body.line("(void)c;");
      if (out_.neuron == nullptr)
        body.line("{}[i] = sum;", result_);
      else
        neuron();
      body.close();
    }
    if (steps && !states_.empty()) {
      body.close();
      end_states();
    }
    body.close_to(1);
  }

private:
  static std::string place(const std::string& index, int64_t stride, int64_t pad) {
    return fmt::format("{}{}{}", index, stride == 1 ? "" : fmt::format(" * {}", stride),
                       pad == 0 ? "" : fmt::format(" - {}", pad));
  }
  ir::Element state_element(int s) const {
    return out_.function.type(out_.neuron->body[0].parameters[static_cast<size_t>(parts_.first_state() + s)]).element;
  }
  bool one_a_channel(size_t operand) const {
    const ir::Type type = out_.type(out_.neuron->operands[operand]);
    return type.rank() == 1 && type.dims[0] != 1;
  }

  // What state s is before the first step; `i` counts the elements of a step.
  std::string initial(int s, const std::string& i) const {
    const auto operand = static_cast<size_t>(parts_.first_state() + s);
    if (names_[operand].empty())
      return literal(out_.neuron->operands[operand].number, state_element(s));
    const bool one = count(out_.type(out_.neuron->operands[operand])) == 1;
    return names_[operand] + (one ? "[0]" : one_a_channel(operand) ? "[c]" : fmt::format("[{}]", i));
  }
  std::string elements() const { return fmt::format("{}{}", sums_.pixels > 1 ? "pixels * " : "", w_.out); }

  void begin_states() {
    out_.body.open("for (int32_t c = 0, k = 0; k < {}; ++k, c = c + 1 == {} ? 0 : c + 1)", elements(), w_.out);
    out_.body.line("(void)c;");
    for (int s = 0; s < parts_.states; ++s)
      out_.body.line("{}[k] = {};", states_[static_cast<size_t>(s)], initial(s, "first + k"));
    out_.body.close();
  }
  void end_states() {
    for (int s = 0; s < parts_.states; ++s)
      if (const std::string& result = results_[static_cast<size_t>(parts_.emits + s)]; !result.empty()) {
        out_.body.line("for (int32_t k = 0; k < {}; ++k)", elements());
        out_.body.line("  {}[first + k] = {}[k];", result, states_[static_cast<size_t>(s)]);
      }
  }

  void neuron() {
    const ir::Op& op = *out_.neuron;
    const ir::Body& inside = op.body[0];
    std::map<ir::Value, std::string> values;
    for (int i = 0; i < parts_.first_state(); ++i) {
      const auto operand = static_cast<size_t>(i);
      const ir::Operand& read = op.operands[operand];
      std::string& value = values[inside.parameters[operand]];
      if (!read.is_literal() && read.value == out_.op.results[0])
        value = "sum";
      else if (read.is_literal())
        value = literal(read.number, out_.function.type(inside.parameters[operand]).element);
      else if (i < parts_.sequences)
        value = names_[operand] + "[i]";
      else
        value = names_[operand] + (one_a_channel(operand) ? "[c]" : "[0]");
    }
    for (int s = 0; s < parts_.states; ++s)
      values[inside.parameters[static_cast<size_t>(parts_.first_state() + s)]] =
          states_.empty() ? initial(s, "i") : fmt::format("{}[k]", states_[static_cast<size_t>(s)]);
    const std::vector<std::string> yields = write_body(out_, op, values);
    for (int e = 0; e < parts_.emits; ++e)
      if (const std::string& result = results_[static_cast<size_t>(e)]; !result.empty()) {
        const ir::Element element = out_.function.type(op.results[static_cast<size_t>(e)]).element;
        const bool cast = element == ir::Element::i16 || element == ir::Element::boolean;
        out_.body.line("{}[i] = {}{};", result, cast ? fmt::format("({})", type_name(element)) : "",
                       yields[static_cast<size_t>(e)]);
      }
    for (int s = 0; s < parts_.states; ++s) {
      const std::string& yielded = yields[static_cast<size_t>(parts_.emits + s)];
      const std::string& result = results_[static_cast<size_t>(parts_.emits + s)];
      if (!states_.empty())
        out_.body.line("{}[k] = {};", states_[static_cast<size_t>(s)], yielded);
      else if (!result.empty())
        out_.body.line("{}[i] = {};", result, yielded);
    }
  }

  Operation& out_;
  const Sums& sums_;
  const Window w_;
  const int64_t frames_, frame_;
  analysis::ScanParts parts_{};
  std::string spikes_, tables_, sums_name_, result_;
  std::vector<std::string> names_, results_, states_;
};

} // namespace

Scratch scratch_of(const ir::Function& function, const ir::Op& op, const ir::Op* neuron, const Tables* tables) {
  const Window w = window_of(function, op);
  const int64_t pixels = tables == nullptr ? 1 : tables->pixels(), block = rounded(4 * pixels * w.out);
  Scratch scratch;
  scratch.tables = tables == nullptr ? 0 : rounded(tables->bytes);
  if (neuron != nullptr || pixels > 1)
    scratch.sums = block;
  if (neuron != nullptr && frames_of(function, op, w) > 1)
    scratch.states = block * neuron->integer("states");
  return scratch;
}

void emit_layer(Operation& out, const Sums& sums) {
  Layer(out, sums).write();
}

} // namespace rvb::codegen::c
