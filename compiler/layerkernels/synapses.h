// The code of a scheme. A task makes tables of the rows that its windows meet (or whatever else the scheme keeps of an
// image), and then sums, block by block.
#pragma once

#include "layerkernels/emitting.h"

#include <map>
#include <tuple>

namespace rvb::layerkernels {

// Rows of an image, from `first` on, whose tables are to stand from the scratch's row `table_row` on.
struct Rows {
  llvm::Value *image, *scale, *scratch, *table_row, *first, *count;
};

// The windows of a tile's pixels.
struct Windows {
  llvm::Value* scratch;                // of the image, or of the first of several
  llvm::Value* table_row;              // of the first tap
  llvm::Value* column;                 // of the image, where the first window begins
  llvm::Value* tables;                 // what first_tap() gave
  llvm::Value *rows, *columns;         // of taps
  llvm::Value *bits_row, *bits_column; // bytes from a tap's weights to the next row's, the next column's
};

struct Variant {
  int pixels, vectors;
  bool across; // the pixels are of several images
  bool ends;   // the last vector reaches past the last output
  bool operator<(const Variant& o) const {
    return std::tie(pixels, vectors, across, ends) < std::tie(o.pixels, o.vectors, o.across, o.ends);
  }
};

// Where weights stand: bytes from an output's to the next one's, from a tap's to the next one's.
struct WeightBytes {
  int64_t output, tap;
};

// Where the sums of a block go: the first pixel's to `out`, the next one's out_stride bytes on.
struct Results {
  llvm::Value *weights, *out, *out_stride; // weights: of the first tap for the block's first output
};

class Synapses : protected Emitting {
public:
  virtual ~Synapses() = default;

  virtual int64_t image_bytes() const = 0; // of an image's scratch
  virtual void build_rows() = 0;           // the function that fill() calls
  virtual void fill(const Rows& rows) = 0;
  // Weights in another form than the tensor's, made once a task for its outputs, whose scratch `prepared` has
  // weight_bytes().output bytes for each.
  virtual bool prepares() const { return false; }
  virtual WeightBytes weight_bytes() const { return {4, shape_.tap_bytes()}; }
  virtual void prepare(llvm::Value* /*tensor*/, llvm::Value* /*prepared*/, llvm::Value* /*first*/,
                       llvm::Value* /*end*/) {} // outputs
  // Where the tables of a window's first tap stand.
  virtual llvm::Value* first_tap(llvm::Value* scratch, llvm::Value* table_row, llvm::Value* table_column) = 0;
  virtual void sum(const Variant& variant, const Windows& windows, const Results& results) = 0;

protected:
  Synapses(Code& code, const Work& work) : Emitting(code, work) {}
  // The function that sums a block, made when it is first asked for.
  virtual llvm::Function* build_sums(const Variant& variant) = 0;
  llvm::Function* sums(const Variant& variant) {
    llvm::Function*& made = sums_[variant];
    if (made == nullptr) {
      llvm::IRBuilder<>::InsertPointGuard guard(b_);
      made = build_sums(variant);
    }
    return made;
  }
  int lanes_of(const Variant& variant, int vector) const {
    return variant.ends && vector == variant.vectors - 1 ? work_.last_lanes() : lanes_;
  }
  int64_t spike_bytes() const { return ir::bytes_of(shape_.spikes); }

private:
  std::map<Variant, llvm::Function*> sums_;
};

} // namespace rvb::layerkernels
