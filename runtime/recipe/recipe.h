// A recipe: what the compiler read, what the manifest carries, and what a training run is planned by.
#pragma once

#include "recipe/tables.h"

namespace rvb::recipe {

// The settings of settings.def as fields of their names.
struct Settings {
  using real = double;
  using whole = int64_t;
  using flag = bool;
#define SETTING(kind, name, initial, least, most, meaning) kind name = initial;
#include "recipe/settings.def"
#undef SETTING
};

// use(option, meaning, field) for every row; `settings` may be const.
template <class S, class Use> void each_setting(S& settings, Use&& use) {
#define SETTING(kind, name, initial, least, most, meaning)                                                             \
  use(Option{#name, Kind::kind, initial, least, most}, meaning, settings.name);
#include "recipe/settings.def"
#undef SETTING
}

struct Recipe : Settings {
  Choice loss{losses, "cross_entropy"};
  Choice optimizer{optimizers, "sgd"};
  Choice schedule{schedules, "cosine"};
  Choice rates{rates_row}, decays{decays_row};
  std::vector<Choice> augment;         // each row at most once
  std::string frames = "equal_count";  // or "equal_time", "duration=5000us": how a recording is cut into the T steps
  std::string time_unit;               // of recordings whose format leaves it open: s, ms, us, ns; empty: not known
  int64_t resize = 0;                  // of pictures in folders: the shorter side; 0: the input's
  double validate = 0;                 // the share of the training samples that choose the best epoch
  std::vector<double> mean, deviation; // one a channel; empty: pixels are only divided by 255, counts are as they are
};

} // namespace rvb::recipe
