#include "training/progress.h"

#include "base/messages.h"
#include "base/number_text.h"

#include <cstdlib>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(2) != 0 && (term == nullptr || std::string(term) != "dumb");
}

int columns() {
  winsize size{};
  return ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace

Progress::Progress(bool quiet, int64_t epochs, int64_t steps_per_epoch)
    : quiet_(quiet), terminal_(is_terminal()), epochs_(epochs), steps_per_epoch_(steps_per_epoch),
      epoch_begin_(Clock::now()), last_draw_(epoch_begin_), begin_(epoch_begin_) {}

void Progress::begin_epoch(int64_t epoch) {
  epoch_ = epoch;
  samples_ = steps_ = 0;
  epoch_begin_ = Clock::now();
}

double Progress::images_per_second() const {
  double seconds = std::chrono::duration<double>(Clock::now() - epoch_begin_).count();
  return seconds > 0 ? static_cast<double>(samples_) / seconds : 0;
}

// By the mean over everything that this process did, evaluations included.
double Progress::seconds_left(const TrainingState& state) const {
  double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  int64_t left = epochs_ * steps_per_epoch_ - state.step;
  return all_steps_ == 0 ? 0 : seconds / static_cast<double>(all_steps_) * static_cast<double>(left);
}

void Progress::step(const TrainingState& state, int64_t samples, double rate, const Sum* group) {
  samples_ += samples;
  ++steps_;
  ++all_steps_;
  if (quiet_)
    return;
  if (terminal_ && Clock::now() - last_draw_ > std::chrono::milliseconds(100))
    draw(state);
  if (!terminal_ && group != nullptr)
    tell("epoch {}/{}  step {}/{}  loss {:.6g}{}  lr {:.4g}  {} img/s  {} left\n", epoch_ + 1, epochs_,
         state.epoch_step, steps_per_epoch_, group->mean_loss(),
         state.regression ? "" : fmt::format("  accuracy {:.1f} %", 100 * group->accuracy()), rate,
         with_spaces(images_per_second()), duration(seconds_left(state)));
}

void Progress::draw(const TrainingState& state) {
  last_draw_ = Clock::now();
  shown_ = true;
  std::string text =
      fmt::format(" {:>3.0f} %  loss {}{}  {} img/s  {} left",
                  100.0 * static_cast<double>(state.epoch_step) / static_cast<double>(steps_per_epoch_),
                  loss_text(state.epoch_sum.mean_loss()),
                  state.regression ? "" : fmt::format("  acc {:.1f} %", 100 * state.epoch_sum.accuracy()),
                  with_spaces(images_per_second()), duration(seconds_left(state)));
  std::string head = fmt::format("epoch {:>{}}/{} ", epoch_ + 1, std::to_string(epochs_).size(), epochs_);
  int room = columns() - 1 - static_cast<int>(head.size() + text.size()) - 2;
  std::string bar;
  if (room >= 4) {
    int width = std::min(room, 30);
    auto done = static_cast<int>(width * state.epoch_step / steps_per_epoch_);
    bar = "[" + std::string(static_cast<size_t>(done), '#') + std::string(static_cast<size_t>(width - done), '.') + "]";
  }
  std::string line = (head + bar + text).substr(0, static_cast<size_t>(std::max(1, columns() - 1)));
  tell("\r\033[K{}", line);
}

void Progress::evaluating() {
  if (terminal_ && !quiet_) {
    shown_ = true;
    tell("\r\033[Kepoch {}/{}  evaluating", epoch_ + 1, epochs_);
  }
}

void Progress::clear() {
  if (shown_)
    tell("\r\033[K");
  shown_ = false;
}

} // namespace rvb::runtime
