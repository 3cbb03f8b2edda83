// infer --stream: one frame is read, one step is run, the membranes stay. After every frame the read-out is the mean
// over the steps so far; behind the last frame of a sequence it is what the whole sequence gives.
#include "commands.h"

#include "failure.h"
#include "files.h"
#include "frames.h"
#include "json_text.h"
#include "npy.h"
#include "scores.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

void say(const Context& context, int64_t frame, const std::vector<float>& mean) {
  int64_t classes = context.manifest.classes, samples = static_cast<int64_t>(mean.size()) / classes;
  for (int64_t i = 0; i < samples; ++i) {
    const float* row = mean.data() + i * classes;
    int64_t chosen = decision(row, classes);
    double probability = softmax(row, classes)[static_cast<size_t>(chosen)];
    if (context.options.json) {
      nlohmann::ordered_json json = {{"schema", "rvb.stream/1"},
                                     {"frame", frame},
                                     {"sample", i},
                                     {"class", chosen},
                                     {"probability", probability},
                                     {"logits", std::vector<float>(row, row + classes)}};
      print(json_text(json) + "\n");
    } else {
      print(fmt::format("{:>6}  {:>6}  {:>5}  {:>9.2f} %\n", frame, i, chosen, 100 * probability));
    }
  }
  flush_output();
}

} // namespace

int run_stream(const Context& context, const ParameterSet& parameters) {
  const Options& options = context.options;
  require(!options.input.empty() && data_folder(options).empty(), "a file of frames (NPY), or - for standard input,");
  FrameReader frames(options.input, context.manifest);
  std::vector<float> frame, sum, mean;
  std::unique_ptr<Function> step;
  int64_t count = 0;
  bool quiet = !options.output.empty() && options.top == 0 && !options.json;
  if (!quiet && !options.json)
    print(" frame  sample  class  probability\n");
  while (frames.next(frame)) {
    if (step == nullptr) {
      step = std::make_unique<Function>(context.program, context.manifest, "step", frames.samples(), &parameters);
      step->reset_states();
      sum.assign(static_cast<size_t>(frames.samples() * context.manifest.classes), 0.0f);
      mean = sum;
    }
    std::memcpy(step->image(), frame.data(), frame.size() * sizeof(float));
    step->run(frames.samples());
    step->advance_states();
    const float* logits = step->result("logits");
    ++count;
    for (size_t k = 0; k < sum.size(); ++k) {
      if (!std::isfinite(logits[k]))
        throw Failure(Exit::user, fmt::format("frame {}: the network's answer is not finite", count));
      sum[k] = count == 1 ? logits[k] : sum[k] + logits[k];
      mean[k] = sum[k] / static_cast<float>(count);
    }
    if (!quiet)
      say(context, count, mean);
  }
  if (count == 0)
    throw Failure(Exit::user, (options.input == "-" ? "standard input" : options.input) + " holds no frames");
  if (!options.output.empty())
    write_npy(options.output, {frames.samples(), context.manifest.classes}, mean.data());
  return 0;
}

} // namespace rvb::runtime
