// The options of eval, infer, bench and info, which every program has.
#include "options/declare.h"

#include "events/events.h"

namespace rvb::runtime {

namespace {

// A data set, and how its samples are prepared.
void declare_folder(Arguments& arguments, Options& options) {
  arguments.text("data", 0, "DIR", options.data,
                 "folder of a data set: MNIST, CIFAR, pictures or recordings by class…; also RVB_DATA; synthetic[:N]: "
                 "N drawn training samples that can be learned");
  arguments.text("partition", 0, "RULE", options.partition,
                 "training and test part of --data: official, random:0.2:SEED, first-hundred, file:PATH");
  arguments.checked(
      "frames", "RULE", frame_rules,
      [&](const std::string& word) {
        std::optional<FrameRule> rule = parse_frame_rule(word);
        options.frames = rule ? rule->text() : "";
        return rule.has_value();
      },
      "how recordings of events are cut into frames: equal_count, equal_time, duration=5000us (default: the recipe's)");
  arguments.choice(
      "time-unit", {"s", "ms", "us", "ns"}, [&](const std::string& word) { options.time_unit = word; },
      "of recordings whose format does not say it: arrays, HDF5 (default: the recipe's)");
  arguments.whole(
      "resize", 0, 1, 16384, [&](int64_t n) { options.resize = n; },
      "the shorter side of pictures, before the centre crop (default: the recipe's)");
}

} // namespace

void declare_samples(Arguments& arguments, Options& options, bool labels) {
  declare_folder(arguments, options);
  arguments.text("input", 'i', "X.npy", options.input,
                 "float32 NPY, already normalised: [N, C, H, W], sequences [T, N, C, H, W]; or a picture; "
                 "random:SEED[:N]: N normal samples");
  if (labels)
    arguments.text("labels", 0, "Y.npy", options.labels,
                   "labels of --input: integers [N]; of a regression numbers [N, numbers]");
  arguments.whole(
      "limit", 0, 1, 2000000000, [&](int64_t n) { options.limit = n; }, "only the first N samples");
}

void declare_weights(Arguments& arguments, Options& options, bool deployed) {
  if (deployed)
    return;
  arguments.text("weights", 'w', "W.safetensors", options.weights,
                 "weights, with PyTorch's names and shapes; or an .npz");
  arguments.text("strip-prefix", 0, "P", options.strip_prefix,
                 "take P (module. of DataParallel, _orig_mod. of torch.compile) off the front of the weights' names");
}

void declare_batch(Arguments& arguments, Options& options) {
  arguments.whole(
      "batch", 'b', 1, 1000000, [&](int64_t n) { options.batch = n; },
      "samples computed at once (default: the recipe's)");
}

void declare_threads(Arguments& arguments, Options& options) {
  arguments.text("threads", 't', "N", options.threads,
                 "auto or a number; also RVB_THREADS (default: auto, the CPUs that this process may use)");
}

void declare_json(Arguments& arguments, Options& options) {
  arguments.flag("json", 0, options.json, "print JSON");
}

void declare_accuracy(Arguments& arguments, Options& options) {
  arguments.real(
      "min-acc", 0, 1, [&](double x) { options.min_accuracy = x; }, "exit code 3 below this accuracy");
}

namespace {

void declare_split(Arguments& arguments, Options& options) {
  arguments.choice(
      "split", {"test", "train"}, [&](const std::string& word) { options.split = word; },
      "which part of --data (default: test)");
}

} // namespace

void declare_eval(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  declare_samples(arguments, options, true);
  declare_split(arguments, options);
  arguments.text("output", 'o', "L.npy", options.output, "write the logits [N, classes]");
  arguments.text("compare", 0, "L.npy", options.compare,
                 "logits of another program (its --output): count decisions that differ");
  arguments.choice(
      "test-augment", {"flip"}, [&](const std::string&) { options.mirror = true; },
      "logits are means over each image and its mirror image");
  arguments.flag("entropy", 0, options.entropy, "how many bits the spikes of each layer carry");
  arguments.flag("energy", 0, options.energy, "count spikes, operations and energy, layer by layer");
  declare_accuracy(arguments, options);
  declare_json(arguments, options);
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_infer(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  arguments.positional("X.npy, PICTURE or EVENTS", options.input);
  arguments.flag(
      "stream", 0, options.stream,
      "read frames one by one (NPY: [C, H, W], [N, C, H, W] or [T, N, C, H, W]; - is standard input), keep the "
      "membranes, answer after every frame");
  declare_samples(arguments, options, false);
  declare_split(arguments, options);
  arguments.text("output", 'o', "L.npy", options.output, "write the logits [N, classes]");
  arguments.whole(
      "top", 0, 1, 100000, [&](int64_t n) { options.top = n; },
      "print the N most probable classes of every sample (default: 3 without --output)");
  declare_json(arguments, options);
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_trace(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  arguments.text("layer", 'l', "L", options.layer,
                 "the neurons to draw, by their path (`info` lists them); npz and nirdata: default all");
  arguments.whole(
      "sample", 's', 0, INT64_MAX, [&](int64_t n) { options.sample = n; }, "which sample, counted from 0 (default: 0)");
  declare_samples(arguments, options, true);
  declare_split(arguments, options);
  arguments.text("output", 'o', "F.svg", options.output, "the drawing; or an .npz of what it shows");
  arguments.text(
      "format", 0, "F", options.format,
      "svg; npz (arrays of spikes and membranes); nirdata (NIR's data in HDF5). Default: as -o ends, or svg");
  arguments.real(
      "dt", 1e-9, 1e3, [&](double x) { options.step_seconds = x; }, "seconds of a step in nirdata (default: 1e-4)");
  declare_threads(arguments, options);
}

void declare_data(Arguments& arguments, Options& options, bool) {
  arguments.positional("DIR", options.input);
  declare_folder(arguments, options);
  declare_json(arguments, options);
  declare_threads(arguments, options);
}

void declare_observe(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  declare_samples(arguments, options, false);
  declare_split(arguments, options);
  arguments.text("output", 'o', "F.safetensors", options.output,
                 "spikes:LAYER and membrane:LAYER [T, N, C, H, W], logits [N, classes] (16 samples without --limit)");
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_verify(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  arguments.text("against", 'a', "F.safetensors", options.compare, "what the other program's `observe` wrote");
  declare_samples(arguments, options, false);
  declare_split(arguments, options);
  arguments.real(
      "tolerance", 0, 1, [&](double x) { options.tolerance = x; },
      "exit code 3 beyond this share of a layer's largest number (default: 1e-4)");
  declare_json(arguments, options);
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

void declare_ranges(Arguments& arguments, Options& options, bool) {
  declare_samples(arguments, options, false);
  arguments.text("output", 'o', "R.json", options.output, "the spikes entering every binary layer");
  declare_batch(arguments, options);
  declare_threads(arguments, options);
}

namespace {

void declare_repeats(Arguments& arguments, Options& options) {
  arguments.whole(
      "repeats", 'r', 1, 100000, [&](int64_t n) { options.repeats = n; },
      "at least this many timed runs (default: 10)");
  arguments.real(
      "seconds", 0, 3600, [&](double s) { options.seconds = s; },
      "go on for so long while runs are short (default: 1)");
}

} // namespace

void declare_bench(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  if (!deployed)
    arguments.flag("train", 0, options.train, "time a training step: gradient and optimiser");
  arguments.words("batch", 'b', "N,N…", options.batches, "batch sizes (default: 1,32; --train: the recipe's)");
  arguments.words("threads", 't', "N,N…", options.thread_list, "numbers of threads (default: auto)");
  declare_repeats(arguments, options);
  arguments.choice(
      "format", {"md", "csv", "json", "jsonl"}, [&](const std::string& word) { options.format = word; },
      "of the table (default: md)");
  declare_json(arguments, options);
}

void declare_profile(Arguments& arguments, Options& options, bool deployed) {
  declare_weights(arguments, options, deployed);
  if (!deployed)
    arguments.flag("train", 0, options.train, "a training step: gradient and optimiser");
  arguments.text("html", 0, "P.html", options.output,
                 "write a page: a chart of the layers, tables of layers and kernels");
  declare_repeats(arguments, options);
  declare_json(arguments, options);
  arguments.whole(
      "batch", 'b', 1, 1000000, [&](int64_t n) { options.batch = n; },
      "samples computed at once (default: 32; --train: the recipe's)");
  declare_threads(arguments, options);
}

void declare_info(Arguments& arguments, Options& options, bool) {
  declare_json(arguments, options);
}

} // namespace rvb::runtime
