// Numbers as people read them.
#pragma once

#include <string>

namespace rvb::runtime {

std::string loss_text(double loss);     // "0.1234"; "1.03e+15" where training diverges
std::string with_spaces(double number); // "12 345"
std::string duration(double seconds);   // "1 h 52 m"

} // namespace rvb::runtime
