#include "augment.h"

#include "failure.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

bool set(Augmentation& to, const std::string& name, double amount) {
  auto whole = static_cast<int64_t>(amount);
  if (name == "flip")
    to.flip = true;
  else if (name == "crop")
    to.crop = whole;
  else if (name == "cutout")
    to.cutout = whole;
  else if (name == "roll")
    to.roll = whole;
  else if (name == "drop")
    to.drop = amount;
  else if (name == "resized_crop")
    to.resized_crop = amount;
  else
    return false;
  return true;
}

// Draws for one sample and one operation, in order.
class Draws {
public:
  Draws(const Variation& variation, int64_t sample, Draw draw)
      : key_{variation.seed, variation.epoch, static_cast<uint32_t>(sample), draw} {}

  // 0 … count - 1
  int64_t below(int64_t count) {
    return static_cast<int64_t>((static_cast<unsigned __int128>(bits()) * static_cast<uint64_t>(count)) >> 64);
  }
  int64_t within(int64_t radius) { return below(2 * radius + 1) - radius; }
  double real() { return static_cast<double>(bits() >> 11) * 0x1p-53; } // [0, 1)
  bool coin() { return (random_bits(key_, 0)[0] & 1) != 0; }

private:
  uint64_t bits() {
    RandomBlock block = random_bits(key_, next_++);
    return uint64_t{block[0]} << 32 | block[1];
  }
  RandomKey key_;
  uint32_t next_ = 0;
};

} // namespace

ordered_json Augmentation::json() const {
  ordered_json list = ordered_json::array();
  auto add = [&](const char* name, double amount) {
    if (amount > 0)
      list.push_back({{"name", name}, {"amount", amount}});
  };
  if (flip)
    list.push_back({{"name", "flip"}, {"amount", 0.0}});
  add("crop", static_cast<double>(crop));
  add("cutout", static_cast<double>(cutout));
  add("resized_crop", resized_crop);
  add("roll", static_cast<double>(roll));
  add("drop", drop);
  return list;
}

Augmentation augmentation_from_json(const ordered_json& list) {
  Augmentation result;
  for (const ordered_json& each : list) {
    std::string name = each.at("name");
    if (!set(result, name, each.at("amount")))
      throw Failure(Exit::internal,
                    "the recipe asks for augmentation `" + name + "`, which this runtime does not know");
  }
  return result;
}

Augmentation augmentation_from_words(const std::vector<std::string>& words) {
  struct Row {
    const char* name;
    double amount, least, most;
  };
  static const Row rows[] = {{"flip", 0, 0, 0},       {"crop", 4, 1, 4096},
                             {"cutout", 16, 1, 4096}, {"resized_crop", 0.08, 0.001, 1},
                             {"roll", 5, 1, 4096},    {"drop", 0.1, 0, 0.99}};
  Augmentation result;
  for (const std::string& word : words) {
    size_t equals = word.find('=');
    std::string name = word.substr(0, equals);
    const Row* row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& each) { return each.name == name; });
    if (row == std::end(rows))
      throw Failure(Exit::usage, "--augment: `" + name +
                                     "` is not known; expected flip, crop=4, cutout=16, resized_crop=0.08, roll=5, "
                                     "drop=0.1, separated by commas");
    double amount = row->amount;
    if (equals != std::string::npos) {
      std::string text = word.substr(equals + 1);
      char* end = nullptr;
      amount = std::strtod(text.c_str(), &end);
      bool whole = row->most == 4096;
      if (text.empty() || *end != 0 || !(amount >= row->least && amount <= row->most) || row->most == 0 ||
          (whole && amount != std::floor(amount)))
        throw Failure(Exit::usage, "--augment: `" + word + "` has no valid number");
    }
    set(result, name, amount);
  }
  return result;
}

View view_of(const Variation* variation, int64_t sample, int64_t height, int64_t width) {
  View view;
  int64_t down = 0, right = 0, roll_down = 0, roll_right = 0;
  bool flip = false;
  if (variation != nullptr) {
    const Augmentation& a = variation->augmentation;
    if (a.crop > 0) {
      Draws draws(*variation, sample, Draw::crop);
      down = draws.within(a.crop);
      right = draws.within(a.crop);
    }
    if (a.roll > 0) {
      Draws draws(*variation, sample, Draw::roll);
      roll_down = draws.within(a.roll);
      roll_right = draws.within(a.roll);
    }
    flip = a.flip && Draws(*variation, sample, Draw::flip).coin();
    if (a.cutout > 0) {
      Draws draws(*variation, sample, Draw::cutout);
      int64_t y = draws.below(height), x = draws.below(width);
      view.cut_top = std::max<int64_t>(0, y - a.cutout / 2);
      view.cut_left = std::max<int64_t>(0, x - a.cutout / 2);
      view.cut_bottom = std::min(height, y - a.cutout / 2 + a.cutout);
      view.cut_right = std::min(width, x - a.cutout / 2 + a.cutout);
    }
  }
  // Read from the result back: out of the mirror, back by the roll, back by the crop.
  auto line = [](int64_t extent, bool mirror, int64_t roll, int64_t shift) {
    std::vector<int32_t> from(static_cast<size_t>(extent));
    for (int64_t i = 0; i < extent; ++i) {
      int64_t at = ((mirror ? extent - 1 - i : i) - roll) % extent;
      at += (at < 0 ? extent : 0) + shift;
      from[static_cast<size_t>(i)] = at < 0 || at >= extent ? -1 : static_cast<int32_t>(at);
    }
    return from;
  };
  view.rows = line(height, false, roll_down, down);
  view.columns = line(width, flip, roll_right, right);
  return view;
}

Window resized_crop(const Variation& variation, int64_t sample, int64_t height, int64_t width) {
  Draws draws(variation, sample, Draw::resized_crop);
  double least = variation.augmentation.resized_crop, area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    double target = area * (least + (1 - least) * draws.real());
    double ratio = std::exp(std::log(3.0 / 4) + (std::log(4.0 / 3) - std::log(3.0 / 4)) * draws.real());
    auto w = static_cast<int64_t>(std::lround(std::sqrt(target * ratio)));
    auto h = static_cast<int64_t>(std::lround(std::sqrt(target / ratio)));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      int64_t top = draws.below(height - h + 1), left = draws.below(width - w + 1);
      return {top, left, h, w};
    }
  }
  // The largest part in the middle whose sides are as 3:4 to 4:3.
  int64_t h = height, w = width;
  if (4 * w < 3 * h)
    h = std::max<int64_t>(1, std::lround(static_cast<double>(w) * 4 / 3));
  else if (3 * w > 4 * h)
    w = std::max<int64_t>(1, std::lround(static_cast<double>(h) * 4 / 3));
  h = std::min(h, height);
  w = std::min(w, width);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

template <class Count> void drop_events(const Variation& variation, int64_t sample, Count* counts, int64_t size) {
  RandomKey key{variation.seed, variation.epoch, static_cast<uint32_t>(sample), Draw::drop};
  auto limit = static_cast<uint64_t>(variation.augmentation.drop * 0x1p32);
  RandomBlock block{};
  uint32_t drawn = 0;
  for (int64_t i = 0; i < size; ++i) {
    Count kept = counts[i];
    for (Count n = 0; n < counts[i]; ++n, ++drawn) {
      if (drawn % 4 == 0)
        block = random_bits(key, drawn / 4);
      kept = static_cast<Count>(kept - (block[drawn % 4] < limit ? 1 : 0));
    }
    counts[i] = kept;
  }
}
template void drop_events(const Variation&, int64_t, uint8_t*, int64_t);
template void drop_events(const Variation&, int64_t, uint16_t*, int64_t);

} // namespace rvb::runtime
