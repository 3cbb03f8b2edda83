// What a person sees while a network trains: a bar that is redrawn on a terminal, plain lines otherwise (both on
// standard error; the line of each epoch is the result and goes to standard output).
#pragma once

#include "training/training_state.h"

#include <chrono>

namespace rvb::runtime {

class Progress {
public:
  Progress(bool quiet, int64_t epochs, int64_t steps_per_epoch);
  void begin_epoch(int64_t epoch);
  // After every step; `group` when a line of the metrics was written with it.
  void step(const TrainingState& state, int64_t samples, double rate, const Sum* group);
  void evaluating();
  void clear();                     // removes the bar
  double images_per_second() const; // of this epoch, as far as this process did it
  double seconds_left(const TrainingState& state) const;

private:
  using Clock = std::chrono::steady_clock;
  void draw(const TrainingState& state);
  bool quiet_, terminal_, shown_ = false;
  int64_t epochs_, steps_per_epoch_;
  int64_t epoch_ = 0, samples_ = 0, steps_ = 0, all_steps_ = 0;
  Clock::time_point epoch_begin_, last_draw_, begin_;
};

} // namespace rvb::runtime
