// What AArch64's instructions do to numbers, as LLVM prints them: `fmla v0.4s, v1.4s, v2.4s`.
#include "targets/target.h"

namespace rvb::targets {

namespace {

// Of scalar and vector instructions, NEON's and SVE's: fmul fmulx fnmul mul smull umull2 sqdmulh pmull smulh fcmul; mla
// fmla smlal fmlal fcmla sqrdmlah smmla bfmmla; mls fmls; madd fmadd smaddl fmad; msub fmsub; msb fnmsb; mneg smnegl;
// sdot udot usdot bfdot; sdiv fdiv; fsqrt frsqrte frsqrts ursqrte; frecpe frecps frecpx; fscale; smopa fmops.
bool multiplies_or_divides(const std::string& name) {
  for (const char* part :
       {"mul", "mla", "mls", "mad", "msub", "msb", "mneg", "dot", "div", "sqrt", "recp", "fscale", "mopa", "mops"})
    if (name.find(part) != std::string::npos)
      return true;
  return false;
}

} // namespace

Multiplies aarch64_multiplies(const std::string& instruction) {
  const size_t begin = instruction.find_first_not_of(" \t");
  if (begin == std::string::npos)
    return Multiplies::no;
  const size_t end = instruction.find_first_of(" \t", begin);
  if (!multiplies_or_divides(instruction.substr(begin, end - begin)))
    return Multiplies::no;
  // The first operand is what is written: general-purpose registers are x0 and w0, all others hold data.
  const size_t operand = instruction.find_first_not_of(" \t", end);
  const char first = operand == std::string::npos ? 0 : instruction[operand];
  return first == 'x' || first == 'w' ? Multiplies::addresses : Multiplies::data;
}

} // namespace rvb::targets
