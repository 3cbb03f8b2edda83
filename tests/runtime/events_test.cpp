// The order of events on times alone, the rules of frames, and the child process that reads HDF5.
#include "base/child.h"
#include "base/failure.h"
#include "events/events.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

Recording recording_of(const std::vector<int64_t>& times) {
  Recording recording;
  for (size_t i = 0; i < times.size(); ++i)
    recording.events.push_back({times[i], static_cast<uint16_t>(i), 0, 0});
  return recording;
}

// Times after ordering and the places the events had in the file; "refused".
struct Ordered {
  std::vector<int64_t> times, places;
  bool reordered = false, wrapped = false;
  std::string refusal;
};
Ordered ordered(const std::vector<int64_t>& times, int64_t clock = 0) {
  Recording recording = recording_of(times);
  Ordered result;
  try {
    order_events(recording, clock, "file");
  } catch (const Failure& failure) {
    result.refusal = failure.what();
    return result;
  }
  for (const Event& event : recording.events) {
    result.times.push_back(event.time);
    result.places.push_back(event.x);
  }
  result.reordered = recording.reordered;
  result.wrapped = recording.wrapped;
  return result;
}

using Times = std::vector<int64_t>;
constexpr int64_t top31 = (int64_t{1} << 31) - 1, top32 = (int64_t{1} << 32) - 1, minute = 60'000'000;

} // namespace

TEST(EventOrder, SortedIsLeftAlone) {
  Ordered result = ordered({0, 0, 5, top32 * 1000});
  EXPECT_EQ(result.times, (Times{0, 0, 5, top32 * 1000}));
  EXPECT_FALSE(result.reordered || result.wrapped);
  EXPECT_EQ(ordered({}).times, Times{});
}

TEST(EventOrder, EqualTimesStayInTheOrderOfTheFile) {
  Ordered result = ordered({7, 3, 7, 3, 7});
  EXPECT_EQ(result.places, (Times{1, 3, 0, 2, 4}));
  EXPECT_TRUE(result.reordered);
}

TEST(EventOrder, AnOverflowIsAJumpOverNearlyAllOfTheClock) {
  EXPECT_EQ(ordered({top31 - 1, top31, 0, 3}).times, (Times{top31 - 1, top31, top31 + 1, top31 + 4}));
  EXPECT_EQ(ordered({top32 - 1, 0, 3}).times, (Times{top32 - 1, top32 + 1, top32 + 4}));
  EXPECT_EQ(ordered({top31, -top31 - 1, 3}).times, (Times{top31, top31 + 1, top32 + 4}));
  EXPECT_TRUE(ordered({top32, 0}).wrapped);
  // Beyond 32 bits no clock is known to overflow.
  EXPECT_FALSE(ordered({top32 + 1, 0}).wrapped);
  // Twice
  EXPECT_EQ(ordered({0, top31, top32, 1, top32, 0}).times,
            (Times{0, top31, top32, top32 + 2, 2 * top32 + 1, 2 * top32 + 2}));
  // A clock with a sign: times before the overflow may be negative.
  EXPECT_EQ(ordered({-5, top31, -top31 - 1}).times, (Times{top32 - 4, top32 + 1 + top31, top32 + 2 + top31}));
  // A clock of the format, not of the values
  EXPECT_TRUE(ordered({5, 4, top31}, int64_t{1} << 32).reordered);
  EXPECT_FALSE(ordered({5, 4, 1000 * minute}, int64_t{1} << 60).wrapped);
}

TEST(EventOrder, BackwardsAndShuffledAcrossAnOverflow) {
  EXPECT_EQ(ordered({3, 0, top31, top31 - 1}).places, (Times{3, 2, 1, 0}));
  EXPECT_EQ(ordered({3, top31, 0, top31 - 1}).places, (Times{3, 1, 2, 0}));
  EXPECT_EQ(ordered({-top31, top31, -top31 - 1, top31 - 1}).places, (Times{3, 1, 2, 0}));
}

TEST(EventOrder, WhatCannotBeToldIsRefused) {
  for (const Times& times :
       {Times{0, 25 * minute, minute, 30 * minute, 24 * minute, 2 * minute},
        Times{0, 50 * minute, 10 * minute, 40 * minute, 20 * minute}, Times{20 * minute, 0, 20 * minute + 5, 1}})
    EXPECT_NE(ordered(times).refusal.find("file: its events are not ordered by time"), std::string::npos) << times[1];
  EXPECT_NE(ordered({-5, 3}).refusal.find("file: its times are negative, -5"), std::string::npos);
  EXPECT_NE(ordered({3, -5}).refusal.find("negative"), std::string::npos);
}

TEST(FrameRules, AreReadAndWritten) {
  for (const char* text : {"equal_count", "equal_time", "duration=1us", "duration=5000us"})
    EXPECT_EQ(parse_frame_rule(text).value().text(), text);
  EXPECT_EQ(parse_frame_rule("duration=5ms")->text(), "duration=5000us");
  EXPECT_EQ(parse_frame_rule("duration=2s")->text(), "duration=2000000us");
  EXPECT_EQ(parse_frame_rule("duration=70")->text(), "duration=70us");
  for (const char* bad :
       {"", "equal", "duration", "duration=", "duration=us", "duration=0", "duration=-1us", "duration=1e3",
        "duration=99999999999999999999us", "duration=1000000001s", "duration=5 us", "durations=5us"})
    EXPECT_FALSE(parse_frame_rule(bad).has_value()) << bad;
}

TEST(FrameRules, ADurationEndsWithTheLastFrame) {
  Framing framing;
  framing.frames = 3;
  framing.rule = *parse_frame_rule("duration=10us");
  EXPECT_EQ(frame_numbers(recording_of({5, 14, 15, 34, 35, 1000}).events, framing), (Times{0, 0, 1, 2, -1, -1}));
}

namespace {

Ending ending_of(const std::function<void(const std::function<void(const Message&)>&)>& work) {
  return in_child(work, [](const Message&) {});
}

} // namespace

TEST(Child, EndsWithinItsLimits) {
  EXPECT_EQ(ending_of([](auto&& send) { send({1, 2}); }), Ending::whole);
  EXPECT_EQ(ending_of([](auto&&) { std::abort(); }), Ending::broken);
  EXPECT_EQ(ending_of([](auto&& send) {
              send({1});
              for (volatile int i = 0;; i = i + 1) {
              }
            }),
            Ending::too_long);
  EXPECT_EQ(ending_of([](auto&& send) { send(Message(2 * child_memory / sizeof(double))); }), Ending::memory);
}

TEST(Child, EndsWhenNobodyListens) {
  pid_t child = 0;
  EXPECT_THROW(in_child(
                   [](auto&& send) {
                     send({static_cast<double>(::getpid())});
                     ::pause();
                   },
                   [&](const Message& message) {
                     child = static_cast<pid_t>(message[0]);
                     throw Failure(Exit::user, "enough");
                   }),
               Failure);
  EXPECT_NE(::kill(child, 0), 0); // it is no more
}

TEST(Child, DoesNotOutliveItsParent) {
  int pipes[2], held[2]; // `held` stays open in the grandchild for as long as it lives
  ASSERT_EQ(::pipe(pipes), 0);
  ASSERT_EQ(::pipe(held), 0);
  pid_t parent = ::fork();
  if (parent == 0) {
    in_child(
        [](auto&& send) {
          send({1});
          ::pause();
        },
        [&](const Message&) { (void)!::write(pipes[1], "x", 1); });
    ::_exit(0);
  }
  ::close(held[1]);
  char byte = 0;
  ASSERT_EQ(::read(pipes[0], &byte, 1), 1);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_EQ(::read(held[0], &byte, 1), 0); // returns when the last holder has ended
  for (int file : {pipes[0], pipes[1], held[0]})
    ::close(file);
}

} // namespace rvb::runtime
