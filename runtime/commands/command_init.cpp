#include "commands/commands.h"

#include "files/weights.h"

namespace rvb::runtime {

int run_init(const Context& context) {
  require(!context.options.output.empty(), "-o W.safetensors");
  ParameterSet parameters(context.manifest.parameters);
  parameters.initialize(context.options.seed.value_or(1));
  write_weights(context.options.output,
                {parameters.tensors(), {{"format", "pt"}, {"source_hash", context.manifest.source_hash}}});
  return 0;
}

} // namespace rvb::runtime
