// One function of the compiled program with all the memory it needs, allocated once for the largest batch.
#pragma once

#include "core/ports.h"
#include "interface/program.h"
#include "network/manifest.h"
#include "network/parameters.h"

#include <array>
#include <memory>

namespace rvb::runtime {

class Function {
public:
  // Failure(usage) when the program has no such function. `parameters` (null for deployed programs) must outlive this.
  Function(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t max_batch,
           const ParameterSet* parameters);

  int64_t max_batch() const { return max_batch_; }
  int64_t block_bytes() const;
  float* image() { return inputs_.front().values.data(); } // the first input: [T if sequence, batch, H, W, C]
  float* input(const std::string& name);                   // null: the function has no such input
  int32_t* labels() { return reinterpret_cast<int32_t*>(labels_.data()); } // [batch], see Dataset::answer
  // Of random numbers, where the function draws any: equal keys draw equal ones.
  void set_key(uint64_t seed, int64_t step) { key_ = {static_cast<int32_t>(seed), static_cast<int32_t>(step)}; }
  // How much of the training is done, from 0 to 1, where the function reads it.
  void set_progress(double share) { progress_ = static_cast<float>(share); }
  const float* result(rvb_role role, const std::string& name) const; // null: the function has no such result
  const float* result(rvb_role role) const;                          // the first of this role
  void run(int64_t batch);                                           // Failure(internal) when a kernel fails

  // The states of "step": to where the neurons begin; and what the last run made of them becomes what the next one
  // reads.
  void reset_states();
  void advance_states();

private:
  const void* argument(const rvb_port& port, const ParameterSet* parameters);
  const void* add_state(const rvb_port& port);
  const rvb_function* function_ = nullptr;
  std::string name_;
  int64_t max_batch_;
  Floats labels_;
  std::array<int32_t, 2> key_ = {0, 0};
  float progress_ = 1;
  struct Input {
    std::string name;
    Floats values;
  };
  std::vector<Input> inputs_;
  std::vector<Floats> results_;
  std::vector<const void*> arguments_;
  std::vector<void*> result_pointers_;
  struct State {
    size_t argument, result; // places
    Floats values;           // what the next run reads
  };
  std::vector<State> states_;
  struct Release {
    void operator()(unsigned char* block) const { rvb_release(block); }
  };
  std::unique_ptr<unsigned char, Release> block_;
};

// Samples at once, at most `batch`, so that a function that shows much (@observe, @ranges) works in 256 MiB with its
// results, where one sample allows it. Failure(usage) when the program has no such function.
int64_t fitting_batch(const rvb_program& program, const Manifest& manifest, const std::string& name, int64_t batch);

// Null when the program has none of this name.
inline const rvb_function* find_function(const rvb_program& program, const std::string& name) {
  return rvb_find_function(&program, name.c_str());
}

} // namespace rvb::runtime
