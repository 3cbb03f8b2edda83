#include "evaluation/scores.h"

#include "base/failure.h"
#include "data/loader.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace rvb::runtime {

std::string loss_name(const Recipe& recipe) {
  if (recipe.loss.is("mse"))
    return "mean squared error";
  const std::string name = recipe.loss.is("cross_entropy") ? "cross entropy" : recipe.loss.row().name;
  const double smoothing = recipe.loss["smoothing"];
  return smoothing > 0 ? fmt::format("{}, smoothing {}", name, smoothing) : name;
}

int64_t decision(const float* logits, int64_t classes) {
  return std::max_element(logits, logits + classes) - logits;
}

std::vector<double> softmax(const float* logits, int64_t classes) {
  std::vector<double> result(logits, logits + classes);
  double top = *std::max_element(result.begin(), result.end()), sum = 0;
  for (double& value : result)
    sum += value = std::exp(value - top);
  for (double& value : result)
    value /= sum;
  return result;
}

Scores::Scores(const Manifest& manifest) : classes(manifest.classes) {
  if (manifest.regression)
    errors.emplace(classes);
  else
    confusion.resize(static_cast<size_t>(classes * classes));
}

void Scores::add(const float* logits, const int32_t* labels, int64_t samples) {
  if (errors) {
    errors->add(logits, reinterpret_cast<const float*>(labels), samples);
    count += samples;
    return;
  }
  for (int64_t i = 0; i < samples; ++i, logits += classes) {
    double top = logits[decision(logits, classes)], sum = 0;
    for (int64_t k = 0; k < classes; ++k)
      sum += std::exp(logits[k] - top);
    double mean = 0;
    for (int64_t k = 0; k < classes; ++k)
      mean += logits[k];
    mean /= static_cast<double>(classes);
    loss_sum += std::log(sum) + top - logits[labels[i]];
    spread_sum += std::log(sum) + top - mean;
    int64_t chosen = decision(logits, classes);
    correct += chosen == labels[i];
    ++confusion[static_cast<size_t>(labels[i] * classes + chosen)];
  }
  count += samples;
}

void require_finite(const float* values, int64_t count, int64_t sample, const std::string& what) {
  if (!std::all_of(values, values + count, [](float value) { return std::isfinite(value); }))
    throw NotFinite(fmt::format("sample {}: {} is not finite (its weights or the input are too large)", sample, what));
}

namespace {

// [T, count, H, W, C] in place.
void mirror_images(const Manifest& m, int64_t count, float* images) {
  const int64_t rows = (m.sequence ? m.steps : 1) * count * m.height, row = m.width * m.channels;
  for (int64_t y = 0; y < rows; ++y)
    for (int64_t x = 0; x < m.width / 2; ++x) {
      float* left = images + y * row + x * m.channels;
      std::swap_ranges(left, left + m.channels, images + y * row + (m.width - 1 - x) * m.channels);
    }
}

} // namespace

void run_over(const Dataset& dataset, const Manifest& manifest, Function& infer,
              const std::function<bool(int64_t, int64_t, const float*, const int32_t*)>& each, bool mirror) {
  std::vector<int64_t> samples(static_cast<size_t>(dataset.count()));
  std::iota(samples.begin(), samples.end(), 0);
  Loader loader(dataset, manifest, std::move(samples), infer.max_batch(), std::nullopt);
  int32_t* labels = dataset.labelled() ? infer.labels() : nullptr;
  std::vector<float> both;
  int64_t count = 0;
  for (int64_t first = 0; (count = loader.next(infer.image(), labels)) > 0; first += count) {
    infer.run(count);
    const float* logits = infer.result(RVB_LOGITS);
    if (mirror) {
      both.assign(logits, logits + count * manifest.classes);
      mirror_images(manifest, count, infer.image());
      infer.run(count);
      for (size_t i = 0; i < both.size(); ++i)
        both[i] = (both[i] + logits[i]) / 2;
      logits = both.data();
    }
    for (int64_t i = 0; i < count; ++i)
      require_finite(logits + i * manifest.classes, manifest.classes, first + i, "the network's answer");
    if (!each(first, count, logits, labels))
      return;
  }
}

} // namespace rvb::runtime
