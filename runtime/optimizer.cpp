#include "optimizer.h"

#include "failure.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

const std::vector<Parameter> no_parameters;
const std::string square_ending = ":square"; // no parameter's name has a colon

// w[i] = update(i) for each weight of a tensor; counts changes of sign. Elementwise: any split over threads gives the
// same bits. Small tensors are not worth waking threads for.
template <class Update> int64_t update_each(Floats& weights, Update update) {
  float* w = weights.data();
  const int64_t count = weights.size();
  int64_t flips = 0;
#pragma omp parallel for simd schedule(static) num_threads(rvb_team()) reduction(+ : flips) if (count > 32768)
  for (int64_t i = 0; i < count; ++i) {
    const float old = w[i];
    w[i] = update(old, i);
    flips += (old >= 0) != (w[i] >= 0);
  }
  return flips;
}

int64_t sgd(Floats& weights, float* momentum, const float* gradient, const OptimizerSettings& settings, double rate,
            double decay) {
  const float mu = static_cast<float>(settings.momentum), step = static_cast<float>(-rate);
  const float lambda = static_cast<float>(decay);
  return update_each(weights, [=](float w, int64_t i) {
    momentum[i] = mu * momentum[i] + (gradient[i] + lambda * w);
    return w + step * momentum[i];
  });
}

int64_t adam(Floats& weights, float* momentum, float* squares, const float* gradient, const OptimizerSettings& settings,
             double rate, double decay, int64_t t) {
  const bool decoupled = settings.name == "adamw";
  const float beta1 = static_cast<float>(settings.beta1), rest1 = static_cast<float>(1 - settings.beta1);
  const float beta2 = static_cast<float>(settings.beta2), rest2 = static_cast<float>(1 - settings.beta2);
  const float coupled = static_cast<float>(decoupled ? 0 : decay);
  const float keep = static_cast<float>(decoupled ? 1 - rate * decay : 1);
  const float step = static_cast<float>(-rate / (1 - std::pow(settings.beta1, static_cast<double>(t))));
  const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(settings.beta2, static_cast<double>(t))));
  const float epsilon = static_cast<float>(settings.epsilon);
  return update_each(weights, [=](float w, int64_t i) {
    const float g = gradient[i] + coupled * w;
    momentum[i] = beta1 * momentum[i] + rest1 * g;
    squares[i] = beta2 * squares[i] + rest2 * (g * g);
    return keep * w + step * (momentum[i] / (std::sqrt(squares[i]) * root + epsilon));
  });
}

} // namespace

Optimizer::Optimizer(const std::vector<Parameter>& parameters, const OptimizerSettings& settings)
    : settings_(settings), momentum_(parameters), squares_(settings.name == "sgd" ? no_parameters : parameters) {}

int64_t Optimizer::step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate, int64_t step) {
  int64_t all_flips = 0;
  for (int p = 0; p < weights.count(); ++p) {
    const float* gradient = gradients[static_cast<size_t>(p)];
    if (gradient == nullptr)
      continue;
    const double decay = weights.info(p).decays ? settings_.weight_decay : 0;
    const int64_t flips =
        adaptive() ? adam(weights[p], momentum_[p].data(), squares_[p].data(), gradient, settings_, rate, decay, step)
                   : sgd(weights[p], momentum_[p].data(), gradient, settings_, rate, decay);
    all_flips += weights.info(p).binary ? flips : 0;
  }
  return all_flips;
}

std::vector<Tensor> Optimizer::tensors() const {
  std::vector<Tensor> all = momentum_.tensors();
  for (Tensor& tensor : squares_.tensors()) {
    tensor.name += square_ending;
    all.push_back(std::move(tensor));
  }
  return all;
}

void Optimizer::load(const std::string& path) {
  Safetensors momentum = read_safetensors(path), squares;
  std::vector<Tensor> rest;
  for (Tensor& tensor : momentum.tensors) {
    const size_t end = tensor.name.size() - std::min(tensor.name.size(), square_ending.size());
    const bool square = adaptive() && tensor.name.substr(end) == square_ending;
    if (square)
      tensor.name.resize(end);
    (square ? squares.tensors : rest).push_back(std::move(tensor));
  }
  momentum.tensors = std::move(rest);
  for (int p = 0; p < squares_.count(); ++p) {
    const Tensor* square = squares.find(squares_.info(p).name);
    const auto below = [](float value) { return value < 0; };
    if (square == nullptr)
      throw Failure(Exit::mismatch, path + ": `" + squares_.info(p).name + square_ending + "` is missing");
    if (std::any_of(square->values.begin(), square->values.end(), below))
      throw Failure(Exit::user, path + ": `" + square->name + square_ending + "` is damaged: a square is negative");
  }
  squares_.load(squares, path);
  momentum_.load(momentum, path);
}

bool Optimizer::finite() const {
  return momentum_.finite() && squares_.finite();
}

double learning_rate(const std::string& schedule, double rate, int64_t epoch, int64_t epochs) {
  if (schedule != "cosine")
    return rate;
  const double pi = 3.14159265358979323846;
  return rate * (1 + std::cos(pi * static_cast<double>(epoch) / static_cast<double>(epochs))) / 2;
}

void update_statistic(Floats& running, const float* batch, double momentum) {
  float keep = static_cast<float>(1 - momentum), take = static_cast<float>(momentum);
  for (int64_t i = 0; i < running.size(); ++i)
    running[i] = keep * running[i] + take * batch[i];
}

} // namespace rvb::runtime
