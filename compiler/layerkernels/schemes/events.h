// Synapses that few spikes enter: sums of events. The class is what the instruction sets share.
#pragma once

#include "layerkernels/numbers.h"
#include "layerkernels/synapses.h"

#include <algorithm>

namespace rvb::layerkernels {

class Events : public Synapses {
public:
  int64_t image_bytes() const override;
  void build_rows() override;
  void fill(const Rows& rows) override;
  llvm::Value* first_tap(llvm::Value*, llvm::Value*, llvm::Value*) override { return nullptr; }
  void sum(const Variant& variant, const Windows& windows, const Results& results) override;

protected:
  Events(Code& code, const Work& work) : Synapses(code, work), numbers_(numbers_of(code, work)) {}
  llvm::Function* build_sums(const Variant& variant) override;

  // The 64 bytes of tables at `place`: where the spikes stand that they are made of; `pair` and `third` are the signed
  // sums of the first two and the third.
  virtual void store_table(llvm::Value* pair, llvm::Value* third, llvm::Value* place) = 0;
  virtual void load_table(llvm::Value* place) = 0;      // of the event that look_up() is asked for
  virtual llvm::Value* look_up(llvm::Value* index) = 0; // the sums that the lowest four bits of each lane choose
  virtual llvm::Value* shifted(llvm::Value* word, llvm::Value* shift) = 0; // all lanes by one number of bits
  virtual llvm::Value* is_silent(llvm::Value* spikes) = 0;                 // four of 32 bits: 1 when none fires
  virtual void hold(llvm::Value*& /*sum*/, llvm::Value*& /*shift*/) {}

  llvm::Value* spike(llvm::Value* place, int channel);        // in all lanes
  llvm::Value* signed_spike(llvm::Value* place, int channel); // as the entries' bits say

  const std::unique_ptr<Numbers> numbers_;

private:
  void list_group(llvm::Value* image_spikes, llvm::Value* x, llvm::Value* word, int group, int channels);
  void list_pixel(llvm::Value* pixel, llvm::Value* x);
  llvm::Value* spikes_of(llvm::Value* from, int channels);
  void event_table(llvm::Value* place);
  void add_event(llvm::Value* n, llvm::Value* scratch, llvm::Value* row_bits, const Variant& variant,
                 const std::vector<llvm::Value*>& sums);
  llvm::Value* starts_at(llvm::Value* scratch, llvm::Value* row, llvm::Value* column); // of that pixel; may be padding
  int64_t capacity() const;
  int64_t places_at() const;
  int64_t starts_at() const;
  int64_t row_bytes() const;

  llvm::Function* rows_ = nullptr;
  llvm::Value *scratch_ = nullptr, *count_ = nullptr; // while build_rows() runs
};

// What x86's instruction sets share.
class X86Events : public Events {
protected:
  X86Events(Code& code, const Work& work, llvm::Intrinsic::ID permutation, llvm::Intrinsic::ID shift)
      : Events(code, work), permutation_(permutation), shift_(shift) {}

  llvm::Value* permuted(llvm::Value* table, llvm::Value* index);
  llvm::Value* shifted(llvm::Value* word, llvm::Value* shift) override;
  llvm::Value* is_silent(llvm::Value* spikes) override;

private:
  const llvm::Intrinsic::ID permutation_, shift_;
};

// One pixel after the other, so that a block of outputs' weights and the neuron's code stay at hand for several; its
// sums in eight registers, and what a group costs by itself is shared by eight lookups. Strips are cut as those of the
// dense sums that it replaces.
template <typename Code_of_events> class EventScheme final : public Scheme {
public:
  EventScheme(const Shape& shape, const Scheme& dense) : Scheme(shape, dense.lanes()), row_bytes_(dense.row_bytes()) {}

  Block block(int results, int vectors) const override {
    constexpr int most_vectors = 8;
    const int passes = (vectors + most_vectors - 1) / most_vectors;
    return {std::min(results, most_pixels), (vectors + passes - 1) / passes};
  }
  int64_t row_bytes() const override { return row_bytes_; }
  bool across_images() const override { return false; } // padding has no events
  double break_even(int) const override { return 0; }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    return std::make_unique<Code_of_events>(code, work);
  }

private:
  const int64_t row_bytes_;
};

} // namespace rvb::layerkernels
