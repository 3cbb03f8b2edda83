// What rvbc deploy found in the machine code of the synaptic kernels, kept in the manifest.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "network/verification.h"

#include <fmt/format.h>

namespace rvb::runtime {

int run_addonly(const Context& context) {
  const nlohmann::ordered_json& m = context.manifest.json;
  if (!m.contains("deployment") || !m["deployment"].contains("verification"))
    throw Failure(Exit::verification, "this program carries no verification report: deploy it again with rvbc deploy");
  const nlohmann::ordered_json& report = m["deployment"]["verification"];
  if (context.options.json) {
    print(json_text(report) + "\n");
  } else {
    print(fmt::format("{:<24}  {:>12}  {:>10}  {}\n", "layer", "instructions", "multiplies", "kernel"));
    for (const auto& kernel : report.value("kernels", nlohmann::ordered_json::array()))
      print(fmt::format("{:<24}  {:>12}  {:>10}  {}\n", kernel.value("layer", ""),
                        kernel.value("instructions", int64_t{0}), kernel.value("multiplies", int64_t{0}),
                        kernel.value("symbol", "")));
    print(verification_summary(report) + "\n");
  }
  return static_cast<int>(verification_exit(report));
}

} // namespace rvb::runtime
