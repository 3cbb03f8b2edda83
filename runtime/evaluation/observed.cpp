#include "evaluation/observed.h"

#include "base/json_text.h"
#include "evaluation/scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr char key[] = "rvb.observed";

int64_t product(const std::vector<int64_t>& shape, size_t from) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end(), int64_t{1},
                         std::multiplies<>());
}

// A tensor that is filled batch by batch.
struct Filled {
  Tensor tensor;
  const float* from = nullptr; // [T, batch, …, C]
  int64_t steps = 1, channels = 1, pixels = 1;

  // Samples first … first + count - 1, out of memory order.
  void take(int64_t first, int64_t count, int64_t samples) {
    const int64_t size = channels * pixels;
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < count; ++i) {
        const float* sample = from + (t * count + i) * size;
        float* to = tensor.values.data() + (t * samples + first + i) * size;
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t p = 0; p < pixels; ++p)
            to[c * pixels + p] = sample[p * channels + c];
      }
  }
};

void add(std::vector<Filled>& all, const std::string& name, const float* from, int64_t steps, int64_t samples,
         const Shape& shape) {
  if (from == nullptr)
    return;
  Filled filled;
  filled.tensor.name = name;
  if (steps > 0)
    filled.tensor.shape.push_back(steps);
  filled.tensor.shape.push_back(samples);
  filled.tensor.shape.insert(filled.tensor.shape.end(), shape.begin(), shape.end());
  filled.tensor.values.resize(static_cast<size_t>(product(filled.tensor.shape, 0)));
  filled.from = from;
  filled.steps = std::max<int64_t>(1, steps);
  filled.channels = shape[0];
  filled.pixels = product(shape, 1);
  all.push_back(std::move(filled));
}

// Of one pair of tensors; the leading dimensions are [T, samples] or [samples].
class Difference {
public:
  Difference(const Tensor& ours, const Tensor& theirs, bool steps) : ours_(ours), theirs_(theirs), steps_(steps) {}

  LayerDifference find(double tolerance) {
    LayerDifference found;
    found.name = ours_.name;
    found.elements = static_cast<int64_t>(ours_.values.size());
    double scale = 0;
    for (const float value : theirs_.values)
      scale = std::max(scale, std::fabs(static_cast<double>(value)));
    scale = scale > 0 ? scale : 1;
    const int64_t frames = steps_ ? ours_.shape[0] : 1, samples = ours_.shape[steps_ ? 1 : 0];
    const int64_t size = product(ours_.shape, steps_ ? 2 : 1);
    for (int64_t i = 0; i < samples; ++i)
      for (int64_t t = 0; t < frames; ++t)
        for (int64_t e = 0; e < size; ++e) {
          const auto at = static_cast<size_t>((t * samples + i) * size + e);
          const double a = ours_.values[at], b = theirs_.values[at], share = std::fabs(a - b) / scale;
          found.decided += (a != 0) != (b != 0);
          found.largest = std::max(found.largest, share);
          if (share <= tolerance)
            continue;
          if (found.beyond++ == 0)
            name(found, i, t, e, at);
        }
    return found;
  }

private:
  void name(LayerDifference& found, int64_t sample, int64_t step, int64_t element, size_t at) const {
    found.sample = sample;
    found.step = step;
    found.ours = ours_.values[at];
    found.theirs = theirs_.values[at];
    for (size_t d = ours_.shape.size(); d-- > (steps_ ? 2u : 1u);) {
      found.place.insert(found.place.begin(), element % ours_.shape[d]);
      element /= ours_.shape[d];
    }
  }

  const Tensor &ours_, &theirs_;
  bool steps_;
};

ordered_json described(const Safetensors& file) {
  const std::string* text = file.find_metadata(key);
  return text == nullptr ? ordered_json() : parse_json(text->data(), text->size());
}

} // namespace

Safetensors observe(const rvb_program& program, const Manifest& manifest, const ParameterSet* parameters,
                    const Dataset& dataset, int64_t batch) {
  const Manifest& m = manifest;
  const bool shows = find_function(program, "observe") != nullptr;
  const std::string name = shows ? "observe" : "infer";
  batch = fitting_batch(program, m, name, std::min(batch, dataset.count()));
  Function function(program, m, name, batch, parameters);
  std::vector<Filled> all;
  for (const ObservedNeuron& neuron : m.neurons) {
    add(all, "spikes:" + neuron.path, function.result(RVB_SPIKES, neuron.path), m.steps, dataset.count(), neuron.shape);
    add(all, "membrane:" + neuron.path, function.result(RVB_MEMBRANE, neuron.path), m.steps, dataset.count(),
        neuron.shape);
  }
  add(all, "logits", function.result(RVB_LOGITS), 0, dataset.count(), {m.classes});
  run_over(dataset, m, function, [&](int64_t first, int64_t count, const float*, const int32_t*) {
    for (Filled& filled : all)
      filled.take(first, count, dataset.count());
    return true;
  });
  Safetensors file;
  for (Filled& filled : all)
    file.tensors.push_back(std::move(filled.tensor));
  const ordered_json about = {{"schema", "rvb.observed/1"},
                              {"name", m.name},
                              {"source_hash", m.source_hash},
                              {"deployed", m.deployed},
                              {"data", dataset.provenance_json()}};
  file.metadata = {{"format", "pt"}, {key, json_text(about)}};
  return file;
}

std::vector<LayerDifference> compare_observed(const Safetensors& ours, const Safetensors& theirs,
                                              const std::string& path, double tolerance) {
  const ordered_json a = described(ours), b = described(theirs);
  if (b.is_object() && b.contains("data") && a["data"] != b["data"])
    throw Failure(Exit::user, path + " is of other samples: observe the same --data or --input with the same --limit");
  std::vector<LayerDifference> differences;
  for (const Tensor& tensor : ours.tensors) {
    const bool logits = tensor.name == "logits";
    if (!logits && tensor.name.rfind("spikes:", 0) != 0)
      continue;
    const Tensor* other = theirs.find(tensor.name);
    if (other == nullptr && !logits)
      continue; // a file of some layers
    if (other == nullptr || other->shape != tensor.shape || other->values.size() != tensor.values.size())
      throw Failure(Exit::user, path + ": `" + tensor.name + "` " +
                                    (other == nullptr ? "is missing" : "has shape " + shape_text(other->shape)) +
                                    ", expected " + shape_text(tensor.shape));
    differences.push_back(Difference(tensor, *other, !logits).find(tolerance));
  }
  return differences;
}

} // namespace rvb::runtime
