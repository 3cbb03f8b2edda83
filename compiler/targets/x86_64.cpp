// What x86-64's instructions do to numbers, in AT&T syntax.
#include "targets/target.h"

namespace rvb::targets {

namespace {

std::string mnemonic(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos)
    return "";
  return text.substr(begin, text.find_first_of(" \t", begin) - begin);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Vector registers hold spikes, sums and weights; general-purpose registers hold addresses, indices and counts.
bool names_vector_register(const std::string& text) {
  return contains(text, "mm") && contains(text, "%");
}

// Packed integer multiplies are pmul*/pmadd* and the VNNI dot products vpdp*.
bool multiplies_or_divides(const std::string& name) {
  for (const char* part : {"mul", "div", "fmadd", "fmsub", "fnmadd", "fnmsub", "madd", "vpdp", "vdp", "dpps", "dppd",
                           "sqrt", "rcp", "scalef"})
    if (contains(name, part))
      return true;
  return false;
}

bool is_x87(const std::string& name) {
  return name.size() > 1 && name[0] == 'f';
}

} // namespace

Multiplies x86_64_multiplies(const std::string& instruction) {
  const std::string name = mnemonic(instruction);
  if (!multiplies_or_divides(name))
    return Multiplies::no;
  return names_vector_register(instruction) || is_x87(name) ? Multiplies::data : Multiplies::addresses;
}

} // namespace rvb::targets
