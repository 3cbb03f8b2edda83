#include "optimizers/optimizer.h"

#include "base/failure.h"
#include "optimizers/update.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

UpdateFunction* const functions[] = {
#define OPTIMIZER(name, memory, options) update_##name,
#include "recipe/optimizers.def"
#undef OPTIMIZER
};

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (char c : text) {
    if (c == ' ')
      words.emplace_back();
    else
      words.back() += c;
  }
  return words;
}

const char* const average_ending = ":average";

// Options of recipe/kinds.def by their place.
int kind_of(const Parameter& p) {
  const char* kind = p.role == "weight"                                            ? (p.binary ? "latents" : "weights")
                     : p.role == "alpha" || p.role == "bias" || p.role == "neuron" ? p.role.c_str()
                                                                                   : "batchnorm";
  return recipe::rates_row.find(kind);
}

// In blocks, which are added up in their order: the same bits with any number of threads.
double sum_of_squares(const float* values, int64_t count) {
  constexpr int64_t block = 4096;
  const int64_t blocks = (count + block - 1) / block;
  std::vector<double> sums(static_cast<size_t>(blocks));
#pragma omp parallel for schedule(static) num_threads(rvb_team()) if (count > 32768)
  for (int64_t b = 0; b < blocks; ++b) {
    double sum = 0;
    for (int64_t i = b * block; i < std::min(count, (b + 1) * block); ++i)
      sum += static_cast<double>(values[i]) * values[i];
    sums[static_cast<size_t>(b)] = sum;
  }
  double sum = 0;
  for (double each : sums)
    sum += each;
  return sum;
}

} // namespace

Optimizer::Optimizer(const std::vector<Parameter>& parameters, const Recipe& recipe)
    : settings_(recipe), words_(words_of(recipe.optimizer.row().memory)) {
  for (size_t i = 0; i < words_.size(); ++i)
    memory_.emplace_back(parameters);
  if (recipe.average > 0)
    average_.emplace_back(parameters);
}

std::vector<int64_t> Optimizer::step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate,
                                     int64_t step) {
  UpdateFunction* const update = functions[&settings_.optimizer.row() - recipe::optimizers.rows];
  float scale = 1;
  if (settings_.clip > 0) {
    double squares = 0;
    for (int p = 0; p < weights.count(); ++p)
      if (const float* gradient = gradients[static_cast<size_t>(p)])
        squares += sum_of_squares(gradient, weights[p].size());
    scale = static_cast<float>(std::min(1.0, settings_.clip / (std::sqrt(squares) + 1e-6)));
  }
  std::vector<int64_t> flips(static_cast<size_t>(weights.count()));
  for (int p = 0; p < weights.count(); ++p) {
    const float* gradient = gradients[static_cast<size_t>(p)];
    if (gradient == nullptr)
      continue;
    const int kind = kind_of(weights.info(p));
    const bool latent = weights.info(p).binary;
    const double common = weights.info(p).decays ? settings_.optimizer["weight_decay"] : 0;
    const double decay = settings_.decays[kind] >= 0 ? settings_.decays[kind] : common;
    Update u{
        weights[p].data(),  gradient, {}, weights[p].size(), rate * settings_.rates[kind], decay, step, scale, latent,
        settings_.optimizer};
    for (size_t i = 0; i < memory_.size(); ++i)
      u.memory[i] = memory_[i][p].data();
    flips[static_cast<size_t>(p)] = update(u);
    if (latent && settings_.latent_clip > 0) {
      const float most = static_cast<float>(settings_.latent_clip);
      for (int64_t i = 0; i < weights[p].size(); ++i)
        weights[p][i] = std::min(std::max(weights[p][i], -most), most);
    }
    if (!average_.empty())
      average(weights, p);
  }
  averaging_ = true;
  return flips;
}

void Optimizer::average(const ParameterSet& weights, int p) {
  float* a = average_[0][p].data();
  const float* w = weights[p].data();
  const float keep = static_cast<float>(settings_.average), take = static_cast<float>(1 - settings_.average);
  const bool first = !averaging_;
#pragma omp parallel for simd schedule(static) num_threads(rvb_team()) if (weights[p].size() > 32768)
  for (int64_t i = 0; i < weights[p].size(); ++i)
    a[i] = first ? w[i] : keep * a[i] + take * w[i];
}

void Optimizer::swap_average(ParameterSet& weights) {
  if (average_.empty() || !averaging_)
    return;
  for (int p = 0; p < weights.count(); ++p)
    if (weights.info(p).trainable)
      std::swap_ranges(weights[p].data(), weights[p].data() + weights[p].size(), average_[0][p].data());
}

// No parameter's name has a colon.
std::string Optimizer::ending(size_t word) const {
  return word == 0 ? "" : ":" + words_[word];
}

std::vector<Tensor> Optimizer::tensors() const {
  std::vector<Tensor> all;
  for (size_t i = 0; i < memory_.size(); ++i)
    for (Tensor& tensor : memory_[i].tensors()) {
      tensor.name += ending(i);
      all.push_back(std::move(tensor));
    }
  if (averaging_ && !average_.empty())
    for (Tensor& tensor : average_[0].tensors()) {
      tensor.name += average_ending;
      all.push_back(std::move(tensor));
    }
  return all;
}

void Optimizer::load(const std::string& path) {
  Safetensors file = read_safetensors(path);
  std::vector<Safetensors> parts(memory_.size());
  Safetensors average;
  for (Tensor& tensor : file.tensors) {
    if (const size_t colon = tensor.name.rfind(':');
        colon != std::string::npos && tensor.name.substr(colon) == average_ending) {
      tensor.name.resize(colon);
      average.tensors.push_back(std::move(tensor));
      continue;
    }
    size_t part = 0; // what has another ending is not expected there
    for (size_t i = 1; i < parts.size(); ++i)
      if (const size_t colon = tensor.name.rfind(':');
          colon != std::string::npos && tensor.name.substr(colon) == ending(i)) {
        tensor.name.resize(colon);
        part = i;
      }
    parts[part].tensors.push_back(std::move(tensor));
  }
  for (size_t i = memory_.size(); i-- > 0;) {
    for (int p = 0; i > 0 && p < memory_[i].count(); ++p) {
      const std::string& name = memory_[i].info(p).name;
      const Tensor* tensor = parts[i].find(name);
      if (tensor == nullptr)
        throw Failure(Exit::mismatch, path + ": `" + name + ending(i) + "` is missing");
      const auto below = [](float value) { return value < 0; };
      if (words_[i] == "square" && std::any_of(tensor->values.begin(), tensor->values.end(), below))
        throw Failure(Exit::user, path + ": `" + name + ending(i) + "` is damaged: a square is negative");
    }
    memory_[i].load(parts[i], path);
  }
  // A run that averages from now on begins with its next step; one that no longer does drops what it had.
  averaging_ = !average_.empty() && !average.tensors.empty();
  if (averaging_)
    average_[0].load(average, path);
}

bool Optimizer::finite() const {
  const auto finite = [](const ParameterSet& set) { return set.finite(); };
  return std::all_of(memory_.begin(), memory_.end(), finite) && std::all_of(average_.begin(), average_.end(), finite);
}

void update_statistic(Floats& running, const float* batch, double momentum) {
  float keep = static_cast<float>(1 - momentum), take = static_cast<float>(momentum);
  for (int64_t i = 0; i < running.size(); ++i)
    running[i] = keep * running[i] + take * batch[i];
}

} // namespace rvb::runtime
