// A checked program as text, for expectations.
#pragma once

#include "sema/program.h"

#include <string>

std::string program_text(const rvb::sema::Program& program);
