// What was found in the machine code of a deployed network's synapses, in words: rvbc deploy and the program say the
// same of the report in the manifest.
#pragma once

#include "base/failure.h"

#include <nlohmann/json.hpp>
#include <string>

namespace rvb::runtime {

// One sentence or two: "verified: 0 multiplies in 2 kernels of 1 binary layers, 96.1 % of the synaptic operations; …".
std::string verification_summary(const nlohmann::ordered_json& report);
// Exit::verification when a binary layer multiplies, and when there is no binary layer to verify.
Exit verification_exit(const nlohmann::ordered_json& report);

} // namespace rvb::runtime
