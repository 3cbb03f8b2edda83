// Sums under signs, without a multiplication. Of every four spikes there is a table of the sixteen signed sums; four
// bits of an output's weights choose one. An entry holds one pixel, or two as the halves of a word: 1023 times four,
// eight of which stay below 2^15, so that a word of weights is summed in halves and then widened.
#include "codegen/c/operation.h"

#include <algorithm>

namespace rvb::codegen::c {

namespace {

constexpr int groups_of_word = 8;

ir::Element spikes_of(const ir::Function& function, const ir::Op& op) {
  return function.type(op.operands[0].value).element;
}

const char* entry_type(ir::Element spikes, const Tables& tables) {
  return spikes == ir::Element::f32                           ? "float"
         : spikes == ir::Element::i16 && tables.pixels() == 1 ? "int16_t"
                                                              : "uint32_t";
}

// Words of an output's weights: four bits a group, taps one after the other, rows filled up to whole chunks of tables.
std::vector<uint8_t> packed_signs(const std::vector<uint32_t>& bits, const Window& window, int64_t row) {
  const int64_t words_in = (window.in + 31) / 32, groups = window.groups();
  std::vector<uint32_t> words(static_cast<size_t>(row * window.out), 0);
  for (int64_t tap = 0; tap < window.taps(); ++tap)
    for (int64_t channel = 0; channel < window.in; ++channel)
      for (int64_t o = 0; o < window.out; ++o) {
        const uint32_t word = bits[static_cast<size_t>((tap * words_in + channel / 32) * window.out + o)];
        const int64_t group = tap * groups + channel / 4;
        words[static_cast<size_t>(o * row + group / groups_of_word)] |= ((word >> (channel % 32)) & 1u)
                                                                        << (4 * (group % groups_of_word) + channel % 4);
      }
  const auto* first = reinterpret_cast<const uint8_t*>(words.data());
  return {first, first + 4 * words.size()};
}

class Binary {
public:
  Binary(Operation& out)
      : out_(out), tables_(*out.tables), window_(window_of(out.function, out.op)),
        spikes_(spikes_of(out.function, out.op)), entry_(entry_type(spikes_, tables_)),
        row_((window_.words() + tables_.words - 1) / tables_.words * tables_.words),
        real_(spikes_ == ir::Element::f32) {}

  Sums sums() {
    const std::string spike = type_name(spikes_), sum = real_ ? "float" : "int32_t";
    text_.open("static {}_APART void @(const {}* spikes, int32_t at, int32_t top, int32_t left, {}* tables, {}* sums)",
               out_.writer.macros(), spike, entry_, sum);
    text_.line("const uint32_t* weights = {};", signs());
    for (int64_t p = 0; p < tables_.pixels(); ++p)
      text_.line("const {}* pixel{};", spike, p);
    text_.line("int32_t group = 0, column = 0, row = 0;");
    const int64_t chunks = row_ / tables_.words;
    find_pixels();
    if (chunks > 1)
      text_.loop("chunk", chunks);
    fill_tables();
    add_up(chunks > 1);
    if (chunks > 1) {
      text_.line("weights += {};", tables_.words);
      text_.close();
    }
    text_.close();
    Sums s;
    s.function = out_.writer.function("synapses_" + out_.op.layer, text_.text());
    s.spikes = spikes_;
    s.sum = real_ ? ir::Element::f32 : ir::Element::i32;
    s.pixels = tables_.pixels();
    s.tables = true;
    return s;
  }

private:
  std::string signs() {
    const ir::Constant* bits = nullptr;
    for (const ir::Op& op : out_.function.ops)
      if (op.opcode == ir::Opcode::constant && op.results[0] == out_.op.operands[1].value)
        bits = &out_.writer.module().constants.at(op.text("name"));
    if (bits == nullptr || bits->bytes.empty())
      out_.refuse("its weights are not known");
    return out_.writer.array(ir::Element::u32, out_.op.layer + ".signs", packed_signs(bits->words(), window_, row_));
  }

  std::string zeros() {
    return out_.writer.array(spikes_, "zeros",
                             std::vector<uint8_t>(static_cast<size_t>(window_.in * ir::bytes_of(spikes_)), 0));
  }

  // Where the channels of the tap (row, column) of every pixel begin; outside of the image there are zeros.
  void find_pixels() {
    const bool one = window_.height * window_.width == 1 && window_.taps() == 1;
    for (int64_t p = 0; p < tables_.pixels(); ++p) {
      const int64_t step = p * window_.stride_x;
      const std::string place = step == 0 ? "at" : fmt::format("at + {}", step * window_.in);
      const std::string x = step == 0 ? "left" : fmt::format("(left + {})", step);
      if (one)
        text_.line("pixel{} = spikes + {};", p, place);
      else
        text_.line("pixel{} = (uint32_t)top < {}u && (uint32_t){} < {}u ? spikes + ({}) : {};", p, window_.height, x,
                   window_.width, place, zeros());
    }
    if (one)
      text_.line("(void)top, (void)left;");
  }

  // The spike of a channel of all pixels that lie in one word of an entry.
  std::string spike(int64_t lane, int64_t channel) const {
    const auto one = [&](int64_t pixel) {
      const std::string value = fmt::format("pixel{}[{}]", pixel, channel);
      return real_ ? value : fmt::format("(uint32_t)(int32_t){}", value);
    };
    return tables_.halves ? fmt::format("{} + ({} << 16)", one(2 * lane), one(2 * lane + 1)) : one(lane);
  }

  void fill_group(int64_t channels) {
    for (int64_t lane = 0; lane < tables_.lanes; ++lane) {
      std::string spikes;
      for (int64_t channel = 0; channel < 4; ++channel)
        spikes += ", " + (channel < channels ? spike(lane, channel) : real_ ? "0.0f" : "0u");
      text_.line("{}(table{}{});", out_.writer.use(fmt::format("table_{}_{}", entry_, tables_.lanes)),
                 lane == 0 ? "" : fmt::format(" + {}", lane), spikes);
    }
  }

  void fill_tables() {
    const int64_t groups = window_.groups(), rest = window_.in % 4, entries = 16 * tables_.lanes;
    const bool exact = row_ * groups_of_word == window_.taps() * groups;
    text_.line("{}* table = tables;", entry_);
    text_.open("for (int32_t n = 0; n < {}; ++n, table += {})", tables_.words * groups_of_word, entries);
    if (!exact) { // what fills up the last word of weights adds nothing
      text_.open("if (row == {})", window_.kernel_y);
      text_.line("for (int32_t i = 0; i < {}; ++i)", entries);
      text_.line("  table[i] = 0;");
      text_.line("continue;");
      text_.close();
    }
    if (rest != 0 && groups > 1) {
      text_.open("if (group == {})", groups - 1);
      fill_group(rest);
      text_.otherwise();
      fill_group(4);
      text_.close();
    } else {
      fill_group(rest == 0 ? 4 : rest);
    }
    for (int64_t p = 0; p < tables_.pixels() && groups > 1; ++p)
      text_.line("pixel{} += 4;", p);
    text_.open("if (++group == {})", groups);
    next_tap();
    text_.close();
    text_.close();
  }

  void next_tap() {
    const int64_t column = window_.tap_x * window_.in, line = window_.tap_y * window_.width * window_.in;
    text_.line("group = 0;");
    text_.line("at += {};", column);
    text_.line("left += {};", window_.tap_x);
    text_.open("if (++column == {})", window_.kernel_x);
    text_.line("column = 0;");
    text_.line("++row;");
    text_.line("at += {};", line - window_.kernel_x * column);
    text_.line("left -= {};", window_.kernel_x * window_.tap_x);
    text_.line("top += {};", window_.tap_y);
    text_.close();
    if (window_.taps() > 1)
      find_pixels();
  }

  void add_up(bool chunks) {
    const int64_t pixels = tables_.pixels();
    const std::string sum = real_ ? "float" : "int32_t";
    text_.line("const uint32_t* word = weights;");
    text_.open("for (int32_t o = 0; o < {}; ++o)", window_.out);
    text_.line("const {}* found = tables;", entry_);
    for (int64_t p = 0; p < pixels; ++p)
      text_.line("{} sum{} = {};", sum, p,
                 chunks  ? fmt::format("chunk == 0 ? {} : sums[o + {}]", real_ ? "0.0f" : "0", p * window_.out)
                 : real_ ? "0.0f"
                         : "0");
    if (tables_.words > 1)
      text_.loop("w", tables_.words);
    look_up();
    if (tables_.words > 1) {
      text_.line("found += {};", groups_of_word * 16 * tables_.lanes);
      text_.close();
    }
    if (row_ != tables_.words)
      text_.line("word += {};", row_ - tables_.words);
    for (int64_t p = 0; p < pixels; ++p)
      text_.line("sums[o + {0}] = sum{1};", p * window_.out, p);
    text_.close();
  }

  // One word of weights: eight groups.
  void look_up() {
    text_.line("const uint32_t bits = *word++;");
    if (tables_.halves)
      for (int64_t lane = 0; lane < tables_.lanes; ++lane)
        text_.line("uint32_t halves{} = 0;", lane);
    text_.line("const {}* entry;", entry_);
    const std::string scale = tables_.lanes == 2 ? " << 1" : "";
    for (int g = 0; g < groups_of_word; ++g) {
      const std::string index = g == 0   ? "(bits & 15u)"
                                : g == 7 ? "(bits >> 28)"
                                         : fmt::format("((bits >> {}) & 15u)", 4 * g);
      text_.line("entry = found + {}{};", g == 0 ? "" : fmt::format("{} + ", g * 16 * tables_.lanes),
                 scale.empty() ? index : fmt::format("({}{})", index, scale));
      for (int64_t lane = 0; lane < tables_.lanes; ++lane)
        if (tables_.halves)
          text_.line("halves{0} += entry[{0}];", lane);
        else
          text_.line("sum{0} += {1}entry[{0}];", lane, std::string(entry_) == "uint32_t" ? "(int32_t)" : "");
    }
    if (tables_.halves)
      for (int64_t lane = 0; lane < tables_.lanes; ++lane) {
        text_.line("sum{} += (int16_t)halves{};", 2 * lane, lane);
        text_.line("sum{0} += (int16_t)((halves{1} - (uint32_t)(int32_t)(int16_t)halves{1}) >> 16);", 2 * lane + 1,
                   lane);
      }
  }

  Operation& out_;
  const Tables tables_;
  const Window window_;
  const ir::Element spikes_;
  const char* entry_;
  const int64_t row_; // words of an output's weights
  const bool real_;
  Text text_;
};

} // namespace

std::vector<Tables> table_choices(const ir::Function& function, const ir::Op& op) {
  const Window window = window_of(function, op);
  const ir::Element spikes = spikes_of(function, op);
  std::vector<Tables> choices;
  const auto add = [&](int lanes, bool halves, int64_t chunks) {
    Tables tables{lanes, halves, (window.words() + chunks - 1) / chunks, 0};
    const bool narrow = spikes == ir::Element::i16 && tables.pixels() == 1;
    tables.bytes = tables.words * groups_of_word * 16 * lanes * (narrow ? 2 : 4);
    if (choices.empty() || tables.bytes < choices.back().bytes)
      choices.push_back(tables);
  };
  const bool row = window.out_width > 1; // neighbours that share lookups' indices
  const bool halves = spikes == ir::Element::i16 && row;
  for (int64_t chunks = 1; chunks <= window.words(); chunks *= 2)
    for (int lanes = row && window.out_width > (halves ? 2 : 1) ? 2 : 1; lanes >= 1; --lanes)
      add(lanes, halves, chunks);
  add(1, halves, window.words());
  if (halves)
    add(1, false, window.words());
  return choices;
}

Sums binary_sums(Operation& out) {
  if (out.op.operands.size() > 2)
    out.refuse("factors of single channels are left in it");
  if (out.op.integer("groups", 1) > 1)
    out.refuse("groups");
  return Binary(out).sums();
}

void emits::binary_conv2d(Operation& out) {
  emit_layer(out, binary_sums(out));
}
void emits::binary_linear(Operation& out) {
  emit_layer(out, binary_sums(out));
}

} // namespace rvb::codegen::c
