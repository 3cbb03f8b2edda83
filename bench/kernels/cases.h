// What is measured: single operations, each as a function of the IR.
#pragma once

#include "bounds.h"

#include "kernels/kernels.h"

#include <string>
#include <vector>

struct Case {
  enum class Bound { memory, multiply_adds, lookups };
  std::string row;  // of kernels.def, or "elementwise"
  std::string name; // begins with the row
  std::string text;
  int64_t batch = 1;
  Bound bound = Bound::memory;
  double work = 0; // multiply-adds or synapses a sample
  bool spikes = false;
  Lookup lookup = Lookup::f32;
  double silent = -1; // the share of groups of four channels in which no spike fires; below 0: half the spikes are 0
};

std::vector<Case> all_cases();
