// Every diagnostic has a page, and the page's examples do what it says.
#include "layers/layer.h"
#include "sema/check.h"
#include "sema/value.h"
#include "support/explain.h"
#include "support/render.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

using namespace rvb;

namespace {

// The indented lines after `heading:`, without their indentation; \xNN is a byte.
std::string example(const std::string& page, const std::string& heading) {
  const size_t at = page.find("\n" + heading + ":\n");
  if (at == std::string::npos)
    return "";
  std::istringstream lines(page.substr(at + heading.size() + 3));
  std::string line, text;
  while (std::getline(lines, line) && (line.empty() || line[0] == ' ')) {
    line = line.substr(std::min<size_t>(4, line.size()));
    const size_t escape = line.find("\\x");
    if (escape != std::string::npos)
      line.replace(escape, 4, 1, static_cast<char>(std::stoi(line.substr(escape + 2, 2), nullptr, 16)));
    text += line + "\n";
  }
  return text.substr(text.find_first_not_of('\n'));
}

// The codes that checking `text` gives. A first line `$ rvbc … -D name=value` is the command line.
std::vector<int> codes(std::string text, std::string& shown) {
  sema::Options options;
  options.stdlib = RVB_STDLIB;
  if (text[0] == '$') {
    std::istringstream words(text.substr(0, text.find('\n')));
    for (std::string word; words >> word;)
      if (word == "-D" && words >> word)
        options.defines[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    text = text.substr(text.find('\n') + 1);
  }
  Sources sources;
  Diagnostics diagnostics;
  sema::check(sources, sources.add("example.rvb", text), options, diagnostics);
  shown = render(sources, diagnostics, {});
  std::vector<int> result;
  for (const Diagnostic& diagnostic : diagnostics.items())
    result.push_back(static_cast<int>(diagnostic.code));
  return result;
}

TEST(Explain, EveryDiagnosticHasAPage) {
  for (const DiagnosticInfo& row : all_diagnostics()) {
    const std::string page = explain(row.code);
    EXPECT_NE(page.find(row.title), std::string::npos) << row.code;
    EXPECT_GT(page.size(), std::string(row.title).size() + 60) << row.code;
  }
  EXPECT_EQ(explain(999), "");
  EXPECT_EQ(explain(0), "");
}

TEST(Explain, NamesAreKebabCase) {
  for (const DiagnosticInfo& row : all_diagnostics())
    EXPECT_EQ(std::string(row.name).find('_'), std::string::npos) << row.name;
  EXPECT_STREQ(info(Code::unused_layer).name, "unused-layer");
}

TEST(Explain, WrongExamplesAreWrongAndRightOnesRight) {
  int tried = 0;
  for (const DiagnosticInfo& row : all_diagnostics()) {
    if (row.code >= 400)
      continue;
    const std::string page = explain(row.code), wrong = example(page, "wrong"), right = example(page, "right");
    ASSERT_FALSE(wrong.empty()) << row.code;
    ASSERT_FALSE(right.empty()) << row.code;
    std::string shown;
    EXPECT_EQ(codes(wrong, shown), std::vector<int>{row.code}) << shown;
    EXPECT_EQ(codes(right, shown), std::vector<int>{}) << row.code << "\n" << shown;
    ++tried;
  }
  EXPECT_GT(tried, 40);
}

TEST(Manual, ListsEveryDiagnosticAndItsTourChecks) {
  std::ifstream in(RVB_MANUAL, std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(in), {}};
  for (const DiagnosticInfo& row : all_diagnostics())
    EXPECT_NE(manual.find("| " + code_text(static_cast<Code>(row.code)) + " | " + row.name), std::string::npos)
        << row.code;
  const size_t begin = manual.find("```\n") + 4, end = manual.find("```", begin);
  std::string shown;
  EXPECT_EQ(codes(manual.substr(begin, end - begin), shown), std::vector<int>{}) << shown;
}

// What a call looks like, with defaults: conv2d(channels, kernel = 3, …). The tensor that flows in is not written.
std::string signature(const layers::Row& row) {
  using Kind = layers::Slot::Kind;
  const bool several = row.slots.size() > 1 && row.slots[1].kind == Kind::tensor;
  std::string text;
  for (const layers::Slot& slot : row.slots) {
    if (slot.kind == Kind::tensor && !several)
      continue;
    const auto absent = [&]() -> std::string {
      switch (slot.kind) {
      case Kind::number: return sema::text_of(slot.absent.number);
      case Kind::flag: return slot.absent.pair[0] != 0 ? "true" : "false";
      case Kind::word: return slot.words.at(0);
      case Kind::weights: return "real";
      case Kind::integer: return std::to_string(slot.absent.pair[0]);
      case Kind::pair: return slot.like.empty() ? std::to_string(slot.absent.pair[0]) : slot.like;
      case Kind::tensor:
      case Kind::words:
      case Kind::list:
      case Kind::size: break;
      }
      return "";
    };
    text += (text.empty() ? "(" : ", ") + slot.name + (slot.required ? "" : " = " + absent());
  }
  if (const size_t zero = text.find("e-0"); zero != std::string::npos)
    text.erase(zero + 2, 1);
  return row.name + (text.empty() ? "" : text + ")");
}

// Every layer has a section that says how it is called.
TEST(Manual, HasEveryLayerWithItsDefaults) {
  std::ifstream in(RVB_MANUAL, std::ios::binary);
  std::string headings;
  for (std::string line; std::getline(in, line);)
    if (line.rfind("### ", 0) == 0)
      headings += line.substr(3) + " ";
  for (const layers::Row* row : layers::table()) {
    if (!row->called)
      continue;
    EXPECT_NE(headings.find(" " + signature(*row) + " "), std::string::npos) << signature(*row);
  }
}

// Every row of the recipe's tables stands in the manual with its options and defaults, and every setting.
TEST(Manual, ListsEveryRowOfTheRecipe) {
  std::ifstream in(RVB_MANUAL, std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(in), {}};
  const auto number = [](const recipe::Option& option) {
    if (option.kind == recipe::Kind::flag)
      return std::string(option.initial != 0 ? "true" : "false");
    std::string text = sema::text_of(option.initial);
    if (const size_t zero = text.find("e-0"); zero != std::string::npos)
      text.erase(zero + 2, 1);
    return text;
  };
  for (const recipe::Table& table : {recipe::losses, recipe::optimizers, recipe::schedules, recipe::augmentations})
    for (const recipe::Row& row : table) {
      std::string text;
      for (int i = 0; i < row.count(); ++i)
        text += (i == 0 ? "(" : ", ") + std::string(row.options[i].name) + " = " + number(row.options[i]);
      text = std::string("`") + row.name + text + (text.empty() ? "`" : ")`");
      EXPECT_NE(manual.find(text), std::string::npos) << text;
    }
  const recipe::Settings settings;
  recipe::each_setting(settings, [&](const recipe::Option& option, const char*, auto) {
    EXPECT_NE(manual.find(std::string("`") + option.name + "`"), std::string::npos) << option.name;
  });
  for (int i = 0; i < recipe::rates_row.count(); ++i)
    EXPECT_NE(manual.find(std::string("`") + recipe::rates_row.options[i].name + "`"), std::string::npos);
}

} // namespace
