// Binary layers sum integers: their spikes are rounded to a grid, one for each layer, chosen so that the largest
// spike of the calibration is just below the largest number that cannot overflow, or half of it in 32 bits: larger
// spikes come, and what exceeds the limit is held to it. Of 10,000 images 4 had such spikes in a trained ResNet20, and
// one bit of 20 is cheaper than the difference they made. Just below: what lies at the limit was held there, and can be
// counted (evaluation/held_spikes.h). Two steps below in 16 bits: a choice, not a bound. Roundings of the spike and of
// the neuron that emits it may add up to more, and a spike of the calibration is then counted as held. bench/RESULTS.md
// has other numbers of steps next to it.
//
//   %y = binary_conv2d(%x, %bits) {channels = [64, 64], kernel = [3, 3], …} : f32[?,8,8,64] @ unit.conv
//
// becomes, for 16 bits and a largest spike of 4.0,
//
//   %q = quantize(%x) {bits = 16, limit = 1023, scale = 255.25} : i16[?,8,8,64]
//   %s = binary_conv2d(%q, %bits) {channels = [64, 64], kernel = [3, 3], …} : i32[?,8,8,64] @ unit.conv
//   %y = dequantize(%s) {scale = 0.003917728} : f32[?,8,8,64]
//
// fuse_and_keep then moves quantize into the neuron that emits and dequantize into the one that reads. Sums of whole
// numbers do not depend on their order, so that the program gives the same bits on every machine.
//
// The limit: 16 bits are summed eight lookups of four spikes at a time, 32 · limit < 2^15. In 32 bits all sums of the
// layer fit, fan-in · limit < 2^31; beyond 2^22 single precision has no finer spikes to offer, and below it sums of
// four spikes fit into three bytes (layerkernels/schemes/neon_digits.cpp). A power of two as scale keeps the rounding
// the only loss. A layer whose spikes were all silent is given the largest of the others.
//
// Needs: pack_weights has run, fuse_and_keep has not. Keeps: the result up to the rounding of spikes.
#include "passes/deployment/quantize_spikes.h"

#include "analysis/spike_grids.h"
#include "passes/edit.h"
#include "passes/passes.h"
#include "support/result.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <sstream>

namespace rvb::passes {

using namespace ir;

namespace {

bool is_binary(const Function& function, const Op& op) {
  return analysis::reads_spikes(op) && function.type(op.operands[0].value).element == Element::f32;
}

Grid grid_of(const Op& op, double largest, int64_t bits) {
  std::vector<int64_t> kernel = op.integers("kernel");
  const int64_t inputs = op.integers("channels")[0] / std::max<int64_t>(1, op.integer("groups"));
  const int64_t fan_in = inputs * (kernel.size() == 2 ? kernel[0] * kernel[1] : 1);
  Grid grid{1023, 1};
  if (bits == 32)
    grid.limit = std::clamp<int64_t>(INT32_MAX / fan_in, 1, (int64_t{1} << 22) - 1);
  // An integer: spikes that are all 1 stay exact.
  const int64_t steps = bits == 32 ? grid.limit / 2 : grid.limit - 2;
  grid.scale = static_cast<double>(std::max<int64_t>(1, steps)) / largest;
  if (bits == 32)
    grid.scale = std::exp2(std::floor(std::log2(grid.scale)));
  grid.scale = static_cast<float>(std::clamp(grid.scale, 1e-30, 1e30));
  return grid;
}

// What a layer that was silent in the calibration may see one day: as much as any other.
double largest_of(const Ranges& ranges) {
  double largest = 0;
  for (const auto& [layer, value] : ranges)
    if (std::isfinite(value))
      largest = std::max(largest, value);
  return largest > 0 ? largest : 1;
}

bool quantize(Function& function, const Ranges& ranges, int64_t bits) {
  bool changed = false;
  const double assumed = largest_of(ranges);
  std::vector<Op> result;
  for (Op& op : function.ops) {
    const auto range = ranges.find(op.layer);
    if (!is_binary(function, op) || range == ranges.end()) {
      result.push_back(std::move(op));
      continue;
    }
    const bool seen = range->second > 0 && std::isfinite(range->second);
    const Grid grid = grid_of(op, seen ? range->second : assumed, bits);
    changed = true;
    auto typed = [&](Value like, Element element) {
      Type type = function.type(like);
      type.element = element;
      return type;
    };
    Op in;
    in.opcode = Opcode::quantize;
    in.operands = {op.operands[0]};
    in.attributes = {{"bits", bits}, {"limit", grid.limit}, {"scale", grid.scale}};
    in.results = {function.add_value(typed(op.operands[0].value, bits == 16 ? Element::i16 : Element::i32), "spikes")};
    Op out;
    out.opcode = Opcode::dequantize;
    out.attributes = {{"scale", static_cast<double>(static_cast<float>(1 / grid.scale))}};
    out.results = op.results;
    op.operands[0] = in.results[0];
    op.results = {function.add_value(typed(out.results[0], Element::i32), "sums")};
    out.operands = {op.results[0]};
    result.push_back(std::move(in));
    result.push_back(std::move(op));
    result.push_back(std::move(out));
  }
  function.ops = std::move(result);
  return changed;
}

} // namespace

bool quantize_spikes(Module& module, const Ranges& ranges, int64_t bits) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= quantize(function, ranges, bits);
  return changed;
}

std::string quantize_spikes_argument(int64_t bits, const Ranges& ranges) {
  if (ranges.empty())
    return "";
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << bits << std::setprecision(17); // reads back to the same number
  for (const auto& [layer, largest] : ranges)
    text << '/' << layer << ':' << largest;
  return text.str();
}

namespace {

Failure wrong(const std::string& argument) {
  return Failure(Exit::usage, "quantize_spikes takes BITS/PATH:LARGEST/…, bits 16 or 32, not `" + argument + "`");
}

} // namespace

bool quantize_spikes_with(Module& module, const std::string& argument) {
  std::istringstream text(argument);
  std::string bits, entry;
  std::getline(text, bits, '/');
  Ranges ranges;
  while (std::getline(text, entry, '/')) {
    const size_t colon = entry.find(':');
    char* end = nullptr;
    const double largest = colon == std::string::npos ? 0 : std::strtod(entry.c_str() + colon + 1, &end);
    if (end == nullptr || *end != 0 || end == entry.c_str() + colon + 1)
      throw wrong(argument);
    ranges[entry.substr(0, colon)] = largest;
  }
  if ((bits != "16" && bits != "32") || ranges.empty())
    throw wrong(argument);
  return quantize_spikes(module, ranges, bits == "16" ? 16 : 32);
}

bool quantize_spikes(Module&) {
  return false; // no layer has a range
}

} // namespace rvb::passes
