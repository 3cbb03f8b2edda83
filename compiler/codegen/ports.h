// Ports as the program's table has them.
#pragma once

#include "codegen/plan.h"
#include "interface/program.h"

namespace rvb::codegen {

rvb_role role_of(ir::Role role);
rvb_element element_of(ir::Element element);
// Points into `port`, which must stay.
rvb_port describe(const Port& port);

} // namespace rvb::codegen
