#include "network/parameters.h"

#include "base/random.h"
#include "network/weights_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

namespace rvb::runtime {

Floats::Floats(int64_t count) : count_(count) {
  size_t bytes = static_cast<size_t>(count) * sizeof(float);
  data_.reset(static_cast<float*>(rvb_allocate(bytes)));
  if (data_ == nullptr)
    throw std::bad_alloc();
  std::memset(data_.get(), 0, bytes);
}

namespace {

// Calls visit(memory index, disk index) for every element.
template <class Visit> void walk(const Parameter& parameter, Visit&& visit) {
  size_t rank = parameter.shape.size();
  std::vector<int64_t> strides(rank, 1), index(rank, 0);
  for (size_t i = rank; i-- > 1;)
    strides[i - 1] = strides[i] * parameter.shape[i];
  int64_t disk = 0;
  for (int64_t memory = 0; memory < parameter.elements; ++memory) {
    visit(memory, disk);
    for (size_t i = rank; i-- > 0;) {
      size_t dimension = static_cast<size_t>(parameter.order[i]);
      disk += strides[dimension];
      if (++index[i] < parameter.shape[dimension])
        break;
      disk -= strides[dimension] * index[i];
      index[i] = 0;
    }
  }
}

} // namespace

void disk_to_memory(const Parameter& parameter, const float* disk, float* memory) {
  walk(parameter, [&](int64_t to, int64_t from) { memory[to] = disk[from]; });
}

void memory_to_disk(const Parameter& parameter, const float* memory, float* disk) {
  walk(parameter, [&](int64_t from, int64_t to) { disk[to] = memory[from]; });
}

ParameterSet::ParameterSet(const std::vector<Parameter>& parameters) : parameters_(&parameters) {
  for (const Parameter& parameter : parameters)
    values_.emplace_back(parameter.elements);
}

int ParameterSet::find(const std::string& name) const {
  for (int i = 0; i < count(); ++i)
    if (info(i).name == name)
      return i;
  return -1;
}

void ParameterSet::initialize(uint64_t seed) {
  for (int i = 0; i < count(); ++i) {
    const Parameter& p = info(i);
    if (p.initializer != "normal") {
      std::fill_n((*this)[i].data(), p.elements, static_cast<float>(p.initial));
      continue;
    }
    // Drawn in the order on disk: a seed means the same weights whatever the memory order of a target is.
    std::vector<float> disk(static_cast<size_t>(p.elements));
    fill_normal({seed, 0, static_cast<uint32_t>(i), Draw::initial_weights}, disk.data(), p.elements);
    for (float& value : disk)
      value *= static_cast<float>(p.initial);
    disk_to_memory(p, disk.data(), (*this)[i].data());
  }
}

void ParameterSet::load(const Safetensors& file, const std::string& path) {
  std::vector<ExpectedTensor> expected;
  for (const Parameter& p : *parameters_)
    expected.push_back({p.name, p.shape, p.role == "running_variance"});
  check_weights(file, expected, path);
  for (int i = 0; i < count(); ++i)
    disk_to_memory(info(i), file.find(info(i).name)->values.data(), (*this)[i].data());
}

std::vector<Tensor> ParameterSet::tensors() const {
  std::vector<Tensor> result;
  for (int i = 0; i < count(); ++i) {
    Tensor tensor{info(i).name, info(i).shape, std::vector<float>(static_cast<size_t>(info(i).elements))};
    memory_to_disk(info(i), (*this)[i].data(), tensor.values.data());
    result.push_back(std::move(tensor));
  }
  return result;
}

bool ParameterSet::finite() const {
  for (const Floats& values : values_)
    for (int64_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]))
        return false;
  return true;
}

} // namespace rvb::runtime
