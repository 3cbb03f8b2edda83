// trace: what the neurons of one layer do with one sample, as a drawing.
#include "commands/commands.h"

#include "commands/trace_arrays.h"
#include "options/arguments.h"

#include "base/failure.h"
#include "base/files.h"
#include "drawing/trace_figure.h"
#include "evaluation/scores.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

const ObservedNeuron& find_neuron(const Manifest& manifest, const std::string& path) {
  std::vector<std::string> known;
  std::string list;
  for (const ObservedNeuron& neuron : manifest.neurons) {
    if (neuron.path == path)
      return neuron;
    known.push_back(neuron.path);
    list += (list.empty() ? "" : ", ") + neuron.path;
  }
  if (manifest.neurons.empty())
    throw Failure(Exit::usage, "`" + manifest.name + "` has no neurons, or was deployed without --observe");
  throw Failure(Exit::usage, (path.empty() ? "--layer L is needed"
                                           : "no neurons are called `" + path + "`" + suggestion(path, known)) +
                                 ": one of " + list);
}

// By --format, or as -o ends.
std::string format_of(const Options& options) {
  const std::vector<std::string> known = {"svg", "npz", "nirdata"};
  if (options.format.empty())
    return options.output.size() > 4 && options.output.compare(options.output.size() - 4, 4, ".npz") == 0 ? "npz"
                                                                                                          : "svg";
  if (std::find(known.begin(), known.end(), options.format) == known.end())
    throw Failure(Exit::usage, "--format is `" + options.format + "`" + suggestion(options.format, known) +
                                   "; expected svg, npz or nirdata");
  return options.format;
}

void check_finite(const Context& context, Function& observe, const ObservedNeuron& neuron) {
  const int64_t count = context.manifest.steps * neuron.elements(), sample = context.options.sample;
  require_finite(observe.result(RVB_SPIKES, neuron.path), count, sample, "a spike of `" + neuron.path + "`");
  if (const float* membranes = observe.result(RVB_MEMBRANE, neuron.path); membranes != nullptr)
    require_finite(membranes, count, sample, "a membrane of `" + neuron.path + "`");
}

} // namespace

int run_trace(const Context& context) {
  const Options& options = context.options;
  const Manifest& m = context.manifest;
  check_cpu(context.program);
  const std::string format = format_of(options);
  std::vector<const ObservedNeuron*> neurons;
  if (format == "svg" || !options.layer.empty() || m.neurons.empty())
    neurons.push_back(&find_neuron(m, options.layer));
  else
    for (const ObservedNeuron& each : m.neurons)
      neurons.push_back(&each);
  require(!options.output.empty(), "-o FILE.svg");
  ParameterSet parameters = load_parameters(context);
  std::unique_ptr<Dataset> dataset = open_samples(context, options.split == "train" ? Split::train : Split::test,
                                                  !data_folder(options).empty() || !options.labels.empty());
  if (options.sample >= dataset->count())
    throw Failure(Exit::user,
                  fmt::format("--sample {}: there are {} samples, counted from 0", options.sample, dataset->count()));
  Function observe(context.program, m, "observe", 1, &parameters);
  load_batch(*dataset, &options.sample, nullptr, 1, m, observe.image(), nullptr);
  observe.run(1);
  const float* logits = observe.result(RVB_LOGITS);
  for (const ObservedNeuron* each : neurons)
    check_finite(context, observe, *each);
  require_finite(logits, m.classes, options.sample, "the network's answer");
  if (format != "svg") {
    const Traced traced{m, observe, neurons};
    write_file(options.output, format == "npz" ? traced_npz(traced, options.output)
                                               : traced_nirdata(traced, options.step_seconds, options.output));
    return 0;
  }
  const ObservedNeuron& neuron = *neurons[0];
  int64_t chosen = decision(logits, m.classes);
  auto class_name = [&](int64_t k) {
    const std::vector<std::string>& names = dataset->class_names();
    return k < static_cast<int64_t>(names.size()) ? names[static_cast<size_t>(k)] : std::to_string(k);
  };

  Trace trace;
  trace.title = fmt::format("{}: {} ({}, {})", m.name, neuron.path, neuron.neuron, shape_text(neuron.shape));
  const std::string from = data_folder(options).empty() ? "" : " of the " + options.split + " set";
  if (m.regression)
    trace.subtitle = fmt::format("sample {}{}: returns {:.4g}", options.sample, from,
                                 fmt::join(std::vector<float>(logits, logits + m.classes), ", "));
  else
    trace.subtitle =
        fmt::format("sample {}{}: {}decision {} with {:.1f} %", options.sample, from,
                    dataset->labelled() ? "label " + class_name(dataset->label(options.sample)) + ", " : "",
                    class_name(chosen), 100 * softmax(logits, m.classes)[static_cast<size_t>(chosen)]);
  trace.neuron = &neuron;
  trace.steps = m.steps;
  trace.spikes = observe.result(RVB_SPIKES, neuron.path);
  trace.membranes = observe.result(RVB_MEMBRANE, neuron.path);
  if (m.input.size() == 3) {
    trace.frames = observe.image();
    trace.frame_count = m.sequence ? m.steps : 1;
    trace.frame_height = m.height;
    trace.frame_width = m.width;
    trace.frame_channels = m.channels;
  }
  write_file(options.output, draw(trace).file_text());
  return 0;
}

} // namespace rvb::runtime
