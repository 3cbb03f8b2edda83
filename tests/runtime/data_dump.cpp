// Opens a data set as compiled programs do and writes what the network would see, for data_check.py.
//   data_dump FOLDER PART SHAPE STEPS CLASSES OUT [NAME=VALUE…]
// SHAPE is 2,34,34; STEPS 0 for still images. OUT.x.npy is [T, N, H, W, C], OUT.y.npy the labels. Names: frames,
// time_unit, partition, resize, augment, seed, epoch, threads.
#include "base/failure.h"
#include "core/core.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "files/npy.h"
#include "layouts/formats.h"
#include "options/recipe_text.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <numeric>
#include <sstream>

using namespace rvb::runtime;

namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');)
    words.push_back(word);
  return words;
}

void run(char** argv, std::map<std::string, std::string> options) {
  Manifest m;
  m.name = "Net";
  for (const std::string& extent : split(argv[3]))
    m.input.push_back(std::stoll(extent));
  m.channels = m.input[0];
  m.height = m.input.size() == 3 ? m.input[1] : 1;
  m.width = m.input.size() == 3 ? m.input[2] : 1;
  m.sequence = std::stoll(argv[4]) > 0;
  m.steps = m.sequence ? std::stoll(argv[4]) : 1;
  m.classes = std::stoll(argv[5]);
  rvb_set_threads(options["threads"].empty() ? 0 : std::stoi(options["threads"]));
  DataSettings settings;
  settings.folder = argv[1];
  settings.partition = options["partition"];
  settings.frames = options["frames"].empty() ? "equal_count" : options["frames"];
  settings.time_unit = options["time_unit"];
  settings.resize = options["resize"].empty() ? 0 : std::stoll(options["resize"]);
  Variation variation;
  variation.augment = parse_choices("augment", rvb::recipe::augmentations, split(options["augment"]));
  variation.seed = options["seed"].empty() ? 1 : std::stoull(options["seed"]);
  variation.epoch = options["epoch"].empty() ? 0 : static_cast<uint32_t>(std::stoul(options["epoch"]));
  settings.windows = chooses_window(variation.augment);
  auto dataset = open_folder(settings, std::string(argv[2]) == "train" ? Split::train : Split::test, m);
  int64_t count = dataset->count();
  std::vector<float> image(static_cast<size_t>(count * m.steps * m.pixels())), labels(static_cast<size_t>(count));
  std::vector<int32_t> whole(static_cast<size_t>(count));
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Loader loader(*dataset, m, order, count, variation);
  loader.next(image.data(), whole.data());
  for (size_t i = 0; i < whole.size(); ++i)
    labels[i] = static_cast<float>(whole[i]);
  std::string out = argv[6];
  write_npy(out + ".x.npy", {m.steps, count, m.height, m.width, m.channels}, image.data());
  write_npy(out + ".y.npy", {count}, labels.data());
  nlohmann::ordered_json json = dataset->provenance_json();
  json["classes"] = dataset->class_names();
  std::printf("%s\n", json.dump().c_str());
}

} // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  for (int i = 7; i < argc; ++i) {
    std::string word = argv[i];
    options[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  try {
    run(argv, options);
    return 0;
  } catch (const Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return static_cast<int>(failure.exit);
  }
}
