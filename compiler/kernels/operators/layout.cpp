// flatten and unflatten: [C, pixels] of a sample turned to [pixels, C] (PyTorch's order) and back.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

// [c, p, n], of an image of the given size.
View channels_inside(const ir::Type& image) {
  int r = image.rank();
  return view_of(image, {product(image, r - 1, r), product(image, r - 3, r - 1), product(image, 0, r - 3)});
}
View pixels_inside(const ir::Type& image) {
  View view = channels_inside(image);
  std::swap(view.dims[0], view.dims[1]);
  return view;
}

class Flatten : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type image = call.operand(0);
    return {{channels_inside(image)}, {pixels_inside(image)}};
  }

  void algorithm() override { define("flatten")(p, c, n) = inputs[0](c, p, n); }
  void schedule() override { output().parallel(n); }

private:
  Var p{"p"}, c{"c"}, n{"n"};
};

class Unflatten : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type image = call.result();
    return {{pixels_inside(image)}, {channels_inside(image)}};
  }

  void algorithm() override { define("unflatten")(c, p, n) = inputs[0](p, c, n); }
  void schedule() override { output().parallel(n); }

private:
  Var p{"p"}, c{"c"}, n{"n"};
};

} // namespace

std::unique_ptr<Kernel> make_flatten(const Call& call) {
  return make<Flatten>(call);
}
std::unique_ptr<Kernel> make_unflatten(const Call& call) {
  return make<Unflatten>(call);
}

} // namespace rvb::kernels
