// Scans: neurons over time, in floating point and in integers, forwards and backwards.
#include "harness.h"

#include <gtest/gtest.h>

namespace rvb::kernels {

namespace {

using std::string;
using std::to_string;

// A ReverB neuron with a mask emitted, a scale for each channel and a scalar; as a scan of T steps in both directions.
string neuron(const string& rest, int64_t steps, int64_t channels, bool literal_state, bool reverse) {
  string seq = to_string(steps) + "," + rest, c = to_string(channels);
  string state = literal_state ? "0.0" : "%v";
  return "func @f(%x: f32[" + seq + "], %a: f32[" + c + "], %b: f32[], %v: f32[" + rest + "]) -> (f32[" + seq +
         "], bool[" + seq + "], f32[" + rest + "]) {\n  %e, %m, %s = scan(%x, %a, %b, " + state +
         ") {axis = 0, invariants = 2" + (reverse ? ", reverse = 1" : "") + ", states = 1} do (%xt: f32[" + rest +
         "], %at: f32[" + c + "], %bt: f32[], %vt: f32[" + rest + "]) {\n    %l = mul(%vt, 0.25) : f32[" + rest +
         "]\n    %i = mul(%xt, %at) : f32[" + rest + "]\n    %j = add(%i, %bt) : f32[" + rest +
         "]\n    %u = add(%l, %j) : f32[" + rest + "]\n    %f = greater_equal(%u, 0.1) : bool[" + rest +
         "]\n    %o = select(%f, %u, 0.0) : f32[" + rest + "]\n    %r = select(%f, 0.0, %u) : f32[" + rest +
         "]\n    yield(%o, %f, %r)\n  } : f32[" + seq + "], bool[" + seq + "], f32[" + rest +
         "]\n  ret(%e, %m, %s)\n}\n";
}

TEST(Scan, Neuron) {
  for (int64_t steps : {1, 3, 11}) // in one step, unrolled, in a loop
    for (int64_t channels : {3, 8, 33}) {
      string rest = "?,5,7," + to_string(channels);
      bool odd = channels % 2 != 0;
      EXPECT_EQ("", differences(neuron(rest, steps, channels, odd, !odd), 3, 7));
    }
  EXPECT_EQ("", differences(neuron("?,5,7,1", 2, 1, false, true), 3, 7));
  EXPECT_EQ("", differences(neuron("5,16", 4, 16, false, false), 1, 7));
  EXPECT_EQ("", differences(neuron("?,64", 4, 64, true, true), 5, 7));
}

// States that read each other: every one must see what the others were before this step.
TEST(Scan, StatesOfEachOther) {
  for (string rest : {"?,5,7,13", "?,3"})
    for (int64_t steps : {1, 2, 8, 12})
      for (string reverse : {"", "reverse = 1, "}) {
        string seq = to_string(steps) + "," + rest, s = "f32[" + seq + "]", r = "f32[" + rest + "]";
        string text = "func @f(%x: " + s + ", %v: " + r + ", %w: " + r + ", %z: " + r + ") -> (" + s + ", " + r + ", " +
                      r + ", " + r + ") {\n  %e, %p, %q, %o = scan(%x, %v, %w, %z) {axis = 0, " + reverse +
                      "states = 3} do (%xt: " + r + ", %vt: " + r + ", %wt: " + r + ", %zt: " + r +
                      ") {\n    %a = add(%xt, %wt) : " + r + "\n    %b = sub(%vt, %zt) : " + r +
                      "\n    %c = mul(%a, 0.5) : " + r + "\n    %d = mul(%b, 0.75) : " + r +
                      "\n    %g = sub(%c, %d) : " + r + "\n    yield(%g, %c, %d, %vt)\n  } : " + s + ", " + r + ", " +
                      r + ", " + r + "\n  ret(%e, %p, %q, %o)\n}\n";
        EXPECT_EQ("", differences(text, 3));
      }
}

// The same in integers.
TEST(Scan, WholeNeuron) {
  for (int64_t steps : {1, 3, 11})
    for (bool literal : {false, true}) {
      string rest = "[?,5,7,13]", seq = "[" + to_string(steps) + ",?,5,7,13]", i = "i32" + rest;
      string text = "func @f(%x: i32" + seq + ", %m: i32[13], %v: " + i + ") -> (i16" + seq + ", i32" + seq + ", " + i +
                    ") {\n  %e, %w, %s = scan(%x, %m, " + (literal ? "5.0" : "%v") +
                    ") {axis = 0, invariants = 1, states = 1} do (%xt: " + i + ", %mt: i32[13], %vt: " + i +
                    ") {\n    %l = rescale(%vt, 1.0) {shift = 2} : " + i +
                    "\n    %k = rescale(%xt, %mt) {shift = 3} : " + i + "\n    %u = add(%l, %k) : " + i +
                    "\n    %f = greater_equal(%u, 1000.0) : bool" + rest + "\n    %o = select(%f, %u, 0.0) : " + i +
                    "\n    %q = saturate(%o) {bits = 16, limit = 1023} : i16" + rest +
                    "\n    %r = select(%f, 0.0, %u) : " + i + "\n    yield(%q, %o, %r)\n  } : i16" + seq + ", i32" +
                    seq + ", " + i + "\n  ret(%e, %w, %s)\n}\n";
      EXPECT_EQ("", differences(text, 3, 7));
    }
}

// No channels among the operands: the flat shape.
TEST(Scan, WithoutChannels) {
  for (string rest : {"?,5,7,33", "?,10", "?,6,6,64", "?", "40,3"})
    for (int64_t steps : rest == "?,10" ? std::vector<int64_t>{1, 3} : std::vector<int64_t>{3}) {
      string seq = to_string(steps) + "," + rest, s = "f32[" + seq + "]", r = "f32[" + rest + "]";
      string text = "func @f(%x: " + s + ", %v: " + r + ", %w: " + r + ") -> (" + s + ", " + r + ", " + r + ") {\n" +
                    "  %e, %p, %q = scan(%x, %v, %w) {axis = 0, states = 2} do (%xt: " + r + ", %vt: " + r +
                    ", %wt: " + r + ") {\n    %a = add(%xt, %vt) : " + r + "\n    %b = sub(%a, %wt) : " + r +
                    "\n    %c = tanh(%b) : " + r + "\n    yield(%c, %wt, %c)\n  } : " + s + ", " + r + ", " + r +
                    "\n  ret(%e, %p, %q)\n}\n";
      EXPECT_EQ("", differences(text, 3));
    }
}

TEST(Scan, Map) {
  for (string shape : {"2,?,5,13", "3,3,8,40", "4,?,64"}) {
    string last = shape.substr(shape.rfind(',') + 1), rest = shape.substr(shape.find(',') + 1);
    string s = "f32[" + shape + "]", r = "f32[" + rest + "]", c = "f32[" + last + "]";
    string text = "func @f(%x: " + s + ", %y: " + s + ", %m: " + c + ") -> (" + s + ", " + s + ") {\n" +
                  "  %p, %q = scan(%x, %y, %m) {axis = 0, invariants = 1} do (%xt: " + r + ", %yt: " + r +
                  ", %mt: " + c + ") {\n    %a = sub(%xt, %mt) : " + r + "\n    %b = mul(%a, %yt) : " + r +
                  "\n    yield(%a, %b)\n  } : " + s + ", " + s + "\n  ret(%p, %q)\n}\n";
    EXPECT_EQ("", differences(text, 3));
  }
}

} // namespace

} // namespace rvb::kernels
