#include "call.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace rvb::interpreter {

namespace {

void evaluate_repeat(Call& call) {
  const std::vector<double>& x = call.in[0].data;
  for (size_t i = 0; i < call.out[0].data.size(); ++i)
    call.out[0].data[i] = x[i % x.size()];
}

void evaluate_over_time(Call& call, double factor) {
  std::vector<double>& y = call.out[0].data;
  for (size_t i = 0; i < call.in[0].data.size(); ++i)
    y[i % y.size()] += call.in[0].data[i] * factor;
}

void evaluate_split(Call& call) {
  const std::vector<double>& x = call.in[0].data;
  const size_t slice = x.size() / call.out.size();
  for (size_t i = 0; i < x.size(); ++i)
    call.out[i / slice].data[i % slice] = x[i];
}

void evaluate_stack(Call& call) {
  std::vector<double>& y = call.out[0].data;
  const size_t slice = y.size() / call.in.size();
  for (size_t i = 0; i < y.size(); ++i)
    y[i] = call.in[i / slice].data[i % slice];
}

// The index along `axis` of element i.
size_t along(const Tensor& x, int64_t axis, size_t i) {
  size_t behind = 1;
  for (size_t d = static_cast<size_t>(axis) + 1; d < x.type.dims.size(); ++d)
    behind *= static_cast<size_t>(x.type.dims[d]);
  return i / behind % static_cast<size_t>(x.type.dims[static_cast<size_t>(axis)]);
}

void evaluate_scale(Call& call) {
  const Tensor &x = call.in[0], &a = call.in[1];
  for (size_t i = 0; i < x.data.size(); ++i)
    call.out[0].data[i] = x.data[i] * a.data[along(x, call.op.integer("axis"), i)];
}

void evaluate_sum(Call& call) {
  const Tensor& x = call.in[0];
  for (size_t i = 0; i < x.data.size(); ++i)
    call.out[0].data[along(x, call.op.integer("axis"), i)] += x.data[i];
}

struct Moments {
  std::vector<double> mean, variance, unbiased;
};

// Two sweeps: first the mean, then the squares around it.
Moments moments(const Tensor& x, int64_t copies) {
  size_t channels = static_cast<size_t>(inner(x, 0));
  double n = static_cast<double>(x.data.size() / channels);
  Moments m{std::vector<double>(channels), std::vector<double>(channels), {}};
  for (size_t i = 0; i < x.data.size(); ++i)
    m.mean[i % channels] += x.data[i] / n;
  for (size_t i = 0; i < x.data.size(); ++i)
    m.variance[i % channels] += (x.data[i] - m.mean[i % channels]) * (x.data[i] - m.mean[i % channels]) / n;
  double all = n * static_cast<double>(copies);
  m.unbiased = m.variance;
  for (double& v : m.unbiased)
    v *= all > 1 ? all / (all - 1) : 1;
  return m;
}

void normalise(Call& call, const std::vector<double>& mean, const std::vector<double>& variance) {
  const Tensor &x = call.in[0], &gamma = call.in[1], &beta = call.in[2];
  size_t channels = static_cast<size_t>(inner(x, 0));
  for (size_t i = 0; i < x.data.size(); ++i) {
    size_t c = i % channels;
    call.out[0].data[i] =
        (x.data[i] - mean[c]) / std::sqrt(variance[c] + call.op.number("epsilon")) * gamma.data[c] + beta.data[c];
  }
}

void evaluate_moments(Call& call, size_t first_result) {
  Moments m = moments(call.in[0], call.op.integer("copies", 1));
  if (first_result == 1)
    normalise(call, m.mean, m.variance);
  call.out[first_result].data = std::move(m.mean);
  call.out[first_result + 1].data = std::move(m.variance);
  call.out[first_result + 2].data = std::move(m.unbiased);
}

void evaluate_centered_sums(Call& call) {
  const Tensor &g = call.in[0], &x = call.in[1], &mean = call.in[2];
  size_t channels = mean.data.size();
  for (size_t i = 0; i < x.data.size(); ++i) {
    call.out[0].data[i % channels] += g.data[i];
    call.out[1].data[i % channels] += g.data[i] * (x.data[i] - mean.data[i % channels]);
  }
}

// softmax of one row, and the logarithm of its sum of exponentials.
double softmax(const double* row, int64_t classes, std::vector<double>& probabilities) {
  double largest = *std::max_element(row, row + classes), sum = 0;
  for (int64_t k = 0; k < classes; ++k)
    sum += std::exp(row[k] - largest);
  probabilities.resize(static_cast<size_t>(classes));
  for (int64_t k = 0; k < classes; ++k)
    probabilities[static_cast<size_t>(k)] = std::exp(row[k] - largest) / sum;
  return largest + std::log(sum);
}

void evaluate_cross_entropy(Call& call, bool gradient) {
  const Tensor &logits = call.in[0], &labels = call.in[1];
  const int64_t classes = logits.type.dims.back(), samples = static_cast<int64_t>(labels.data.size());
  const int64_t rows = static_cast<int64_t>(logits.data.size()) / classes; // over time, too, where there is time
  const double smoothing = call.op.number("smoothing");
  std::vector<double> probabilities;
  for (int64_t r = 0; r < rows; ++r) {
    const double* row = logits.data.data() + r * classes;
    int64_t label = static_cast<int64_t>(labels.data[static_cast<size_t>(r % samples)]);
    if (label < 0 || label >= classes)
      throw std::runtime_error("label " + std::to_string(label) + " is none of " + std::to_string(classes) +
                               " classes");
    double log_sum = softmax(row, classes, probabilities);
    for (int64_t k = 0; k < classes; ++k) {
      const double target = (k == label ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      if (!gradient)
        call.out[0].data[0] += target * (log_sum - row[k]) / static_cast<double>(rows);
      else
        call.out[0].data[static_cast<size_t>(r * classes + k)] =
            (probabilities[static_cast<size_t>(k)] - target) / static_cast<double>(rows);
    }
  }
}

} // namespace

bool evaluate_sums(Call& call) {
  using ir::Opcode;
  switch (call.op.opcode) {
  case Opcode::repeat: evaluate_repeat(call); return true;
  case Opcode::sum_time: evaluate_over_time(call, 1); return true;
  case Opcode::mean_time: evaluate_over_time(call, 1.0 / static_cast<double>(call.in[0].type.dims[0])); return true;
  case Opcode::split_time: evaluate_split(call); return true;
  case Opcode::stack_time: evaluate_stack(call); return true;
  case Opcode::scale: evaluate_scale(call); return true;
  case Opcode::sum: evaluate_sum(call); return true;
  case Opcode::batchnorm: evaluate_moments(call, 1); return true;
  case Opcode::batchnorm_inference: normalise(call, call.in[3].data, call.in[4].data); return true;
  case Opcode::moments: evaluate_moments(call, 0); return true;
  case Opcode::centered_sums: evaluate_centered_sums(call); return true;
  case Opcode::cross_entropy: evaluate_cross_entropy(call, false); return true;
  case Opcode::cross_entropy_gradient: evaluate_cross_entropy(call, true); return true;
  case Opcode::count:
    call.out[0].data[0] = static_cast<double>(call.op.integer("per_sample") * call.batch);
    return true;
  case Opcode::fill: call.out[0].data.assign(call.out[0].data.size(), call.op.number("value")); return true;
  case Opcode::index:
    for (size_t i = 0; i < call.out[0].data.size(); ++i)
      call.out[0].data[i] = static_cast<double>(i);
    return true;
  default: return false;
  }
}

} // namespace rvb::interpreter
