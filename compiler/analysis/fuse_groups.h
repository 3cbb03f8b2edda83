// Which operations of a function become one scan (see fuse.cpp).
#pragma once

#include "ir/ir.h"

#include <map>
#include <vector>

namespace rvb::analysis {

class Groups {
public:
  explicit Groups(const ir::Function& function);

  bool fusible(int op) const { return fusible_[op]; } // elementwise on at least one axis, or a scan
  int of(int op) const;                               // the group of an operation
  const std::vector<int64_t>& dims(int group) const { return dims_[group]; }
  const std::vector<int>& uses() const { return uses_; } // of every value, by operations at the top and by `ret`
  int64_t visits() const { return visits_; }             // of groups, when looking for paths: a measure of work
  // Groups so that each comes after what it reads; operations of a group in their order.
  std::vector<std::vector<int>> in_order() const;

private:
  int find(int op) const;
  void try_join(int producer, int consumer);
  bool path_through_others(int from, int to);
  void join(int a, int b);

  const ir::Function& function_;
  std::vector<bool> fusible_;
  std::vector<bool> alone_;                // scans that join nothing
  std::vector<std::vector<int64_t>> dims_; // by operation: the shape it iterates over
  std::vector<int> direction_;             // by group: -1 none, 0 forwards, 1 backwards
  std::vector<std::vector<int>> readers_;  // by operation: operations that read its results
  std::vector<std::vector<int>> members_;  // by group
  std::vector<int> parent_;
  std::vector<int> uses_;
  std::vector<int> position_,
      at_;                   // by group: its place in an order in which each comes after what it reads; the inverse
  std::vector<int> seen_;    // by group: the last search that came to it from the first of two
  std::vector<int> between_; // groups that the last search came to
  int search_ = 0;
  int64_t visits_ = 0;
};

} // namespace rvb::analysis
