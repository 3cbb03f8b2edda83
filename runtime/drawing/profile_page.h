// A profile as one page.
#pragma once

#include "evaluation/profile.h"

namespace rvb::runtime {

std::string profile_page(const Manifest& manifest, const Profile& profile);

} // namespace rvb::runtime
