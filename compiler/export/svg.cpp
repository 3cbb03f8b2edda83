#include "export/export.h"

#include "build/linking/link.h"
#include "host/output.h"
#include "host/paths.h"
#include "support/result.h"

namespace rvb::exporting {

std::string rows::svg(const sema::Program& program) {
  TemporaryFolder folder;
  write_scratch(folder.path() + "/graph.dot", rows::dot(program));
  try {
    build::run_tool({"dot", "-Tsvg", "-o", "graph.svg", "graph.dot"}, folder.path(), true);
  } catch (const Failure& failure) {
    throw Failure(Exit::io, "cannot draw: Graphviz' `dot` is not installed or failed (package graphviz); "
                            "`--format dot` needs no Graphviz\n" +
                                std::string(failure.what()));
  }
  return read_text(folder.path() + "/graph.svg");
}

} // namespace rvb::exporting
