#include "build/frontend.h"
#include "driver/summary.h"
#include "export/export.h"
#include "host/output.h"

namespace rvb::driver {

int run_graph(const build::Options& options, const std::string& format) {
  const sema::Program program = build::load_program(options);
  write_text(options.output, exporting::find_format(format)->write(program));
  return 0;
}

} // namespace rvb::driver
