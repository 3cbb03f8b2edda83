// ONNX (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), opset 17, version 8 of its format.
#include "build/deployment/exchange.h"
#include "export/export.h"
#include "export/onnx/translate.h"
#include "support/result.h"

#include <fmt/format.h>

namespace rvb::exporting {

namespace {

constexpr int64_t ir_version = 8, opset = 17;
constexpr size_t most_bytes = (size_t{1} << 31) - 1; // of a message in protocol buffers
// Copies of a neuron for every step are what every runtime reads and optimises across steps; a Scan keeps the model
// small.
constexpr int64_t most_copies = 16;

void add_property(Message& model, const std::string& key, const std::string& value) {
  model.message(14, Message().bytes(1, key).bytes(2, value));
}

} // namespace

Message onnx_model(const Graph& graph, const Message& batch) {
  Message model;
  model.integer(1, ir_version).bytes(2, "rvbc").bytes(3, RVB_VERSION).message(7, graph.written(batch));
  model.message(8, Message().bytes(1, "").integer(2, opset));
  return model;
}

std::string rows::onnx(const build::Options& options, const ModelSettings& settings) {
  const build::Exchange network = build::fold_for_exchange(options, settings.signs == "keep");
  const sema::Program& program = network.program;
  const bool scan = settings.time == "scan" || (settings.time == "auto" && program.input.steps > most_copies);
  const Graph graph = Translator(network.module, *network.module.find("infer"), scan).run(program.name);
  const Message batch = settings.batch > 0 ? Message().integer(1, settings.batch) : Message().bytes(2, "N");
  Message model = onnx_model(graph, batch);
  add_property(model, "rvb.steps", std::to_string(program.input.steps));
  add_property(model, "rvb.time", scan ? "scan" : "unrolled");
  add_property(model, "rvb.source_hash", program.source_hash);
  add_property(model, "rvb.weights_hash", network.weights_hash);
  // The input is what the network reads: pixels are normalised before.
  if (!program.recipe.mean.empty()) {
    add_property(model, "rvb.mean", fmt::format("{}", fmt::join(program.recipe.mean, ",")));
    add_property(model, "rvb.deviation", fmt::format("{}", fmt::join(program.recipe.deviation, ",")));
  }
  if (model.text().size() > most_bytes)
    throw Failure(Exit::user, fmt::format("{}: an ONNX model of {} bytes; the format ends at 2 GiB", options.model,
                                          model.text().size()));
  return model.text();
}

} // namespace rvb::exporting
