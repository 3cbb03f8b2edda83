// Synapses of which all are summed: tables of all pixels, and loops over taps and words of 32 channels' weights.
#pragma once

#include "layerkernels/synapses.h"

namespace rvb::layerkernels {

// How many bytes of tables a pixel has, and 32 channels of them.
struct PixelBytes {
  int64_t all, word;
};

class Dense : public Synapses {
public:
  int64_t image_bytes() const override { return row_bytes() * frame_.rows; }
  void build_rows() override;
  void fill(const Rows& rows) override;
  llvm::Value* first_tap(llvm::Value* scratch, llvm::Value* table_row, llvm::Value* table_column) override;
  void sum(const Variant& variant, const Windows& windows, const Results& results) override;

protected:
  Dense(Code& code, const Work& work, PixelBytes bytes) : Synapses(code, work), pixel_(bytes) {}

  // Spikes of a chunk's channels from its `first` on, in a vector; 0 after its last one.
  using Spikes = std::function<llvm::Value*(int first)>;
  // The tables of `count` channels, of whose spikes the first vector is there.
  virtual void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) = 0;
  virtual int chunk_channels() const { return lanes_; }
  virtual llvm::Value* chunk_tables(llvm::Value* pixel, llvm::Value* channel) { // from its first channel
    return bytes_on(pixel, times(channel, pixel_.word / 32));
  }
  virtual void store_zeros(llvm::Value* place, int columns); // tables of pixels without spikes, outside of an image
  virtual void begin_rows() {}
  virtual void begin_pixel() {}
  virtual void end_pixel(llvm::Value*) {} // the pixel's place

  // What stands around the inner loop: a function, its loops over taps and words, its results.
  using Taps = std::function<void(llvm::Value* tables, llvm::Value* bits)>;
  using Words = std::function<void(llvm::Value* tables, llvm::Value* bits, int channels)>;
  llvm::Function* begin_sums(const Variant& variant);
  void each_tap(llvm::Function* f, const Taps& body);
  void each_word(llvm::Function* f, const Words& body, const std::function<void(llvm::Value*)>& begin_tap = {});
  void store_sums(llvm::Function* f, const Variant& variant, const std::vector<llvm::Value*>& sums);

  int64_t pixel_bytes() const { return pixel_.all; }
  int64_t row_bytes() const { return pixel_.all * (frame_.left + shape_.width + frame_.right); }
  int64_t table_bytes() const { return int64_t{4} * lanes_; }
  // From a pixel of a block to the next one's tables.
  int64_t pixel_step(const Variant& variant) const {
    return variant.across ? image_bytes() : shape_.stride_x * pixel_.all;
  }

private:
  void build_pixel(llvm::Value* from, llvm::Value* to, llvm::Value* scale);

  const PixelBytes pixel_;
  llvm::Function* rows_ = nullptr;
};

} // namespace rvb::layerkernels
