// Loss and gradients of one batch in training mode: for people who debug training, and for the checks of the compiler.
#include "commands/commands.h"

#include "files/weights.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "training/batches.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace rvb::runtime {

int run_gradient(const Context& context) {
  const Manifest& manifest = context.manifest;
  check_cpu(context.program);
  ParameterSet parameters = load_parameters(context);
  std::unique_ptr<Dataset> dataset = open_samples(context, Split::train, true);
  if (context.options.limit == 0 && (context.options.input.empty() || context.options.batch))
    dataset->limit(context.options.batch.value_or(manifest.recipe.batch));
  check_batch(manifest, dataset->count());
  Function gradient(context.program, manifest, "gradient", dataset->count(), &parameters);
  std::vector<int64_t> samples(static_cast<size_t>(dataset->count()));
  std::iota(samples.begin(), samples.end(), 0);
  load_batch(*dataset, samples.data(), nullptr, dataset->count(), manifest, gradient.image(), gradient.labels());
  gradient.set_progress(context.options.progress);
  gradient.run(dataset->count());
  float loss = gradient.result(RVB_LOSS)[0];
  if (!std::isfinite(loss))
    throw Failure(Exit::user, fmt::format("the loss is {}: the weights or the input are too large", loss));

  if (!context.options.output.empty()) {
    Safetensors file;
    for (int i = 0; i < parameters.count(); ++i) {
      const Parameter& p = parameters.info(i);
      const float* values = gradient.result(RVB_GRADIENT, p.name);
      if (values == nullptr)
        continue;
      Tensor tensor{p.name, p.shape, std::vector<float>(static_cast<size_t>(p.elements))};
      memory_to_disk(p, values, tensor.values.data());
      file.tensors.push_back(std::move(tensor));
    }
    file.metadata = {{"format", "pt"}, {"source_hash", manifest.source_hash}};
    write_weights(context.options.output, file);
  }
  if (context.options.json) {
    nlohmann::ordered_json json = {{"schema", "rvb.gradient/1"}, {"loss", loss}, {"count", dataset->count()}};
    print(json_text(json) + "\n");
  } else {
    print(fmt::format("loss {:.9g} over {} samples\n", loss, dataset->count()));
  }
  return 0;
}

} // namespace rvb::runtime
