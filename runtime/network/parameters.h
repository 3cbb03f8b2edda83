// The network's parameters in memory, and their way to and from safetensors (PyTorch's names and shapes).
#pragma once

#include "core/core.h"
#include "files/weights.h"
#include "network/manifest.h"

#include <memory>

namespace rvb::runtime {

// Floats aligned for the kernels.
class Floats {
public:
  explicit Floats(int64_t count);
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  int64_t size() const { return count_; }
  float& operator[](int64_t index) { return data_.get()[index]; }
  float operator[](int64_t index) const { return data_.get()[index]; }

private:
  struct Release {
    void operator()(float* block) const { rvb_release(block); }
  };
  std::unique_ptr<float[], Release> data_;
  int64_t count_;
};

// Between row-major on disk and the memory order of the manifest.
void disk_to_memory(const Parameter& parameter, const float* disk, float* memory);
void memory_to_disk(const Parameter& parameter, const float* memory, float* disk);

class ParameterSet {
public:
  explicit ParameterSet(const std::vector<Parameter>& parameters); // zeros
  const std::vector<Parameter>& parameters() const { return *parameters_; }
  int count() const { return static_cast<int>(values_.size()); }
  Floats& operator[](int index) { return values_[static_cast<size_t>(index)]; }
  const Floats& operator[](int index) const { return values_[static_cast<size_t>(index)]; }
  const Parameter& info(int index) const { return (*parameters_)[static_cast<size_t>(index)]; }
  int find(const std::string& name) const; // -1: no such parameter

  void initialize(uint64_t seed);
  // Failure as check_weights (weights_check.h).
  void load(const Safetensors& file, const std::string& path);
  void load(const std::string& path, const std::string& strip = "") { load(read_weights(path, strip), path); }
  std::vector<Tensor> tensors() const;
  bool finite() const;

private:
  const std::vector<Parameter>* parameters_;
  std::vector<Floats> values_;
};

} // namespace rvb::runtime
