// What the kernels of a program move and compute, for `profile`: a part of the manifest.
#pragma once

#include "codegen/plan.h"
#include "targets/target.h"

#include <nlohmann/json.hpp>

namespace rvb::build {

// By function, a list of its kernels in the order of their numbers (codegen/profile.h).
nlohmann::ordered_json profile_list(const ir::Module& module, const std::vector<codegen::Plan>& plans,
                                    const targets::Target& target);

} // namespace rvb::build
