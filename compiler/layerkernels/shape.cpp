#include "layerkernels/shape.h"

#include <algorithm>

namespace rvb::layerkernels {

namespace {

int dim(const ir::Type& type, int from_end) {
  return type.rank() < from_end ? 1 : static_cast<int>(type.dims[static_cast<size_t>(type.rank() - from_end)]);
}

} // namespace

int64_t Shape::synapses() const {
  int64_t taps = 0;
  for (const Phase& p : phases)
    taps += int64_t{1} * p.rows * p.columns * p.taps_y * p.taps_x;
  return taps * channels * outputs;
}

namespace {

// Pixel y of the gradient by the input meets tap k where y + pad - k is a multiple of the stride; that multiple is the
// row of the upstream gradient. So the pixels y = r, r + s, … meet the taps k = (r + pad) mod s, k + s, …, from the
// last one on.
void gradient_phase(int r, int extent, int kernel, int stride, int pad, int& first, int& count, int& taps, int& in,
                    int& tap, int& tap_step) {
  int nearest = (r + pad) % stride;
  taps = nearest < kernel ? (kernel - nearest - 1) / stride + 1 : 0;
  first = r;
  count = (extent - r + stride - 1) / stride;
  in = (r + pad - nearest) / stride - std::max(0, taps - 1);
  tap = nearest + stride * std::max(0, taps - 1);
  tap_step = -stride;
}

Shape gradient_shape(const ir::Op& op, const ir::Type& upstream, const ir::Type& result, Shape s) {
  s.height = dim(upstream, 3);
  s.width = dim(upstream, 2);
  s.out_height = dim(result, 3);
  s.out_width = dim(result, 2);
  std::vector<int64_t> kernel = op.integers("kernel"), pad = op.integers("pad"), stride = op.integers("stride");
  s.kernel_y = static_cast<int>(kernel[0]);
  s.kernel_x = static_cast<int>(kernel[1]);
  s.step_y = static_cast<int>(stride[0]);
  s.step_x = static_cast<int>(stride[1]);
  for (int y = 0; y < std::min(s.step_y, s.out_height); ++y)
    for (int x = 0; x < std::min(s.step_x, s.out_width); ++x) {
      Phase p;
      gradient_phase(y, s.out_height, s.kernel_y, s.step_y, static_cast<int>(pad[0]), p.y0, p.rows, p.taps_y, p.in_y,
                     p.tap_y, p.tap_step_y);
      gradient_phase(x, s.out_width, s.kernel_x, s.step_x, static_cast<int>(pad[1]), p.x0, p.columns, p.taps_x, p.in_x,
                     p.tap_x, p.tap_step_x);
      s.phases.push_back(p);
    }
  return s;
}

} // namespace

Shape shape_of(const Layer& layer) {
  const ir::Op& op = *layer.synapse;
  const ir::Type& image = layer.function->type(op.operands[0].value);
  const ir::Type& result = layer.function->type(op.results[0]);
  Shape s;
  s.spikes = image.element;
  s.sparse = op.integer("sparse") != 0;
  if (layer.neuron != nullptr && layer.neuron->integer("states") > 0)
    s.steps = result.dims[0];
  s.channels = dim(image, 1);
  s.outputs = dim(result, 1);
  Phase p;
  p.rows = p.columns = p.taps_y = p.taps_x = 1;
  if (op.opcode == ir::Opcode::binary_linear) {
    s.phases = {p};
    return s;
  }
  if (op.opcode == ir::Opcode::binary_conv2d_input_gradient)
    return gradient_shape(op, image, result, s);
  s.height = dim(image, 3);
  s.width = dim(image, 2);
  s.out_height = dim(result, 3);
  s.out_width = dim(result, 2);
  std::vector<int64_t> kernel = op.integers("kernel"), pad = op.integers("pad"), stride = op.integers("stride");
  s.kernel_y = p.taps_y = static_cast<int>(kernel[0]);
  s.kernel_x = p.taps_x = static_cast<int>(kernel[1]);
  s.stride_y = static_cast<int>(stride[0]);
  s.stride_x = static_cast<int>(stride[1]);
  p.in_y = -static_cast<int>(pad[0]);
  p.in_x = -static_cast<int>(pad[1]);
  p.rows = s.out_height;
  p.columns = s.out_width;
  s.phases = {p};
  return s;
}

} // namespace rvb::layerkernels
