// The order of events: one rule for every format.
//   1. Ordered by time: taken as they are.
//   2. Not ordered, over less than half of the clock's range: no overflow can be among them; sorted.
//   3. All within an eighth of a range from the clock's two ends: it overflowed once; the events from its lower end are
//      the later ones; sorted.
//   4. Ordered, or ordered backwards, but for jumps of more than three quarters of a range against the direction: each
//      is an overflow of the clock.
//   5. Else a long recording out of order and an overflow look alike: refused.
#include "events/events.h"

#include "base/failure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace rvb::runtime {

namespace {

static_assert(std::numeric_limits<Number>::digits >= 64);

constexpr int64_t bits31 = int64_t{1} << 31, bits32 = int64_t{1} << 32;

bool earlier(const Event& a, const Event& b) {
  return a.time < b.time;
}

// The smallest usual clock that can show all these times; 0: none.
int64_t clock_of(int64_t first, int64_t last) {
  if (first >= 0)
    return last < bits31 ? bits31 : last < bits32 ? bits32 : 0;
  return first >= -bits31 && last < bits31 ? bits32 : 0;
}

// Rule 4 in the direction of the iterators; the times become those of a clock that never overflows.
template <class Iterator> bool unwrap(Iterator begin, Iterator end, int64_t clock, bool& wrapped) {
  std::vector<int64_t> times;
  int64_t before = begin->time, passed = 0;
  for (Iterator at = begin; at != end; ++at) {
    if (before - at->time > clock / 4 * 3) {
      passed += clock;
      if (passed >= most_time)
        return false;
    }
    times.push_back(at->time + passed);
    before = at->time;
  }
  if (!std::is_sorted(times.begin(), times.end()) || times.back() >= most_time)
    return false;
  for (int64_t time : times)
    begin++->time = time;
  wrapped = passed > 0;
  return true;
}

// Rule 3.
bool unwrap_ends(std::vector<Event>& events, int64_t clock, int64_t lowest) {
  int64_t part = clock / 8, late = lowest + clock - part, early = lowest + part;
  for (const Event& event : events)
    if (!(event.time >= lowest && event.time < early) && !(event.time >= late && event.time < lowest + clock))
      return false;
  for (Event& event : events)
    if (event.time < early)
      event.time += clock;
  return true;
}

std::string text(Number value) {
  char text[40];
  std::snprintf(text, sizeof text, value == std::floor(value) && std::fabs(value) < 1e18L ? "%.0Lf" : "%Lg", value);
  return text;
}

} // namespace

void order_events(Recording& recording, int64_t clock, const std::string& path) {
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": " + text); };
  std::vector<Event>& events = recording.events;
  if (events.empty())
    return;
  if (!std::is_sorted(events.begin(), events.end(), earlier)) {
    auto ends = std::minmax_element(events.begin(), events.end(), earlier);
    int64_t first = ends.first->time, last = ends.second->time;
    if (clock == 0)
      clock = clock_of(first, last);
    if (clock == 0 || last - first < clock / 2) {
      // no overflow
    } else if (unwrap_ends(events, clock, first < 0 ? -clock / 2 : 0)) {
      recording.wrapped = true;
    } else if (!unwrap(events.begin(), events.end(), clock, recording.wrapped) &&
               !unwrap(events.rbegin(), events.rend(), clock, recording.wrapped)) {
      fail("its events are not ordered by time, and their times, from " + std::to_string(first) + " to " +
           std::to_string(last) + ", fill more than half of the range of a clock with " + std::to_string(clock) +
           " values: whether that clock overflowed cannot be told; sort the events by time");
    }
    recording.reordered = !std::is_sorted(events.begin(), events.end(), earlier);
    if (recording.reordered)
      std::stable_sort(events.begin(), events.end(), earlier);
  }
  if (recording.wrapped && events.front().time < 0) // a clock with a sign
    for (Event& event : events)
      event.time += clock;
  if (events.front().time < 0)
    fail("its times are negative, " + std::to_string(events.front().time) + " is the earliest: times count from 0");
}

void set_times(Recording& recording, const std::vector<Number>& times, const std::string& unit,
               const std::string& path) {
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": " + text); };
  std::vector<Event>& events = recording.events;
  const Number most = static_cast<Number>(most_time), microseconds = unit == "s"    ? 1e6L
                                                                     : unit == "ms" ? 1e3L
                                                                     : unit == "ns" ? 1e-3L
                                                                                    : 1;
  bool whole = true;
  for (size_t i = 0; i < times.size(); ++i) {
    if (!(std::fabs(times[i]) < most) || !(std::fabs(times[i]) * microseconds < most))
      fail("event " + std::to_string(i) + " is at time " + text(times[i]) +
           (std::isfinite(times[i]) ? ", which is too large" : ", which is not a finite number"));
    whole = whole && times[i] == std::floor(times[i]);
  }
  if (whole) { // overflows are those of the clock's own unit
    for (size_t i = 0; i < times.size(); ++i)
      events[i].time = static_cast<int64_t>(times[i]);
    order_events(recording, 0, path);
    if (!events.empty() && static_cast<Number>(events.back().time) * microseconds >= most)
      fail("its times are too large");
    for (Event& event : events)
      event.time = unit == "ns" ? event.time / 1000 : event.time * static_cast<int64_t>(microseconds);
    recording.unit_assumed = unit.empty();
    return;
  }
  auto ends = std::minmax_element(times.begin(), times.end());
  if (unit.empty())
    fail("its times, from " + text(*ends.first) + " to " + text(*ends.second) +
         ", have fractions, so they need not be microseconds: name their unit with --time-unit s, ms, us or ns (in the "
         "recipe: time_unit)");
  if (*ends.first < 0)
    fail("its times are negative, " + text(*ends.first) + " is the earliest: times count from 0");
  std::vector<size_t> order(times.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return times[a] < times[b]; });
  recording.reordered = !std::is_sorted(order.begin(), order.end());
  std::vector<Event> ordered;
  ordered.reserve(events.size());
  for (size_t i : order) {
    Event event = events[i];
    // Decimal numbers such as 0.0123 s are not exact in binary: the nearest integer is meant.
    event.time = unit == "ns" ? static_cast<int64_t>(std::round(times[i])) / 1000
                              : static_cast<int64_t>(std::round(times[i] * microseconds));
    ordered.push_back(event);
  }
  events = std::move(ordered);
}

} // namespace rvb::runtime
