// The schemes of NEON: registers of 16 bytes, and a lookup, `tbl`, that finds 16 bytes in a table of two registers.
//
// A table is 32 bytes of sums, an index vector 16 bytes that choose from it. What differs is what the bytes are: a
// format.
//
//                                     a table                        an index vector        found is added by
//   f32        neon_words.cpp         8 sums of three spikes         four outputs           fadd
//   i32, i16   neon_digits.cpp        a byte of the sums of four,    eight outputs, a byte  uadalp, which adds
//                                     16 of each of two groups       for each group         neighbours, widened
//
// So one loop serves all: for every step (three or eight channels), the index vectors of a block of outputs; for every
// pixel, its tables; for each of them and each index vector, tbl and an addition. Cycles of a core with two vector
// pipes (Cortex-A76, Neoverse N1), in synapses: f32 12, i32 21, i16 32; `fmla` 8. bench/arm.py models the loops as
// they are compiled.
//
// The bits of the weights become index vectors once a task (prepare): two to eleven bits a synapse, for a share of the
// outputs that stays in the L2 cache.
#pragma once

#include "layerkernels/scheme.h"
#include "layerkernels/schemes/dense.h"

namespace rvb::layerkernels {

struct NeonFormat {
  int channels; // of a step
  int tables;   // of a step
  int lanes;    // outputs of an index vector
  int more;     // bytes of a pixel after its tables

  int64_t steps(const Shape& shape) const { return (shape.channels + channels - 1) / channels; } // of a tap
  int64_t step_bytes() const { return int64_t{32} * tables; }
  int64_t pixel_bytes(const Shape& shape) const { return steps(shape) * step_bytes() + more; }
  int64_t tap_bytes(const Shape& shape) const { return 16 * steps(shape); } // of a vector of outputs
  int64_t output_bytes(const Shape& shape) const { return tap_bytes(shape) * shape.kernel_y * shape.kernel_x / lanes; }
};

class Neon : public Dense {
public:
  bool prepares() const override { return true; }
  WeightBytes weight_bytes() const override { return {format_.output_bytes(shape_), format_.tap_bytes(shape_)}; }
  void prepare(llvm::Value* tensor, llvm::Value* prepared, llvm::Value* first, llvm::Value* end) override;

protected:
  Neon(Code& code, const Work& work, const NeonFormat& format);
  llvm::Function* build_sums(const Variant& variant) override;

  // The index vector of a step from its outputs' words of a tap, of which `used` are there.
  virtual llvm::Value* indices(llvm::Value* words, llvm::Value* step, int used) = 0;
  virtual llvm::FixedVectorType* sums_type() const = 0;
  virtual llvm::Value* add(llvm::Value* sum, llvm::Value* found) = 0; // found: 16 bytes

  // Around the loop over steps.
  using Sums = std::vector<llvm::Value*>;                  // places of pixel, table and vector, the last one innermost
  virtual int64_t most_steps() const { return INT64_MAX; } // before sums would overflow
  virtual void begin(const Variant& /*variant*/, bool /*overflows*/) {} // whether widen() comes
  virtual void begin_tap(llvm::Value* /*tables*/, const Variant& /*variant*/) {}
  virtual void widen(const Variant& /*variant*/, const Sums& /*sums*/) {}                // and begin anew
  virtual Sums results(llvm::Function* f, const Variant& variant, const Sums& sums) = 0; // of pixel and vector

  llvm::Value* cleared(llvm::Type* type);
  llvm::Value* word_at(llvm::Value* words, llvm::Value* word, int used); // of each output
  int64_t steps() const { return format_.steps(shape_); }
  size_t place(const Variant& variant, int pixel, int table, int vector) const {
    return static_cast<size_t>((pixel * format_.tables + table) * variant.vectors + vector);
  }

  const NeonFormat format_;
  llvm::FixedVectorType* const bytes_; // 16

private:
  llvm::Function* indices_function(int used);
  int64_t vector_bytes() const { return format_.output_bytes(shape_) * format_.lanes; }
  void each_steps(llvm::Value* tables, llvm::Value* bits, const Variant& variant, const Sums& sums, int64_t first,
                  int64_t count);
  void step(llvm::Value* tables, llvm::Value* bits, const Variant& variant, const Sums& sums);

  llvm::Function *whole_ = nullptr, *rest_ = nullptr; // that make index vectors
};

// Sums in registers: 16, which leaves as many for indices, tables and what was found.
template <typename Code_of_format> class NeonScheme final : public Scheme {
public:
  explicit NeonScheme(const Shape& shape) : Scheme(shape, Code_of_format::format.lanes) {}

  Block block(int results, int vectors) const override {
    const int v = std::min(4, vectors);
    return {std::clamp(16 / (v * Code_of_format::format.tables), 1, std::min(results, most_pixels)), v};
  }
  int64_t row_bytes() const override { return Code_of_format::format.pixel_bytes(shape_) * shape_.width; }
  // Half a megabyte is what small cores have.
  int64_t table_cache() const override { return 256 << 10; }
  int64_t prepared_bytes() const override { return Code_of_format::format.output_bytes(shape_); }
  int64_t prepared_cache() const override { return 192 << 10; }
  bool products_of_neighbours() const override { return true; }
  double break_even(int) const override { return 1; }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    return std::make_unique<Code_of_format>(code, work);
  }
};

std::unique_ptr<Scheme> neon_words(const Shape& shape);  // f32
std::unique_ptr<Scheme> neon_digits(const Shape& shape); // i16, i32

} // namespace rvb::layerkernels
