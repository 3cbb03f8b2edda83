// moments and centered_sums: what normalisation needs of a channel, over all pixels of all images.
//
// Two stages. A chunk of pixels (32 KiB of the tensor) is summed in single precision around the mean of its first
// eighth; the chunks are joined in double precision, in order. Whatever the mean, the deviations keep their digits: the
// first eighth is part of the chunk, so that the chunk's variance is at least an eighth of the square of what its mean
// is off. Whatever the threads, the sums are the same.
#include "kernels/kernel.h"
#include "kernels/tile.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

// The pixels of chunk k: k * rows + r, for r in [0, rows) while below `pixels`.
struct Chunks {
  static constexpr int64_t chunk_floats = 8192;
  int rows = 0;
  Expr pixels, count;
  Var c{"c"}, k{"k"};

  Chunks(int64_t channels, const Expr& pixels) : pixels(pixels) {
    rows = static_cast<int>(std::clamp<int64_t>(chunk_floats / channels, 16, 1024));
    count = (pixels + rows - 1) / rows;
  }
  RDom domain(const std::string& name, int part = 1) const {
    RDom r(0, rows / part, name);
    r.where(k * rows + r.x < pixels);
    return r;
  }
  Expr pixel(const RDom& r) const { return min(k * rows + r.x, pixels - 1); }
  Expr length(int part = 1) const { return min(pixels - k * rows, rows / part); }
};

// Sums over a chunk: up to four vectors of channels in registers while the rows pass, which keeps the adders busy.
void schedule_chunk_sum(Func& sum, const Var& c, const RDom& r, int64_t channels, const kernels::Target& target) {
  int lanes = lanes_for(target, channels);
  int vectors = channels % lanes == 0 ? unroll_for(channels / lanes) : 1;
  Var block("block"), lane("lane");
  sum.vectorize(c, lanes, TailStrategy::GuardWithIf);
  sum.update()
      .split(c, block, lane, vectors * lanes, TailStrategy::GuardWithIf)
      .reorder(lane, r.x, block)
      .vectorize(lane, lanes)
      .unroll(lane);
}

// The sum over chunks, half a vector of channels (they are doubles now) at a time. Not where a tail would be left over:
// Halide 14 compiles that with a predicate, and such code gave wrong sums for 33 channels.
void join(Func& sum, const Var& c, const RDom& all, int64_t channels, const kernels::Target& target) {
  sum.update().reorder(c, all.x);
  int lanes = lanes_for(target, channels) / 2;
  if (lanes > 1 && channels % lanes == 0)
    sum.update().vectorize(c, lanes);
}

class Moments : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0))},
            {weight_view(call.result(0)), weight_view(call.result(1)), weight_view(call.result(2))}};
  }

  void algorithm() override {
    chunks = std::make_unique<Chunks>(call.operand(0).channels(), inputs[0].dim(1).extent());
    Var c = chunks->c, k = chunks->k;
    Expr pixels = chunks->pixels;
    constexpr int eighth = 8;
    near = chunks->domain("near", eighth);
    sum(c, k) = 0.0f;
    sum(c, k) += inputs[0](c, chunks->pixel(near));
    mean(c, k) = sum(c, k) / cast<float>(chunks->length(eighth));

    every = chunks->domain("every");
    Expr deviation = inputs[0](c, chunks->pixel(every)) - mean(c, k);
    deviations(c, k) = Tuple(0.0f, 0.0f);
    deviations(c, k) = Tuple(deviations(c, k)[0] + deviation, deviations(c, k)[1] + deviation * deviation);
    chunk(c, k) = Tuple(mean(c, k), deviations(c, k)[0], deviations(c, k)[1]);

    // Deviations from what is not quite the mean do not quite cancel: their sum corrects it.
    all = RDom({{0, chunks->count}}, "all");
    Expr length = cast<double>(min(pixels - all.x * chunks->rows, chunks->rows));
    Expr m = cast<double>(chunk(c, all.x)[0]), s1 = cast<double>(chunk(c, all.x)[1]),
         s2 = cast<double>(chunk(c, all.x)[2]);
    total(c) = cast<double>(0);
    total(c) += length * m + s1;
    centre(c) = total(c) / cast<double>(pixels);
    squares(c) = cast<double>(0);
    squares(c) += s2 + 2 * (m - centre(c)) * s1 + length * (m - centre(c)) * (m - centre(c));
    Expr variance = squares(c) / cast<double>(pixels);
    Expr n = cast<double>(pixels) * Expr(static_cast<double>(op.integer("copies", 1)));
    Expr unbiased = select(n > 1, variance * (n / max(n - 1, 1)), variance);
    define("moments")(c) = Tuple(cast<float>(centre(c)), cast<float>(variance), cast<float>(unbiased));
  }

  void schedule() override {
    int64_t channels = call.operand(0).channels();
    Var c = chunks->c, k = chunks->k;
    chunk.compute_root().parallel(k);
    sum.compute_at(chunk, k);
    mean.compute_at(chunk, k).vectorize(c, lanes_for(target, channels), TailStrategy::RoundUp);
    schedule_chunk_sum(sum, c, near, channels, target);
    deviations.compute_at(chunk, k);
    schedule_chunk_sum(deviations, c, every, channels, target);
    total.compute_root();
    join(total, c, all, channels, target);
    centre.compute_root();
    squares.compute_root();
    join(squares, c, all, channels, target);
  }

private:
  std::unique_ptr<Chunks> chunks;
  Func sum{"sum"}, mean{"mean"}, deviations{"deviations"}, chunk{"chunk"}, total{"total"}, centre{"centre"},
      squares{"squares"};
  RDom near, every, all;
};

class CenteredSums : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), pixel_view(call.operand(1)), weight_view(call.operand(2))},
            {weight_view(call.result(0)), weight_view(call.result(1))}};
  }

  void algorithm() override {
    chunks = std::make_unique<Chunks>(call.operand(0).channels(), inputs[0].dim(1).extent());
    Var c = chunks->c, k = chunks->k;
    r = chunks->domain("pixels");
    Expr g = inputs[0](c, chunks->pixel(r)), x = inputs[1](c, chunks->pixel(r));
    sums(c, k) = Tuple(0.0f, 0.0f);
    sums(c, k) = Tuple(sums(c, k)[0] + g, sums(c, k)[1] + g * (x - inputs[2](c)));
    chunk(c, k) = Tuple(sums(c, k)[0], sums(c, k)[1]);
    all = RDom({{0, chunks->count}}, "all");
    Expr zero = cast<double>(0);
    total(c) = Tuple(zero, zero);
    total(c) = Tuple(total(c)[0] + cast<double>(chunk(c, all.x)[0]), total(c)[1] + cast<double>(chunk(c, all.x)[1]));
    define("centered_sums")(c) = Tuple(cast<float>(total(c)[0]), cast<float>(total(c)[1]));
  }

  void schedule() override {
    chunk.compute_root().parallel(chunks->k);
    sums.compute_at(chunk, chunks->k);
    schedule_chunk_sum(sums, chunks->c, r, call.operand(0).channels(), target);
    total.compute_root();
    join(total, chunks->c, all, call.operand(0).channels(), target);
  }

private:
  std::unique_ptr<Chunks> chunks;
  Func sums{"sums"}, chunk{"chunk"}, total{"total"};
  RDom r, all;
};

} // namespace

std::unique_ptr<Kernel> make_moments(const Call& call) {
  return make<Moments>(call);
}
std::unique_ptr<Kernel> make_centered_sums(const Call& call) {
  return make<CenteredSums>(call);
}

} // namespace rvb::kernels
