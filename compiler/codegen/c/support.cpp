// Functions that operations share. @ is the library's prefix, @@ that of its macros.
#include "codegen/c/text.h"
#include "codegen/c/writer.h"

#include <map>
#include <stdexcept>

namespace rvb::codegen::c {

namespace {

const char* fused = R"(/* a * b + c, rounded once: what the native program's sums with real weights are made of. */
#if @@_FUSED && defined(__FP_FAST_FMAF)
#define @_fused(a, b, c) __builtin_fmaf((a), (b), (c))
#elif @@_FUSED
static float @_fused(float a, float b, float c) {
  /* The product is exact in double precision. What the sum loses decides its last bit (rounding to odd), so that the
     second rounding, to float, is the right one. */
  const double product = (double)a * (double)b;
  const double sum = product + (double)c;
  const double part = sum - product;
  const double lost = (product - (sum - part)) + ((double)c - part);
  union {
    double number;
    uint64_t bits;
  } odd;
  odd.number = sum;
  if (lost != 0.0 && (odd.bits & 1u) == 0) {
    if ((lost > 0.0) == (sum > 0.0))
      odd.bits += 1u;
    else
      odd.bits -= 1u;
  }
  return (float)odd.number;
}
#else
#define @_fused(a, b, c) ((a) * (b) + (c))
#endif
)";

const char* rescale = R"(/* x * m / 2^shift, rounded to the nearest integer, halves upwards. */
static inline int32_t @_rescale(int32_t x, int32_t m, int shift) {
  const int64_t product = (int64_t)x * m;
  return shift == 0 ? (int32_t)product : (int32_t)((product + ((int64_t)1 << (shift - 1))) >> shift);
}
)";

const char* round = R"(/* The nearest integer, ties to even, at most `limit` in size. */
static inline int32_t @_round(float x, float limit) {
  x = x < limit ? x : limit;
  x = x > -limit ? x : -limit;
  if (x >= 0.0f && x < 8388608.0f) { /* between 2^23 and 2^24 floats are the integers */
    const float up = x + 8388608.0f;
    x = up - 8388608.0f;
  } else if (x < 0.0f && x > -8388608.0f) {
    const float down = x - 8388608.0f;
    x = down + 8388608.0f;
  }
  return (int32_t)x;
}
)";

const char* saturate = R"(static inline int32_t @_saturate(int32_t x, int32_t limit) {
  x = x < limit ? x : limit;
  return x > -limit ? x : -limit;
}
)";

const char* divide = R"(/* sum / area, rounded to the nearest integer, halves upwards. */
static inline int32_t @_divide(int32_t sum, int32_t area) {
  const int32_t up = sum + area / 2;
  const int32_t quotient = up / area;
  return quotient - (up % area < 0 ? 1 : 0);
}
)";

// Entry i of a table at every `lanes`-th place: the sum of four numbers, + where the bit of i is 1. The order of
// additions is that of the native kernels.
std::string table(const char* entry, const char* sum, int lanes) {
  Text text;
  const bool real = std::string(sum) == "float";
  text.line("/* The sixteen signed sums of four numbers: + where the bit of the index is 1. */");
  text.open("static inline void @_table_{}_{}({}* table, {} a, {} b, {} c, {} d)", entry, lanes, entry, sum, sum, sum,
            sum);
  for (const char* pair : {"pab", "qcd"}) {
    text.line("const {} {}3 = {} + {};", sum, pair[0], pair[1], pair[2]);
    text.line("const {} {}1 = {} - {};", sum, pair[0], pair[1], pair[2]);
    text.line("const {} {}0 = {}{}3;", sum, pair[0], real ? "-" : "0u - ", pair[0]);
    text.line("const {} {}2 = {}{}1;", sum, pair[0], real ? "-" : "0u - ", pair[0]);
  }
  for (int i = 0; i < 16; ++i)
    text.line("table[{}] = {}(p{} + q{});", i * lanes, std::string(entry) == sum ? "" : fmt::format("({})", entry),
              i % 4, i / 4);
  text.close();
  return text.text();
}

const std::map<std::string, std::string>& all() {
  static const std::map<std::string, std::string> functions = {
      {"fused", fused},
      {"rescale", rescale},
      {"round", round},
      {"saturate", saturate},
      {"divide", divide},
      {"table_uint32_t_1", table("uint32_t", "uint32_t", 1)},
      {"table_uint32_t_2", table("uint32_t", "uint32_t", 2)},
      {"table_int16_t_1", table("int16_t", "uint32_t", 1)},
      {"table_float_1", table("float", "float", 1)},
      {"table_float_2", table("float", "float", 2)},
  };
  return functions;
}

} // namespace

const std::string& support(const std::string& name) {
  const auto found = all().find(name);
  if (found == all().end())
    throw std::logic_error("no support function " + name);
  return found->second;
}

} // namespace rvb::codegen::c
