// Functions of the IR as native code in this process: planned, compiled, linked as a shared object and called.
#pragma once

#include "interpreter.h"
#include "ir/ir.h"
#include "targets/target.h"

#include <memory>
#include <vector>

namespace rvb::tests {

class Native {
public:
  Native(const ir::Module& module, const targets::Target& target);
  ~Native();
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  // The results of the function; throws std::runtime_error where it returns a code.
  std::vector<interpreter::Tensor> call(const std::string& function, int64_t batch,
                                        const std::vector<interpreter::Tensor>& arguments) const;

private:
  struct Program;
  std::unique_ptr<Program> program_;
};

} // namespace rvb::tests
