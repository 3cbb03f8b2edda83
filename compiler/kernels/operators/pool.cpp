// Pooling and its gradients. Images are [c, x, y, n]; vectors run over channels.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

struct Window {
  int kernel_x, kernel_y, stride_x, stride_y, pad_x, pad_y;
  int width, height;         // of the image
  int out_width, out_height; // of the pooled image

  Window(const ir::Op& op, const ir::Type& image, const ir::Type& pooled) {
    std::vector<int64_t> kernel = op.integers("kernel"), stride = op.integers("stride"), pad = op.integers("pad");
    auto pair = [](const std::vector<int64_t>& v, size_t i, int64_t otherwise) {
      return static_cast<int>(v.size() == 2 ? v[i] : otherwise);
    };
    kernel_y = pair(kernel, 0, 1);
    kernel_x = pair(kernel, 1, 1);
    stride_y = pair(stride, 0, kernel_y);
    stride_x = pair(stride, 1, kernel_x);
    pad_y = pair(pad, 0, 0);
    pad_x = pair(pad, 1, 0);
    auto dim = [](const ir::Type& type, int from_end) { return static_cast<int>(type.dims[type.rank() - from_end]); };
    height = dim(image, 3);
    width = dim(image, 2);
    out_height = dim(pooled, 3);
    out_width = dim(pooled, 2);
  }
  bool pads() const { return pad_x != 0 || pad_y != 0; }
  int area() const { return kernel_x * kernel_y; }

  // Windows that hold one pixel, in each direction.
  int windows_x() const { return (kernel_x + stride_x - 1) / stride_x; }
  int windows_y() const { return (kernel_y + stride_y - 1) / stride_y; }
};

void schedule_image(Func& output, const std::vector<Var>& cxyn, int64_t channels, const kernels::Target& target) {
  Var task("task");
  int lanes = lanes_for(target, channels);
  output.vectorize(cxyn[0], lanes, TailStrategy::ShiftInwards).fuse(cxyn[2], cxyn[3], task).parallel(task);
}

// What `step` makes of `start` at the places of a rectangle, row by row: an expression, or a loop where there are many
// places, since LLVM takes a minute over an expression of a thousand of them.
class Fold {
public:
  using Values = std::vector<Expr>;

  Values operator()(const std::vector<Var>& cxyn, int width, int height, const Values& start,
                    const std::function<Values(const Values& so_far, const Expr& px, const Expr& py)>& step) {
    Values values = start;
    if (width * height <= unrolled) {
      for (int py = 0; py < height; ++py)
        for (int px = 0; px < width; ++px)
          values = step(values, px, py);
      return values;
    }
    loop = Func("fold");
    places = RDom({{0, width}, {0, height}}, "places");
    loop(cxyn) = Tuple(start);
    for (int i = 0; i < static_cast<int>(start.size()); ++i)
      values[i] = start.size() == 1 ? Expr(loop(cxyn)) : Expr(loop(cxyn)[i]);
    loop(cxyn) = Tuple(step(values, places.x, places.y));
    return values;
  }
  // A loop's results are kept in registers for the channels that `reader` takes at once.
  void schedule(Func& reader, const Var& c) {
    if (!loop.defined())
      return;
    loop.compute_at(reader, c).vectorize(c);
    loop.update().reorder(c, places.x, places.y).vectorize(c);
  }

private:
  static constexpr int unrolled = 64;
  Func loop;
  RDom places;
};

class Pool : public Kernel {
public:
  using Kernel::Kernel;
  Interface views() const override { return {{image_view(call.operand(0))}, {image_view(call.result())}}; }
  void schedule() override {
    schedule_image(output(), {c, x, y, n}, call.result().channels(), target);
    fold.schedule(output(), c);
  }

protected:
  Expr folded(int width, int height, const Expr& start,
              const std::function<Expr(const Expr& so_far, const Expr& px, const Expr& py)>& step) {
    return fold({c, x, y, n}, width, height, {start}, [&](const Fold::Values& so_far, const Expr& px, const Expr& py) {
      return Fold::Values{step(so_far[0], px, py)};
    })[0];
  }

  Var c{"c"}, x{"x"}, y{"y"}, n{"n"};
  Fold fold;
};

class AvgPool : public Pool {
public:
  using Pool::Pool;

  void algorithm() override {
    Window w(op, call.operand(0), call.result());
    const bool whole = call.operand(0).element == ir::Element::i32;
    const Expr nothing = whole ? Expr(0) : Expr(0.0f);
    Expr sum = folded(w.kernel_x, w.kernel_y, nothing, [&](const Expr& so_far, const Expr& kx, const Expr& ky) {
      Expr xi = x * w.stride_x + kx - w.pad_x, yi = y * w.stride_y + ky - w.pad_y;
      if (!w.pads())
        return so_far + inputs[0](c, xi, yi, n);
      Expr inside = xi >= 0 && xi < w.width && yi >= 0 && yi < w.height;
      return so_far + select(inside, inputs[0](c, clamp(xi, 0, w.width - 1), clamp(yi, 0, w.height - 1), n), nothing);
    });
    // Halide divides towards minus infinity, so that halves are rounded upwards.
    define("avgpool")(c, x, y, n) =
        whole ? (sum + w.area() / 2) / w.area() : sum * (1.0f / static_cast<float>(w.area()));
  }
};

// The windows (xo, yo) that hold pixel (x, y): xo = (x + pad) / stride - i for i = 0, 1, ... while the window reaches
// it.
struct Holder {
  Expr xo, yo, dx, dy, valid;

  Holder(const Window& w, const Expr& x, const Expr& y, const Expr& i, const Expr& j) {
    Expr left = (x + w.pad_x) / w.stride_x - i, top = (y + w.pad_y) / w.stride_y - j;
    valid = left >= 0 && left < w.out_width && top >= 0 && top < w.out_height;
    xo = clamp(left, 0, w.out_width - 1);
    yo = clamp(top, 0, w.out_height - 1);
    dx = x + w.pad_x - left * w.stride_x;
    dy = y + w.pad_y - top * w.stride_y;
    valid = valid && dx < w.kernel_x && dy < w.kernel_y;
  }
};

class AvgPoolGradient : public Pool {
public:
  using Pool::Pool;

  void algorithm() override {
    Window w(op, call.result(), call.operand(0));
    Expr sum = folded(w.windows_x(), w.windows_y(), 0.0f, [&](const Expr& so_far, const Expr& i, const Expr& j) {
      Holder h(w, x, y, i, j);
      return so_far + select(h.valid, inputs[0](c, h.xo, h.yo, n), 0.0f);
    });
    define("avgpool_gradient")(c, x, y, n) = sum * (1.0f / static_cast<float>(w.area()));
  }
};

class MaxPool : public Pool {
public:
  using Pool::Pool;

  void algorithm() override {
    Window w(op, call.operand(0), call.result());
    // A pixel outside is replaced by the nearest one inside, which the same window holds: the pad is narrower than the
    // kernel.
    auto pixel = [&](const Expr& kx, const Expr& ky) -> Expr {
      Expr xi = x * w.stride_x + kx - w.pad_x, yi = y * w.stride_y + ky - w.pad_y;
      return w.pads() ? inputs[0](c, clamp(xi, 0, w.width - 1), clamp(yi, 0, w.height - 1), n)
                      : inputs[0](c, xi, yi, n);
    };
    define("maxpool")(c, x, y, n) =
        folded(w.kernel_x, w.kernel_y, pixel(0, 0),
               [&](const Expr& so_far, const Expr& kx, const Expr& ky) { return max(so_far, pixel(kx, ky)); });
  }
};

class MaxPoolGradient : public Pool {
public:
  using Pool::Pool;

  Interface views() const override {
    return {{image_view(call.operand(0)), image_view(call.operand(1))}, {image_view(call.result())}};
  }

  void algorithm() override {
    Window w(op, call.operand(1), call.operand(0));
    // The place of the first maximum in each window, counted row by row. A pixel outside equals one inside, and gives
    // way to it.
    auto pixel = [&](const Expr& xi, const Expr& yi) -> Expr {
      return inputs[1](c, clamp(xi, 0, w.width - 1), clamp(yi, 0, w.height - 1), n);
    };
    first(c, x, y, n) = first_fold(
        {c, x, y, n}, w.kernel_x, w.kernel_y, {pixel(x * w.stride_x - w.pad_x, y * w.stride_y - w.pad_y), -1},
        [&](const Fold::Values& so_far, const Expr& kx, const Expr& ky) {
          Expr xi = x * w.stride_x + kx - w.pad_x, yi = y * w.stride_y + ky - w.pad_y;
          Expr value = pixel(xi, yi);
          Expr inside = xi >= 0 && xi < w.width && yi >= 0 && yi < w.height;
          Expr better = inside && (value > so_far[0] || so_far[1] < 0);
          return Fold::Values{select(better, value, so_far[0]), select(better, ky * w.kernel_x + kx, so_far[1])};
        })[1];
    Expr sum = folded(w.windows_x(), w.windows_y(), 0.0f, [&](const Expr& so_far, const Expr& i, const Expr& j) {
      Holder h(w, x, y, i, j);
      Expr here = h.valid && first(c, h.xo, h.yo, n) == h.dy * w.kernel_x + h.dx;
      return so_far + select(here, inputs[0](c, h.xo, h.yo, n), 0.0f);
    });
    define("maxpool_gradient")(c, x, y, n) = sum;
  }

  void schedule() override {
    int lanes = lanes_for(target, call.result().channels());
    output().vectorize(c, lanes, TailStrategy::ShiftInwards).parallel(n);
    first.compute_at(output(), n).vectorize(c, lanes, TailStrategy::ShiftInwards); // once a window, not once a pixel
    first_fold.schedule(first, c);
    fold.schedule(output(), c);
  }

private:
  Func first{"first"};
  Fold first_fold;
};

class GlobalAvgPool : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.operand(0);
    int r = x.rank();
    return {{view_of(x, {product(x, r - 1, r), product(x, r - 3, r - 1), product(x, 0, r - 3)})},
            {pixel_view(call.result())}};
  }

  void algorithm() override {
    ir::Type x = call.operand(0);
    int pixels = static_cast<int>(product(x, x.rank() - 3, x.rank() - 1).constant);
    r = RDom(0, pixels, "pixels");
    sum(c, n) = 0.0f;
    sum(c, n) += inputs[0](c, r.x, n);
    define("global_avgpool")(c, n) = sum(c, n) * (1.0f / static_cast<float>(pixels));
  }

  void schedule() override {
    int lanes = lanes_for(target, call.result().channels());
    Var co("co");
    output().split(c, co, c, lanes, TailStrategy::ShiftInwards).vectorize(c).parallel(n);
    sum.compute_at(output(), co).vectorize(c);
    sum.update().reorder(c, r.x).vectorize(c);
  }

private:
  Var c{"c"}, n{"n"};
  Func sum{"sum"};
  RDom r;
};

class GlobalAvgPoolGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.result();
    int r = x.rank();
    return {{pixel_view(call.operand(0))},
            {view_of(x, {product(x, r - 1, r), product(x, r - 3, r - 1), product(x, 0, r - 3)})}};
  }

  void algorithm() override {
    ir::Type x = call.result();
    int64_t pixels = product(x, x.rank() - 3, x.rank() - 1).constant;
    define("global_avgpool_gradient")(c, p, n) = inputs[0](c, n) * (1.0f / static_cast<float>(pixels));
  }

  void schedule() override {
    output().vectorize(c, lanes_for(target, call.result().channels()), TailStrategy::ShiftInwards).parallel(n);
  }

private:
  Var c{"c"}, p{"p"}, n{"n"};
};

} // namespace

std::unique_ptr<Kernel> make_avgpool(const Call& call) {
  return make<AvgPool>(call);
}
std::unique_ptr<Kernel> make_avgpool_gradient(const Call& call) {
  return make<AvgPoolGradient>(call);
}
std::unique_ptr<Kernel> make_maxpool(const Call& call) {
  return make<MaxPool>(call);
}
std::unique_ptr<Kernel> make_maxpool_gradient(const Call& call) {
  return make<MaxPoolGradient>(call);
}
std::unique_ptr<Kernel> make_global_avgpool(const Call& call) {
  return make<GlobalAvgPool>(call);
}
std::unique_ptr<Kernel> make_global_avgpool_gradient(const Call& call) {
  return make<GlobalAvgPoolGradient>(call);
}

} // namespace rvb::kernels
