#include "random_module.h"

#include "ir/builder.h"
#include "ir/text.h"
#include "ops/ops.h"

#include <algorithm>
#include <cmath>

namespace rvb::interpreter {

namespace {

using ir::Opcode;
using ir::Operand;
using ir::Type;
using ir::Value;

// SplitMix64: the standard library's distributions differ between implementations.
class Random {
public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  int64_t between(int64_t low, int64_t high) { return low + below(high - low + 1); }
  bool one_in(int64_t n) { return below(n) == 0; }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(next() >> 11) / 9007199254740992.0;
  }
  template <typename T> const T& of(const std::vector<T>& items) {
    return items[static_cast<size_t>(below(static_cast<int64_t>(items.size())))];
  }

private:
  uint64_t state_;
};

class Generator {
public:
  Generator(uint64_t seed, const RandomOptions& options)
      : random_(seed), options_(options), builder_(function_, function_.ops, &ops::infer) {
    function_.name = options.name;
  }

  ir::Module run() {
    int64_t height = random_.between(3, 6), width = random_.between(3, 6), channels = random_.between(1, 4);
    Value image = parameter({ir::Element::f32, {ir::batch, height, width, channels}}, "image");
    tensors_.push_back(emit(Opcode::repeat, {image}, {{"times", options_.steps}}));
    for (int i = 0; i < options_.operations; ++i) {
      builder_.set_layer(random_.one_in(3) ? "" : "layer" + std::to_string(random_.below(5)) + ".part");
      grow();
    }
    finish();
    module_.functions.push_back(std::move(function_));
    return std::move(module_);
  }

private:
  Value emit(Opcode opcode, std::vector<Operand> operands, ir::Attributes attributes = {}) {
    return builder_.build(opcode, std::move(operands), std::move(attributes), random_.one_in(2) ? "x" : "");
  }

  Value parameter(Type type, const std::string& hint) {
    Value value = function_.add_value(std::move(type), hint);
    function_.parameters.push_back(value);
    return value;
  }

  // Trained numbers: a parameter, or a constant of the module.
  Value weights(std::vector<int64_t> dims) {
    Type type{ir::Element::f32, dims};
    if (!options_.constants || random_.one_in(2))
      return parameter(type, "w" + std::to_string(random_.below(3)) + ".weight");
    std::vector<float> numbers;
    for (int64_t i = 0; i < type.elements_per_sample(); ++i)
      numbers.push_back(static_cast<float>(random_.real(-1, 1)));
    std::string name = "c" + std::to_string(module_.constants.size());
    module_.constants[name] = ir::Constant::from_floats(dims, numbers);
    return builder_.constant(name, type);
  }

  Value bits(std::vector<int64_t> dims) {
    std::vector<uint32_t> words(static_cast<size_t>(Type{ir::Element::u32, dims}.elements_per_sample()));
    for (uint32_t& word : words)
      word = static_cast<uint32_t>(random_.next());
    std::string name = "c" + std::to_string(module_.constants.size());
    module_.constants[name] = ir::Constant::from_words(dims, words);
    return builder_.constant(name, {ir::Element::u32, dims});
  }

  // Weights under sign and scale, now and then.
  Value synaptic(std::vector<int64_t> dims, int64_t input_axis) {
    Value w = weights(dims);
    if (!options_.binary || random_.one_in(2))
      return w;
    w = emit(Opcode::sign, {w}, {{"ste", 1.0}});
    if (random_.one_in(2))
      return w;
    return emit(Opcode::scale, {w, weights({dims[static_cast<size_t>(input_axis)]})}, {{"axis", input_axis}});
  }

  const Type& type(Value value) const { return function_.type(value); }
  bool is_image(Value value) const { return type(value).rank() >= 4 && type(value).has_batch(); }
  bool is_sequence(Value value) const { return type(value).rank() >= 2 && type(value).dims[0] != ir::batch; }

  // One of the newer tensors, so that functions grow deep as well as wide.
  Value pick() {
    size_t window = std::min<size_t>(tensors_.size(), 6);
    return tensors_[tensors_.size() - 1 - static_cast<size_t>(random_.below(static_cast<int64_t>(window)))];
  }

  // A tensor of the given type, a number a channel, or a literal.
  Operand partner(const Type& wanted) {
    std::vector<Value> same;
    for (Value value : tensors_)
      if (type(value) == wanted)
        same.push_back(value);
    if (!same.empty() && !random_.one_in(3))
      return random_.of(same);
    if (random_.one_in(2))
      return weights({wanted.channels()});
    return literal();
  }

  Operand literal() {
    static const std::vector<double> numbers{0, 1, -1, 0.25, 0.5, 2, -0.75, 1e-5, 3.1415927};
    return Operand::literal(random_.of(numbers));
  }

  void grow() {
    Value x = pick();
    switch (random_.below(12)) {
    case 0:
    case 1: return convolve(x);
    case 2: return pool(x);
    case 3: return normalise(x);
    case 4:
    case 5:
    case 6: return scan(x);
    case 7: return change_time(x);
    case 8: return to_features(x);
    case 9:
      if (!function_.ops.empty()) // an equal operation, for cse
        return repeat_operation();
      return;
    default: tensors_.push_back(elementwise(builder_, type(x), {x})); return;
    }
  }

  void repeat_operation() {
    const ir::Op op = random_.of(function_.ops);
    if (op.opcode == Opcode::scan || op.opcode == Opcode::constant)
      return;
    std::vector<Value> results = builder_.build_many(op.opcode, op.operands, op.attributes);
    if (type(results[0]).rank() >= 2 && type(results[0]).has_batch() && type(results[0]).element == ir::Element::f32)
      tensors_.push_back(results[0]);
  }

  void convolve(Value x) {
    if (!is_image(x))
      return to_features(x);
    std::vector<int64_t> dims = type(x).dims;
    int64_t h = dims[dims.size() - 3], w = dims[dims.size() - 2], ci = dims.back(), co = random_.between(1, 5);
    std::vector<int64_t> kernel{random_.between(1, std::min<int64_t>(3, h)),
                                random_.between(1, std::min<int64_t>(3, w))};
    ir::Attributes attributes{{"pad", std::vector<int64_t>{random_.below(2), random_.below(2)}},
                              {"stride", std::vector<int64_t>{random_.between(1, 2), random_.between(1, 2)}}};
    if (options_.binary && random_.one_in(4)) {
      attributes["kernel"] = kernel;
      attributes["channels"] = std::vector<int64_t>{ci, co};
      tensors_.push_back(
          emit(Opcode::binary_conv2d, {x, bits({kernel[0] * kernel[1], (ci + 31) / 32, co})}, attributes));
    } else
      tensors_.push_back(emit(Opcode::conv2d, {x, synaptic({kernel[0], kernel[1], ci, co}, 2)}, attributes));
  }

  void pool(Value x) {
    if (!is_image(x))
      return;
    std::vector<int64_t> dims = type(x).dims;
    std::vector<int64_t> kernel{std::min<int64_t>(2, dims[dims.size() - 3]),
                                std::min<int64_t>(2, dims[dims.size() - 2])};
    ir::Attributes attributes{{"kernel", kernel},
                              {"pad", std::vector<int64_t>{random_.below(kernel[0]), 0}},
                              {"stride", std::vector<int64_t>{random_.between(1, 2), random_.between(1, 2)}}};
    tensors_.push_back(emit(random_.one_in(2) ? Opcode::avgpool : Opcode::maxpool, {x}, attributes));
  }

  void normalise(Value x) {
    int64_t c = type(x).channels();
    if (options_.batch_statistics && random_.one_in(2)) {
      std::vector<Value> results = builder_.build_many(Opcode::batchnorm, {x, weights({c}), weights({c})},
                                                       {{"copies", int64_t{1}}, {"epsilon", 1e-5}});
      tensors_.push_back(results[0]);
      statistics_.push_back(random_.of(results));
      return;
    }
    Value deviation = emit(Opcode::abs, {weights({c})});
    tensors_.push_back(emit(Opcode::batchnorm_inference, {x, weights({c}), weights({c}), weights({c}), deviation},
                            {{"epsilon", 0.01}}));
  }

  void change_time(Value x) {
    if (is_sequence(x))
      tensors_.push_back(emit(random_.one_in(2) ? Opcode::sum_time : Opcode::mean_time, {x}));
    else if (type(x).rank() < ir::max_rank)
      tensors_.push_back(emit(Opcode::repeat, {x}, {{"times", options_.steps}}));
  }

  void to_features(Value x) {
    if (is_image(x)) {
      tensors_.push_back(emit(random_.one_in(2) ? Opcode::flatten : Opcode::global_avgpool, {x}));
      return;
    }
    int64_t in = type(x).channels(), out = random_.between(1, 5);
    if (options_.binary && random_.one_in(4))
      tensors_.push_back(emit(Opcode::binary_linear, {x, bits({1, (in + 31) / 32, out})},
                              {{"channels", std::vector<int64_t>{in, out}}}));
    else
      tensors_.push_back(emit(Opcode::linear, {x, synaptic({in, out}, 0)}));
  }

  // A few elementwise operations over `reals`, all of type `shape` or broadcast to it; gives the last, of that type.
  Value elementwise(ir::Builder& builder, const Type& shape, std::vector<Operand> reals) {
    auto make = [&](Opcode opcode, std::vector<Operand> operands, ir::Attributes attributes = {}) {
      return builder.build(opcode, std::move(operands), std::move(attributes), random_.one_in(3) ? "u" : "");
    };
    Operand a = reals[0],
            b = reals.size() > 1 ? random_.of(reals) : (&builder == &builder_ ? partner(shape) : literal());
    static const std::vector<Opcode> two{Opcode::add, Opcode::sub, Opcode::min, Opcode::max};
    static const std::vector<Opcode> one{Opcode::neg,  Opcode::abs,      Opcode::tanh,  Opcode::sigmoid,
                                         Opcode::atan, Opcode::softplus, Opcode::detach};
    static const std::vector<Opcode> comparisons{Opcode::greater_equal, Opcode::greater, Opcode::less_equal,
                                                 Opcode::less};
    static const std::vector<std::string> surrogates{"rectangle", "triangle", "arctangent", "sigmoid"};
    switch (random_.below(11)) {
    case 0:
    case 1: return random_.one_in(2) ? make(random_.of(two), {a, b}) : make(random_.of(two), {b, a});
    case 2: return make(random_.of(one), {a});
    case 3: return make(Opcode::mul, {a, make(Opcode::tanh, {b})}); // products of products would overflow
    case 4: return make(Opcode::mul, {a, literal()});
    case 5: {
      Operand mask = make(random_.of(comparisons), {a, b});
      if (random_.one_in(3))
        mask = make(Opcode::logical_not, {mask});
      if (random_.one_in(3))
        mask = make(random_.one_in(2) ? Opcode::logical_and : Opcode::logical_or,
                    {mask, make(random_.of(comparisons), {a, literal()})});
      return random_.one_in(2) ? make(Opcode::select, {mask, a, literal()})
                               : make(Opcode::select, {mask, literal(), b});
    }
    case 6:
      return make(Opcode::step, {a}, {{"surrogate", random_.of(surrogates)}, {"width", random_.one_in(2) ? 1.0 : 0.5}});
    case 7: {
      Value positive = make(Opcode::add, {make(Opcode::abs, {a}), Operand::literal(0.5)});
      return random_.one_in(2)   ? make(Opcode::div, {b, positive})
             : random_.one_in(2) ? make(Opcode::log, {positive})
                                 : make(Opcode::sqrt, {positive});
    }
    case 8: return random_.one_in(2) ? make(Opcode::sign, {a}) : make(Opcode::ternary, {a, literal()});
    case 9: { // there and back again: what stands between is i32
      const double scale = random_.one_in(2) ? 10.0 : 3.0;
      Value spikes = make(Opcode::quantize, {a}, {{"bits", int64_t{32}}, {"limit", int64_t{100000}}, {"scale", scale}});
      if (random_.one_in(2))
        spikes = make(Opcode::rescale, {spikes, Operand::literal(3)}, {{"shift", random_.between(0, 3)}});
      if (random_.one_in(2))
        spikes = make(Opcode::saturate, {spikes}, {{"bits", int64_t{32}}, {"limit", random_.between(5, 50)}});
      return make(Opcode::dequantize, {spikes}, {{"scale", 0.125}});
    }
    default: return make(Opcode::exp, {make(Opcode::min, {a, Operand::literal(1)})});
    }
  }

  void scan(Value x) {
    if (!is_sequence(x) && random_.one_in(2))
      return change_time(x);
    Type sequence = type(x), slice = sequence;
    slice.dims.erase(slice.dims.begin());
    ir::Op op{Opcode::scan, {x}, {}, {{"axis", int64_t{0}}}, std::vector<ir::Body>(1), {}};
    ir::Body& body = op.body[0];
    std::vector<Operand> reals;
    auto take = [&](const Type& seen, const char* hint) {
      body.parameters.push_back(function_.add_value(seen, hint));
      if (seen == slice)
        reals.insert(reals.begin(), body.parameters.back());
      else
        reals.push_back(body.parameters.back());
    };
    take(slice, "input");
    for (Value other : tensors_)
      if (other != x && type(other) == sequence && random_.one_in(4) && op.operands.size() < 3) {
        op.operands.push_back(other);
        take(slice, "input");
      }
    int64_t invariants = random_.below(2),
            states = is_sequence(x) ? random_.below(3) : 0; // without states any axis will do
    for (int64_t i = 0; i < invariants; ++i) {
      op.operands.push_back(weights({slice.channels()}));
      take({ir::Element::f32, {slice.channels()}}, "k");
    }
    for (int64_t i = 0; i < states; ++i) {
      op.operands.push_back(literal());
      take(slice, "v");
    }
    if (invariants)
      op.attributes["invariants"] = invariants;
    if (states)
      op.attributes["states"] = states;
    if (states && random_.one_in(4))
      op.attributes["reverse"] = int64_t{1};
    ir::Builder inside(function_, body.ops, &ops::infer);
    for (int64_t i = random_.between(1, 5); i > 0; --i) {
      std::swap(reals[0], reals[static_cast<size_t>(random_.below(static_cast<int64_t>(reals.size())))]);
      reals.insert(reals.begin(), elementwise(inside, slice, reals));
    }
    int64_t emits = random_.between(1, 2);
    for (int64_t i = 0; i < emits + states; ++i)
      body.yields.push_back(i == 0 || !random_.one_in(6) ? reals[static_cast<size_t>(random_.below(2))] : literal());
    std::vector<Value> results = builder_.build_scan(std::move(op), {"o"});
    for (Value result : results)
      if (function_.type(result).element == ir::Element::f32)
        tensors_.push_back(result);
  }

  void finish() {
    for (size_t i = tensors_.size() > 3 ? tensors_.size() - 3 : 0; i < tensors_.size(); ++i)
      if (i + 1 == tensors_.size() || random_.one_in(2))
        give("out" + std::to_string(i), tensors_[i]);
    for (Value value : statistics_)
      give("batch:" + std::to_string(function_.results.size()) + ".mean", value);
  }

  void give(const std::string& name, Value value) {
    function_.results.push_back(value);
    function_.result_ports.push_back(ir::port_of_label(name));
  }

  Random random_;
  RandomOptions options_;
  ir::Module module_;
  ir::Function function_;
  ir::Builder builder_;
  std::vector<Value> tensors_; // f32 with a batch, [T, ?, …] or [?, …]
  std::vector<Value> statistics_;
};

} // namespace

ir::Module random_module(uint64_t seed, const RandomOptions& options) {
  return Generator(seed, options).run();
}

std::vector<Tensor> random_arguments(const ir::Function& function, int64_t batch, uint64_t seed, double low,
                                     double high, int64_t classes) {
  Random random(seed);
  std::vector<Tensor> arguments;
  for (ir::Value parameter : function.parameters) {
    Tensor tensor = zeros(function.type(parameter), batch);
    for (double& number : tensor.data)
      switch (tensor.type.element) {
      case ir::Element::f32: number = random.real(low, high); break;
      case ir::Element::i32: // labels; images of more dimensions are spikes in fixed point
        number = tensor.type.rank() == 1 ? static_cast<double>(random.below(classes))
                                         : static_cast<double>(static_cast<int64_t>(random.below(400001)) - 200000);
        break;
      case ir::Element::i16: number = static_cast<double>(static_cast<int64_t>(random.below(2047)) - 1023); break;
      case ir::Element::boolean: number = static_cast<double>(random.below(2)); break;
      case ir::Element::u32: number = static_cast<double>(static_cast<uint32_t>(random.next())); break;
      }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

std::string difference(const std::vector<Tensor>& expected, const std::vector<Tensor>& actual, double tolerance) {
  if (expected.size() != actual.size())
    return std::to_string(expected.size()) + " results expected, " + std::to_string(actual.size()) + " given";
  for (size_t r = 0; r < expected.size(); ++r) {
    std::string where = "result " + std::to_string(r);
    const std::vector<double>&a = expected[r].data, &b = actual[r].data;
    if (expected[r].type != actual[r].type || a.size() != b.size())
      return where + ": " + ir::print(expected[r].type) + " expected, " + ir::print(actual[r].type) + " given";
    double largest = 1;
    for (double x : a)
      if (std::isfinite(x))
        largest = std::max(largest, std::fabs(x));
    for (size_t i = 0; i < a.size(); ++i) {
      bool same =
          a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || std::fabs(a[i] - b[i]) <= tolerance * largest;
      if (!same)
        return where + "[" + std::to_string(i) + "]: " + std::to_string(a[i]) + " expected, " + std::to_string(b[i]) +
               " given";
    }
  }
  return "";
}

} // namespace rvb::interpreter
