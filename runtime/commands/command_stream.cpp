// infer --stream: one frame is read, one step is run, the membranes stay. `step` gives the read-out of the frames so
// far (the mean over time is taken where the network takes it); after the last frame of a sequence it is what the whole
// sequence gives.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "data/frames.h"
#include "evaluation/scores.h"
#include "files/npy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

void say(const Context& context, int64_t frame, const std::vector<float>& logits) {
  int64_t classes = context.manifest.classes, samples = static_cast<int64_t>(logits.size()) / classes;
  for (int64_t i = 0; i < samples; ++i) {
    const float* row = logits.data() + i * classes;
    const std::vector<float> numbers(row, row + classes);
    if (context.manifest.regression) {
      print(context.options.json
                ? json_text({{"schema", "rvb.stream/1"}, {"frame", frame}, {"sample", i}, {"numbers", numbers}}) + "\n"
                : fmt::format("{:>6}  {:>6}  {:.6g}\n", frame, i, fmt::join(numbers, "  ")));
      continue;
    }
    int64_t chosen = decision(row, classes);
    double probability = softmax(row, classes)[static_cast<size_t>(chosen)];
    if (context.options.json) {
      nlohmann::ordered_json json = {{"schema", "rvb.stream/1"},   {"frame", frame},   {"sample", i}, {"class", chosen},
                                     {"probability", probability}, {"logits", numbers}};
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
  std::vector<float> frame, logits;
  std::unique_ptr<Function> step;
  int64_t count = 0;
  bool quiet = !options.output.empty() && options.top == 0 && !options.json;
  if (!quiet && !options.json)
    print(context.manifest.regression ? " frame  sample  numbers\n" : " frame  sample  class  probability\n");
  while (frames.next(frame)) {
    if (step == nullptr) {
      step = std::make_unique<Function>(context.program, context.manifest, "step", frames.samples(), &parameters);
      step->reset_states();
    }
    std::memcpy(step->image(), frame.data(), frame.size() * sizeof(float));
    step->run(frames.samples());
    step->advance_states();
    const float* result = step->result(RVB_LOGITS);
    logits.assign(result, result + frames.samples() * context.manifest.classes);
    ++count;
    if (!std::all_of(logits.begin(), logits.end(), [](float value) { return std::isfinite(value); }))
      throw Failure(Exit::user, fmt::format("frame {}: the network's answer is not finite", count));
    if (!quiet)
      say(context, count, logits);
  }
  if (count == 0)
    throw Failure(Exit::user, (options.input == "-" ? "standard input" : options.input) + " holds no frames");
  if (!options.output.empty())
    write_npy(options.output, {frames.samples(), context.manifest.classes}, logits.data());
  return 0;
}

} // namespace rvb::runtime
