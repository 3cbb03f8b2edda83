// The long text of a diagnostic: `rvbc explain RVB0203`.
#pragma once

#include <string>

namespace rvb {

// Title, why, a wrong and a right example; "" when no diagnostic has this number. The pages stand in explain/.
std::string explain(int code);

} // namespace rvb
