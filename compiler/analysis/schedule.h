// The order of a function's operations with what each reads and makes, light enough to be changed thousands of times:
// what `recompute` searches over. It knows how many bytes are alive while each step runs, how much work the steps are,
// and the block that codegen's plan will have: both give their buffers to analysis/placement.h.
#pragma once

#include "analysis/loop_memory.h"
#include "analysis/placement.h"
#include "ir/ir.h"

#include <cstdint>
#include <map>
#include <vector>

namespace rvb::analysis {

// What an operation costs, in additions: a multiply-add counts 2 (a fused multiply-add has half the throughput of a
// lookup and an addition, bench/RESULTS.md), a byte that is read or written counts 4 (memory moves 25 GB/s while 100 G
// additions are done).
double work(const ir::Function& function, const ir::Op& op, int64_t batch);
double work(const ir::Function& function, int64_t batch);

struct Profile {
  std::vector<int64_t> fixed, sample; // bytes alive while each step runs; `sample` grows with the batch
  int64_t fixed_peak = 0, sample_peak = 0;
  double work = 0;
  // What a plan needs: the two kinds lie in two regions, each as large as its own peak.
  int64_t bytes(int64_t batch) const { return fixed_peak + batch * sample_peak; }
};

class Schedule {
public:
  // One run of an operation. Values below the function's count are the function's own; those above are repetitions.
  struct Step {
    int op; // index into the function's operations
    std::vector<ir::Value> reads, makes;
  };

  Schedule(const ir::Function& function, int64_t batch);

  const Step& step(int position) const { return pool_[order_[position]]; }
  int size() const { return static_cast<int>(order_.size()); }
  int values() const { return static_cast<int>(origin_.size()); }
  ir::Value origin(ir::Value value) const { return origin_[value]; }  // the function's value that it repeats
  int maker(ir::Value value) const { return maker_[origin_[value]]; } // operation; -1: a parameter
  int64_t sample_bytes(ir::Value value) const { return sample_[origin_[value]]; }
  // By position, where synapses run with the neuron behind them (joins.h): where that stands. -1 for all others.
  std::vector<int> joined() const;

  ir::Value repeat_value(ir::Value value); // a fresh value that holds the same
  int add(Step step);                      // to the pool; returns its handle
  void replace(int position, Step step) { order_[position] = add(std::move(step)); }
  void insert(int position, const std::vector<int>& handles);
  // What reads parameters alone moves to its first reader: packed signs wait in the weights instead.
  void sink();

  Profile profile() const;
  // What the plan will have once dce has run; places are found for it, so it costs more than a profile.
  Block block() const;
  std::vector<bool> live() const; // by position: something that is returned depends on it

  // Forgets what was added after a mark, together with the order of that time.
  struct Mark {
    std::vector<int> order;
    size_t pool, values;
  };
  Mark mark() const { return {order_, pool_.size(), origin_.size()}; }
  void restore(Mark mark);

private:
  bool can_join(int synapse, int scan) const;
  void add_scratch(const ir::Op& op, int64_t batch);
  // The intervals of what a step makes, and of a loop's scratch.
  void append_buffers(int position, const std::vector<int>& last, std::vector<Interval>& buffers) const;

  const ir::Function* function_;
  std::vector<Step> pool_;
  std::vector<int> order_;
  std::vector<ir::Value> origin_;
  std::vector<int> maker_;                       // by the function's value
  std::vector<int64_t> fixed_, sample_;          // by the function's value: bytes; 0 for what lies outside the block
  std::vector<double> work_;                     // by operation
  std::vector<bool> returned_;                   // by the function's value
  std::vector<std::vector<LoopBuffer>> scratch_; // by operation
  mutable std::map<std::pair<int, int>, bool> can_join_; // by synapses and scan, as operations
};

} // namespace rvb::analysis
