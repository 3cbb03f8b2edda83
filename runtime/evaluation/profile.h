// Where the time of a program goes, kernel by kernel, and how near that is to what the machine allows.
#pragma once

#include "evaluation/machine_rates.h"
#include "network/manifest.h"

#include <string>
#include <vector>

namespace rvb::runtime {

// A kernel, or several as one row. Numbers are of one call of the function with `batch` samples.
struct ProfileRow {
  std::string layer, kernel, operation; // the latter two of a single kernel
  int64_t times = 1;                    // it runs in one call: once a step in loops
  double seconds = 0;
  double bytes = 0; // every input and output once
  double multiply_adds = 0, additions = 0, other = 0;
  // The shortest seconds that the machine allows: of a kernel one of these, by what holds it longer; rows add them up.
  double moving = 0, computing = 0;

  double operations() const { return multiply_adds + additions + other; }
  double bound() const { return moving + computing; }
  const char* limit() const { return bound() == 0 ? "" : moving > computing ? "memory" : "arithmetic"; }
  void add(const ProfileRow& row);
};

struct Profile {
  std::string what; // "inference", "training step"
  int64_t batch = 1;
  size_t runs = 0;
  MachineRates machine;
  double whole = 0; // seconds of a call of the function as it is, without timers
  double timed = 0; // of the function with timers: kernels, and what is between them
  double step = -1; // of the optimiser; below 0: there is none
  std::vector<ProfileRow> kernels;

  std::vector<ProfileRow> layers() const; // in the order of their first kernels
  ProfileRow total() const;               // of the kernels
};

// The kernels of `function` in their order, times left out. Failure(usage) where the program was compiled without them.
std::vector<ProfileRow> profile_rows(const Manifest& manifest, const std::string& function, int64_t batch,
                                     const MachineRates& machine);

nlohmann::ordered_json profile_json(const Manifest& manifest, const Profile& profile);
std::string profile_text(const Manifest& manifest, const Profile& profile);
std::string machine_text(const MachineRates& machine); // a line for each kind of limit
extern const char* const bound_text;                   // how bounds are computed

} // namespace rvb::runtime
