#include "augmentations/augment.h"

#include <numeric>

namespace rvb::runtime {

namespace {

using recipe::Choice;

// The code of a row: the function of its stage, the others null.
struct Code {
  uint32_t draw;
  values_function* values = nullptr;
  window_function* window = nullptr;
  view_function* view = nullptr;
  mix_function* mix = nullptr;

  Code(uint32_t d, values_function* f) : draw(d), values(f) {}
  Code(uint32_t d, window_function* f) : draw(d), window(f) {}
  Code(uint32_t d, view_function* f) : draw(d), view(f) {}
  Code(uint32_t d, mix_function* f) : draw(d), mix(f) {}
};

const Code codes[] = {
#define AUGMENTATION(name, stage, draw, needs, options) {draw, augment_##name},
#include "recipe/augmentations.def"
#undef AUGMENTATION
};

const Code& code_of(const Choice& choice) {
  return codes[&choice.row() - recipe::augmentations.rows];
}

template <class Use> void each_of(const Variation* variation, int64_t sample, Use&& use) {
  if (variation == nullptr)
    return;
  for (const recipe::Row& row : recipe::augmentations)
    for (const Choice& choice : variation->augment)
      if (&choice.row() == &row) {
        const Code& code = code_of(choice);
        Draws draws({variation->seed, variation->epoch, static_cast<uint32_t>(sample), static_cast<Draw>(code.draw)});
        use(code, choice, draws);
      }
}

} // namespace

View::View(int64_t height, int64_t width) : rows(static_cast<size_t>(height)), columns(static_cast<size_t>(width)) {
  std::iota(rows.begin(), rows.end(), 0);
  std::iota(columns.begin(), columns.end(), 0);
}

View view_of(const Variation* variation, int64_t sample, int64_t height, int64_t width) {
  View view(height, width);
  each_of(variation, sample, [&](const Code& code, const Choice& choice, Draws& draws) {
    if (code.view != nullptr)
      code.view(choice, draws, view);
  });
  return view;
}

std::optional<Window> window_of(const Variation* variation, int64_t sample, int64_t height, int64_t width) {
  std::optional<Window> window;
  each_of(variation, sample, [&](const Code& code, const Choice& choice, Draws& draws) {
    if (code.window != nullptr)
      window = code.window(choice, draws, height, width);
  });
  return window;
}

bool chooses_window(const std::vector<Choice>& augment) {
  return std::any_of(augment.begin(), augment.end(),
                     [](const Choice& each) { return code_of(each).window != nullptr; });
}

namespace {

bool changes_values(const Choice& choice, bool events) {
  return code_of(choice).values != nullptr &&
         (choice.row().needs & (events ? recipe::needs_events : recipe::needs_pixels)) != 0;
}

} // namespace

bool varies_values(const Variation* variation, bool events) {
  return variation != nullptr && std::any_of(variation->augment.begin(), variation->augment.end(),
                                             [&](const Choice& each) { return changes_values(each, events); });
}

void vary_values(const Variation& variation, int64_t sample, bool events, Values& values) {
  each_of(&variation, sample, [&](const Code& code, const Choice& choice, Draws& draws) {
    if (changes_values(choice, events))
      code.values(choice, draws, values);
  });
}

std::optional<Mix> mix_of(const Variation& variation, int64_t batch, int64_t height, int64_t width) {
  int64_t rows = 0, taken = 0;
  for (const Choice& each : variation.augment)
    rows += code_of(each).mix != nullptr ? 1 : 0;
  const RandomKey key{variation.seed, variation.epoch, static_cast<uint32_t>(batch), Draw::mix};
  const int64_t wanted = rows > 1 ? Draws(key).below(rows) : 0;
  std::optional<Mix> mix;
  each_of(&variation, batch, [&](const Code& code, const Choice& choice, Draws& draws) {
    if (code.mix != nullptr && taken++ == wanted)
      mix = code.mix(choice, draws, height, width);
  });
  return mix;
}

} // namespace rvb::runtime
