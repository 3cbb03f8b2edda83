// The parts of one layer's module, each in its own file: tables, sums, neuron, and the tasks that call them.
#pragma once

#include "codegen/layer_shape.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <array>
#include <functional>
#include <map>
#include <tuple>

namespace rvb::codegen {

class LayerBuilder {
public:
  LayerBuilder(const Layer& layer, const kernels::Target& target);

  void build(const std::string& symbol);
  llvm::Module& module() { return module_; }

private:
  // layer_tables.cpp. void tables(image, scale, tables, first_y, rows): makes the tables of `rows` rows of an image
  // from first_y on, with columns of zeros at both sides.
  llvm::Function* build_tables();
  llvm::Value* pair_sums(llvm::Value* spikes); // Q
  llvm::Value* table_of_four(llvm::Value* spikes, int group);
  void store_tables(llvm::Value* spikes, llvm::Value* place, int groups);

  // layer_sums.cpp. void sums(tables, bits, out, taps…): the sums of `pixels` pixels, `across` images or along a row,
  // and `vectors` vectors of outputs; `ends` when the last vector reaches past the last output. Sums of events loop
  // over their pixels: 0.
  struct Variant {
    int pixels, vectors;
    bool across, ends;
    bool operator<(const Variant& o) const {
      return std::tie(pixels, vectors, across, ends) < std::tie(o.pixels, o.vectors, o.across, o.ends);
    }
  };
  llvm::Function* sums(const Variant& variant); // made when first asked for
  llvm::Function* build_sums(const Variant& variant);
  llvm::Function* lookup(); // an instruction: a vector of a table's numbers, at the indices of another vector
  // What stands around the inner loop: a function, its loops over taps and words, its results.
  using Words = std::function<void(llvm::Value* tables, llvm::Value* bits, int channels)>;
  llvm::Function* begin_sums(const Variant& variant);
  void each_word(llvm::Function* f, const Words& body, const std::function<void(llvm::Value*)>& each_tap = {});
  void store_sums(llvm::Function* f, const Variant& variant, const std::vector<llvm::Value*>& sums);
  // layer_narrow.cpp. The same for spikes of 16 bits.
  void store_narrow_tables(const std::array<llvm::Value*, 2>& spikes, llvm::Value* place, int channels);
  void store_narrow_zeros(llvm::Value* place, int columns);
  llvm::Function* build_narrow_sums(const Variant& variant);
  // layer_bytes.cpp. The same on registers of 32 bytes.
  void store_byte_tables(llvm::Value* spikes, llvm::Value* place, llvm::Value* sizes);
  llvm::Function* build_byte_sums(const Variant& variant);

  // layer_sparse.cpp. Instead of tables and sums, where few groups of spikes are not silent.
  llvm::Function* build_events();
  llvm::Function* build_event_sums(const Variant& variant);
  void event_table(llvm::Value* place);
  llvm::Value* event_starts(llvm::Value* scratch, llvm::Value* row,
                            llvm::Value* column); // of that pixel; may be padding
  int64_t events_capacity() const;
  int64_t event_places_at() const;
  int64_t event_starts_at() const;
  int64_t event_row_bytes() const;
  int64_t event_bytes() const;

  // layer_neuron.cpp. The neuron on a block of sums; arguments stand there.
  llvm::Function* neuron(int vectors, bool ends);
  llvm::Function* build_neuron(int vectors, bool ends);
  llvm::Value* lower(const ir::Op& op, const std::vector<llvm::Value*>& operands);
  llvm::Value* lower_whole(const ir::Op& op, const std::vector<llvm::Value*>& operands);
  llvm::Value* rescale(llvm::Value* x, llvm::Value* m, int shift);

  // layer_build.cpp
  void build_task();
  void build_entry(const std::string& symbol);
  struct Place; // where a task is
  void row_of_results(const Place& place, const Phase& phase, llvm::Value* row);
  void tile(const Place& place, const Phase& phase, llvm::Value* row, llvm::Value* column, int pixels, bool across);
  void states_at_rest(const Place& place, bool begin);

  // layer_pieces.cpp
  llvm::Value* number(int64_t v) { return b_.getInt64(static_cast<uint64_t>(v)); }
  llvm::Value* bytes_on(llvm::Value* pointer, llvm::Value* bytes) { return b_.CreateGEP(i8_, pointer, bytes); }
  llvm::Value* bytes_on(llvm::Value* pointer, int64_t bytes) { return bytes_on(pointer, number(bytes)); }
  llvm::Value* times(llvm::Value* v, int64_t factor) { return b_.CreateMul(v, number(factor)); }
  llvm::Value* plus(llvm::Value* v, int64_t term) { return b_.CreateAdd(v, number(term)); }
  llvm::Value* larger(llvm::Value* a, llvm::Value* b) { return b_.CreateSelect(b_.CreateICmpSGT(a, b), a, b); }
  llvm::Value* smaller(llvm::Value* a, llvm::Value* b) { return b_.CreateSelect(b_.CreateICmpSLT(a, b), a, b); }
  void loop(llvm::Value* begin, llvm::Value* end, const std::function<void(llvm::Value*)>& body, int64_t step = 1);
  void when(llvm::Value* condition, const std::function<void()>& body);
  llvm::Function* function(const std::string& name, const std::vector<llvm::Type*>& arguments, bool synapses);
  llvm::Value* unknown(llvm::Value* value); // the same, but LLVM knows nothing about it
  llvm::Value* load(llvm::Type* type, llvm::Value* pointer, unsigned alignment = 4);
  void store(llvm::Value* value, llvm::Value* pointer, unsigned alignment = 4);
  // A vector of lanes_ numbers, or of the first ones where the channels end inside it; the others are 0.
  llvm::Value* load_lanes(llvm::Type* element, llvm::Value* pointer, int count);
  void store_lanes(llvm::Value* value, llvm::Value* pointer, int count);
  llvm::Constant* mask(int count);
  llvm::Constant* splat(double value);
  llvm::Constant* whole_splat(double value); // i32
  // Numbers of tables and sums: f32_, i32_ or (tables of narrow spikes) i16_.
  llvm::Value* add(llvm::Value* a, llvm::Value* b) { return real_ ? b_.CreateFAdd(a, b) : b_.CreateAdd(a, b); }
  // The value where `minus` is 0, its negative where the sign bit (real) or all bits (whole) are 1.
  llvm::Value* signed_by(llvm::Value* value, llvm::Value* minus);
  llvm::Constant* minus_lanes(const std::vector<bool>& lanes); // such a constant

  int last_lanes() const { return (shape_.outputs - 1) % lanes_ + 1; } // of the last vector of outputs
  int64_t table_bytes() const { return int64_t{4} * lanes_; }
  int64_t word_tables() const { return (narrow_ ? narrow_tables : 8) * table_bytes(); } // of 32 channels
  int64_t sizes_at() const { return (shape_.groups() + 1) / 2 * 2 * table_bytes(); }    // layer_bytes.cpp, of a pixel
  int64_t pixel_bytes() const {
    return narrow_ ? shape_.words() * word_tables() : bytes_ ? sizes_at() + 32 : shape_.groups() * table_bytes();
  }
  int64_t spike_bytes() const { return ir::bytes_of(spikes_); }
  int64_t row_bytes() const { return pixel_bytes() * (left_ + shape_.width + right_); }
  int64_t image_bytes() const { return sparse_ ? event_bytes() : row_bytes() * table_rows_; }
  int64_t word_bytes() const { return int64_t{4} * shape_.outputs; } // from a word of an output to its next 32 channels
  int64_t tap_bytes() const { return word_bytes() * shape_.words(); }
  int images_per_task() const { return tiles_.across ? tiles_.images : 1; }
  int strip_count() const;
  bool is_read(ir::Value value) const; // by an operation or the function's caller
  int64_t result_elements() const { return int64_t{1} * shape_.out_height * shape_.out_width * shape_.outputs; }

  const Layer& layer_;
  const kernels::Target& target_;
  const Shape shape_;
  const Tiles tiles_;
  const int lanes_;
  const bool wide_;                                       // registers of 16 numbers: whole tables
  const ir::Element spikes_;                              // f32, i32 or i16
  const bool real_;                                       // they are f32
  const bool sparse_;                                     // groups that are not silent are listed and walked
  const bool narrow_;                                     // i16 spikes on wide registers: tables of 16-bit numbers
  const bool bytes_;                                      // i16 spikes on others: tables of bytes
  int left_ = 0, right_ = 0, table_rows_ = 0, above_ = 0; // the frame of zeros, and what a strip's tables span
  int64_t strip_elements_ = 0;                            // of one state, of all images of a task
  std::vector<ir::Value> inputs_, outputs_;

  llvm::LLVMContext context_;
  llvm::Module module_;
  llvm::IRBuilder<> b_;
  llvm::Type *i8_, *i16_, *i32_, *i64_, *f32_;
  llvm::PointerType* pointer_;
  llvm::FixedVectorType *floats_, *ints_;
  llvm::FixedVectorType* table_; // a table as it lies in memory
  llvm::FixedVectorType* sum_;   // a vector of sums
  llvm::Function* tables_ = nullptr;
  llvm::Function* task_ = nullptr;
  std::map<Variant, llvm::Function*> sums_;
  std::map<std::pair<int, bool>, llvm::Function*> neurons_;
};

} // namespace rvb::codegen
