#include "commands/trace_arrays.h"

#include "files/hdf5_file.h"
#include "files/npy.h"
#include "files/npz.h"

#include <algorithm>
#include <numeric>

namespace rvb::runtime {

namespace {

using Shape = std::vector<int64_t>;

int64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

// Steps of `shape` from memory, where channels lie innermost, to where they come first.
std::vector<float> turned(const float* values, int64_t steps, const Shape& shape) {
  const int64_t channels = shape[0], places = product(shape) / channels;
  std::vector<float> result(static_cast<size_t>(steps * channels * places));
  for (int64_t t = 0; t < steps; ++t)
    for (int64_t p = 0; p < places; ++p)
      for (int64_t c = 0; c < channels; ++c)
        result[static_cast<size_t>((t * channels + c) * places + p)] = *values++;
  return result;
}

Shape with(int64_t steps, Shape shape) {
  shape.insert(shape.begin(), steps);
  return shape;
}

} // namespace

std::string traced_npz(const Traced& traced, const std::string& path) {
  const Manifest& m = traced.manifest;
  std::vector<std::pair<std::string, std::string>> members;
  const auto add = [&](const std::string& name, const float* values, int64_t steps, const Shape& shape) {
    if (values != nullptr)
      members.emplace_back(name, print_npy(with(steps, shape), turned(values, steps, shape).data()));
  };
  add("input", traced.observe.image(), m.sequence ? m.steps : 1, m.input);
  members.emplace_back("logits", print_npy({m.classes}, traced.observe.result(RVB_LOGITS)));
  for (const ObservedNeuron* neuron : traced.neurons) {
    add(neuron->path + ".spikes", traced.observe.result(RVB_SPIKES, neuron->path), m.steps, neuron->shape);
    add(neuron->path + ".membrane", traced.observe.result(RVB_MEMBRANE, neuron->path), m.steps, neuron->shape);
  }
  return print_npz(members, path);
}

std::string traced_nirdata(const Traced& traced, double dt, const std::string& path) {
  const int64_t steps = traced.manifest.steps;
  Hdf5File file(path);
  file.set("", "__type__", "NIRGraphData");
  for (const ObservedNeuron* neuron : traced.neurons) {
    const int64_t elements = product(neuron->shape);
    std::string node = "nodes/" + neuron->path;
    std::replace(node.begin(), node.end(), '.', '_'); // as nodes are called there
    file.set(node, "__type__", "NIRNodeData");
    const std::vector<float> spikes = turned(traced.observe.result(RVB_SPIKES, neuron->path), steps, neuron->shape);
    std::vector<int64_t> indices;
    std::vector<float> times, values;
    for (size_t i = 0; i < spikes.size(); ++i)
      if (spikes[i] != 0) {
        const auto t = static_cast<int64_t>(i) / elements;
        indices.push_back(static_cast<int64_t>(i) % elements);
        times.push_back(static_cast<float>((static_cast<double>(t) + 0.5) * dt));
        values.push_back(spikes[i]);
      }
    const std::string events = node + "/observables/spikes";
    const Shape shape = {1, static_cast<int64_t>(values.size())};
    file.put_integers(events + "/idx", shape, indices);
    file.put(events + "/time", shape, times);
    file.put(events + "/value", shape, values);
    file.set(events, "__type__", "ValuedEventData");
    file.set_integer(events, "n_neurons", elements);
    file.set(events, "t_max", static_cast<double>(steps) * dt);
    if (const float* membrane = traced.observe.result(RVB_MEMBRANE, neuron->path); membrane != nullptr) {
      file.put(node + "/observables/v/data", {1, steps, elements}, turned(membrane, steps, neuron->shape));
      file.set(node + "/observables/v", "__type__", "TimeGriddedData");
      file.set(node + "/observables/v", "dt", dt);
    }
  }
  return file.bytes();
}

} // namespace rvb::runtime
