#include "machine/errors.h"

#include <llvm/Support/ErrorHandling.h>

namespace rvb::machine {

namespace {

void (*on_fatal)(const char*);
void (*on_memory)();

} // namespace

void install_error_handlers(void (*fatal)(const char*), void (*out_of_memory)()) {
  on_fatal = fatal;
  on_memory = out_of_memory;
  llvm::install_fatal_error_handler([](void*, const char* reason, bool) { on_fatal(reason); });
  llvm::install_bad_alloc_error_handler([](void*, const char*, bool) { on_memory(); });
}

} // namespace rvb::machine
