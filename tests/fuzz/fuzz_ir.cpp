// Any bytes as the IR's text: they parse or they do not. What parses is verified, and prints to text that parses to the
// same text.
#include "analysis/verify.h"
#include "ir/text.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void found(const char* what, const std::string& first, const std::string& second) {
  std::fprintf(stderr, "%s\n--- first\n%s\n--- second\n%s\n", what, first.c_str(), second.c_str());
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rvb;
  ir::Module module;
  try {
    module = ir::parse(std::string(reinterpret_cast<const char*>(data), size));
  } catch (const ir::ParseError& error) {
    if (error.line < 1 || error.column < 1 || error.message.empty())
      found("an error without a place or a reason", error.message, "");
    return 0;
  }
  std::vector<std::string> faults = analysis::verify(module);
  std::string text = ir::print(module);
  try {
    ir::Module again = ir::parse(text);
    std::string second = ir::print(again);
    if (second != text)
      found("printed text prints differently after parsing", text, second);
    if (analysis::verify(again) != faults)
      found("the verifier judges the printed text differently", text, second);
  } catch (const ir::ParseError& error) {
    found("printed text does not parse", text, error.message);
  }
  return 0;
}
