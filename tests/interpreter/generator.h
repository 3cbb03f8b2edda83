// What random modules are made of: one file a family of operators (generate_*.cpp).
#pragma once

#include "ir/builder.h"
#include "random_module.h"
#include "random_numbers.h"

#include <optional>

namespace rvb::interpreter {

class Generator {
public:
  Generator(uint64_t seed, const RandomOptions& options);
  ir::Module run();

private:
  // Whole numbers are at most `bound` in size, so that sums of them can be kept from overflowing.
  struct Whole {
    ir::Value value;
    int64_t bound;
  };

  // What operations are made of, in the function or in the body of a loop.
  struct Pools {
    std::vector<ir::Value> tensors; // f32 with a batch, [T, ?, …] or [?, …], the batch not innermost
    std::vector<Whole> wholes;      // i32, alike
    std::vector<Whole> halves;      // i16, alike
    std::vector<ir::Value> masks;   // bool, alike
    std::vector<ir::Value> shown;   // results that nothing goes on with
  };
  // A loop that is being made: its operands and what the body sees of them.
  struct Loop {
    std::vector<ir::Operand> sequences, outside, states;
    std::vector<ir::Value> slices, inside, before; // `inside`: invariants
  };

  // generator.cpp: what the families share.
  ir::Value emit(ir::Opcode opcode, std::vector<ir::Operand> operands, ir::Attributes attributes = {});
  ir::Value parameter(ir::Type type, const std::string& hint);
  ir::Value labels();
  ir::Value key();
  ir::Value constant(const ir::Constant& constant);    // a parameter where there are to be no constants
  ir::Value weights(const std::vector<int64_t>& dims); // trained numbers: a parameter, or a constant of the module
  ir::Value whole_numbers(const std::vector<int64_t>& dims, int64_t bound); // a constant i32
  ir::Value narrow_numbers(const std::vector<int64_t>& dims);               // a constant i16, below 1024
  ir::Value mask(int64_t channels);                                         // a constant bool
  ir::Value bits(int64_t taps, int64_t in, int64_t out);                    // packed signs
  const ir::Type& type(ir::Value value) const { return function_.type(value); }
  bool is_image(ir::Value value) const;
  bool is_sequence(ir::Value value) const { return type(value).rank() >= 2 && type(value).dims[0] != ir::batch; }
  ir::Value pick(); // one of the newer tensors, so that functions grow deep as well as wide
  std::optional<ir::Value> pick_image();
  std::optional<Whole> pick_whole();
  ir::Operand partner(const ir::Type& wanted); // a tensor of the type, a number a channel, or a literal
  ir::Operand literal();
  ir::Value bounded(ir::Value x) { return emit(ir::Opcode::tanh, {x}); }
  // Goes on with a result if everything else can; shows it otherwise.
  void keep(ir::Value value);
  void show(ir::Value value) { pools_.shown.push_back(value); }
  void grow();
  void repeat_operation();
  void finish();
  void give(const std::string& name, ir::Value value);

  // generate_network.cpp
  ir::Value synaptic(const std::vector<int64_t>& dims, int64_t input_axis); // weights under sign and scale, perhaps
  ir::Attributes windows(ir::Value x, std::vector<int64_t>& kernel);
  void convolve(ir::Value x);
  void pool(ir::Value x);
  void normalise(ir::Value x);
  void change_time(ir::Value x);
  void to_features(ir::Value x);
  void classify(ir::Value x);
  void drop_out(ir::Value x);

  // generate_gradients.cpp
  std::vector<int64_t> size_before(ir::Value g, const std::vector<int64_t>& kernel, const ir::Attributes& windows);
  void synapse_gradient(ir::Value x);
  void pool_gradient(ir::Value x);
  void to_image(ir::Value x);
  void statistics(ir::Value x);

  // generate_axes.cpp
  void arrange(ir::Value x);
  void arrange_axes(ir::Value x);
  void arrange_parts(ir::Value x);
  ir::Value rearranged(ir::Value x); // reshape or permute, of whole numbers as well
  void multiply(ir::Value x);

  // generate_whole.cpp
  void quantize(ir::Value x);
  void whole_arithmetic();
  void whole_space();
  void whole_synapses();
  void whole_scan();

  // generate_scan.cpp
  ir::Value elementwise(ir::Builder& builder, ir::Type shape, const std::vector<ir::Operand>& reals);
  ir::Value masked(ir::Builder& builder, const ir::Type& shape, ir::Operand a, ir::Operand b);
  void scan(ir::Value x);
  void scan_alike(); // one that is there already, with other literals

  // generate_loop.cpp
  ir::Value read(ir::Value outside); // in the body of a loop, as an invariant
  ir::Value slice(Loop& loop, ir::Value sequence);
  ir::Value state(Loop& loop, const ir::Operand& first, ir::Type seen);
  Pools begin(Loop& loop, ir::Value x);
  void loop(ir::Value x);

  Random random_;
  RandomOptions options_;
  ir::Module module_;
  ir::Function function_;
  ir::Builder outermost_;
  ir::Builder* builder_ = &outermost_; // of the function, or of the loop's body that is being made
  Loop* loop_ = nullptr;               // that loop
  Pools pools_;
  ir::Value labels_ = ir::no_value, key_ = ir::no_value;
};

} // namespace rvb::interpreter
