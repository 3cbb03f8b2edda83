// What the language promises beyond single cases: several mistakes in one run, bounded work, formatted sources,
// diagnostics in all formats.
#include "sema/check.h"
#include "support/render.h"
#include "support/text.h"
#include "syntax/parse.h"
#include "syntax/print.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace rvb;
namespace fs = std::filesystem;

namespace {

struct Checked {
  Sources sources;
  Diagnostics diagnostics;
  std::optional<sema::Program> program;

  std::vector<int> codes() const {
    std::vector<int> result;
    for (const Diagnostic& each : diagnostics.items())
      result.push_back(static_cast<int>(each.code));
    return result;
  }
  std::string text() const { return render(sources, diagnostics, {}); }
};

Checked check(const std::string& text, std::map<std::string, std::string> defines = {},
              const std::string& path = "test.rvb") {
  Checked result;
  sema::Options options;
  options.stdlib = RVB_STDLIB;
  options.defines = std::move(defines);
  result.program = sema::check(result.sources, result.sources.add(path, text), options, result.diagnostics);
  return result;
}

std::string network(const std::string& body) {
  return "import neurons\nnetwork N(image: [1, 8, 8] repeated 2) {\n" + body +
         "\nreturn image |> flatten |> linear(10) |> mean_over_time\n}\n";
}

std::string times(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i)
    result += text;
  return result;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Language, SyntaxMistakesAreAllReported) {
  const Checked result =
      check("param = 1\nparam b = \nlet c = 3 +\nnetwork N(x: [1] repeated 1) {\n  y = (\n  z = ]\n}\n");
  EXPECT_GE(result.codes().size(), 5u) << result.text();
}

TEST(Language, MistakesInBlocksAreReportedOnceWithTheCall) {
  const Checked result =
      check("block B(x) {\n  return x |> conv2d(2, kernel = 99)\n}\n" + network("a = B(image)\nb = B(image)"));
  ASSERT_EQ(result.codes(), std::vector<int>{202}) << result.text();
  EXPECT_NE(result.text().find("in this call of `B`"), std::string::npos) << result.text();
}

TEST(Language, OneMistakeDoesNotCauseOthers) {
  EXPECT_EQ(check(network("a = nothing\nrepeat i in 0..a { b = 1 }\nc = b + 1\nd = c |> reverb")).codes(),
            std::vector<int>{101});
}

TEST(Language, DefinesReplaceDefaults) {
  const std::string text = "param T = 2\nparam width = T * 4\nlet half = width / 2\n"
                           "network N(image: [1, 8, 8] repeated T) {\n"
                           "  return image |> conv2d(half) |> flatten |> linear(10) |> mean_over_time\n}\n";
  const Checked plain = check(text), other = check(text, {{"T", "3"}});
  ASSERT_TRUE(plain.program && other.program) << plain.text() << other.text();
  EXPECT_EQ(plain.program->layers[1].shape[0], 4);
  EXPECT_EQ(other.program->layers[1].shape[0], 6);
  EXPECT_EQ(other.program->input.steps, 3);
  EXPECT_NE(plain.program->source_hash, other.program->source_hash);
  EXPECT_EQ(plain.program->source_hash.size(), 16u);
  EXPECT_EQ(plain.program->source_hash, check(text).program->source_hash);
  EXPECT_EQ(check(text, {{"t", "3"}}).codes(), std::vector<int>{108});
  EXPECT_EQ(check(text, {{"half", "3"}}).codes(), std::vector<int>{108}) << "a let is no param";
  EXPECT_EQ(check(text, {{"T", "3.5"}}).codes(), (std::vector<int>{208, 107})) << "the steps, then the channels";
  EXPECT_EQ(check(text, {{"T", "true"}}).codes(), std::vector<int>{107});
  EXPECT_EQ(check(text, {{"T", ""}}).codes(), std::vector<int>{1});
  EXPECT_EQ(check(text, {{"T", "2 param x = 3"}}).codes(), std::vector<int>{1});
  EXPECT_EQ(check(text, {{"T", "-1"}}).codes(), (std::vector<int>{208, 204}));
}

TEST(Language, EveryLimitHolds) {
  const std::string deep = times("(", 200000), names(300000, 'a');
  const std::vector<std::string> inputs = {
      deep,
      "let a = " + deep + "1",
      "let a = " + times("-", 300000) + "1",
      "let a = " + times("not ", 300000) + "true",
      "let a = " + times("true ? 1 : ", 300000) + "1",
      "let a = 1" + times(" + 1", 300000),
      "let a = [" + times("1, ", 300000) + "]",
      "let " + names + " = 1",
      "let a = \"" + names,
      "/*" + names,
      times("{", 300000),
      times("}", 300000),
      times("network N(x: [1] repeated 1) { if a {", 100000),
      network(times("if true {", 30000)),
      network("x = image" + times(" |> flatten", 100000)),
      network("x = image" + times(" |> batchnorm", 20000)),
      network("repeat i in 0..10000 { repeat j in 0..10000 { repeat k in 0..10000 {} } }"),
      network("repeat i in 0..9223372036854775807 {}"),
      network("repeat i in -9223372036854775807..9223372036854775807 {}"),
      network("x = -9223372036854775807 - 10"),
      network("x = 9223372036854775807 * 9223372036854775807"),
      network("x = (-9223372036854775807 - 1) / -1"),
      network("x = image |> conv2d(9223372036854775807)"),
      network("x = image |> conv2d(1, kernel = 1048576, padding = 1048576)"),
      network("x = image |> conv2d(1, stride = [9223372036854775807, 1])"),
      network("x = image |> avgpool(-9223372036854775807)"),
      network("x = [1]\nrepeat i in 0..100 { x = [x, x] }"),
      "block A(x) { return A(A(x)) }\n" + network("x = A(1)"),
      "block A(x) { y = A(x)\nz = A(x)\nreturn y }\n" + network("x = A(image)"),
      "block A(x, n) { repeat i in 0..4 { x = A(x, n - 1) as a }\nreturn n < 0 ? x : x }\n" +
          network("x = A(image, 9)"),
      "neuron n(k = 1) { u = input" + times(" + input", 90) + "\n" + times("u = u + u * k\n", 9000) + "emit u }\n" +
          network("repeat i in 0..1000 { x = image |> n(k = i) }"),
      "network N(image: [1000000, 1000000, 1000000] repeated 60000) { return image }",
      "network N(image: [1, 1, 1] repeated 99999999999) { return image }",
      "network N(image: [1000, 1000, 1000] repeated 3) { return image |> global_avgpool |> mean_over_time }",
      times("import neurons\n", 100000),
      times("import \"nothing.rvb\"\n", 20000),
      times("param a = 1\n", 100000),
      times("block\n", 100000),
      std::string(5 << 20, 'x'),
      std::string(3 << 20, '\n') + "@",
      std::string(1000, '\0'),
      "\xEF\xBB\xBF// a byte order mark\n",
  };
  for (const std::string& input : inputs) {
    const auto begin = std::chrono::steady_clock::now();
    const Checked result = check(input);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30)) << input.substr(0, 200);
    EXPECT_FALSE(result.program) << input.substr(0, 200);
    EXPECT_TRUE(result.diagnostics.has_errors()) << input.substr(0, 200);
    EXPECT_LT(result.text().size(), 200000u);
  }
}

TEST(Language, ImportsAreFoundBesideTheFileThatImports) {
  const fs::path folder = fs::path(testing::TempDir()) / "rvb-imports";
  fs::create_directories(folder / "inner");
  std::ofstream(folder / "inner" / "one.rvb") << "import \"two.rvb\"\nlet one = two + 1\n";
  std::ofstream(folder / "inner" / "two.rvb") << "let two = 2\n";
  std::ofstream(folder / "a.rvb") << "import \"b.rvb\"\n";
  std::ofstream(folder / "b.rvb") << "import \"a.rvb\"\n";
  std::ofstream(folder / "bad.rvb") << "let x = 3 +\n";
  const std::string main = (folder / "main.rvb").string();
  const Checked good =
      check("import \"inner/one.rvb\"\nimport \"inner/two.rvb\"\n" + network("x = one + two"), {}, main);
  EXPECT_TRUE(good.program) << good.text();
  EXPECT_EQ(good.sources.size(), 4) << "main, one, two (once), neurons";
  EXPECT_EQ(check("import \"a.rvb\"\n" + network(""), {}, main).codes(), std::vector<int>{110});
  EXPECT_EQ(check("import \"bad.rvb\"\n" + network(""), {}, main).codes(), std::vector<int>{1});
  EXPECT_EQ(check("import \"inner\"\n" + network(""), {}, main).codes(), std::vector<int>{109});
  EXPECT_EQ(check("import \"/dev/zero\"\n" + network(""), {}, main).codes(), std::vector<int>{109});
  fs::remove_all(folder);
}

TEST(Language, StandardLibraryAndExamplesAreFormattedAndCheck) {
  int files = 0;
  for (const char* folder : {RVB_STDLIB, RVB_EXAMPLES})
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".rvb")
        continue;
      ++files;
      const std::string text = read(entry.path());
      Sources sources;
      Diagnostics diagnostics;
      const ast::File tree = syntax::parse(sources, sources.add(entry.path().string(), text), diagnostics);
      ASSERT_TRUE(diagnostics.empty()) << render(sources, diagnostics, {});
      EXPECT_EQ(syntax::format(sources, tree), text) << entry.path();
      bool has_network = false;
      for (const ast::Item& item : tree.items)
        has_network |= item.kind == ast::Item::Kind::network;
      const Checked result = check(text, {}, entry.path().string());
      EXPECT_EQ(result.codes(), has_network ? std::vector<int>{} : std::vector<int>{312}) << result.text();
    }
  EXPECT_GE(files, 3);
}

// The paper's networks, written with the standard library's blocks, have the paper's numbers of parameters.
struct Totals {
  int64_t parameters = 0, alphas = 0, binary = 0;
};

Totals totals(const std::string& text) {
  const Checked result = check(text);
  EXPECT_TRUE(result.program) << result.text();
  Totals totals;
  for (const sema::Parameter& parameter :
       result.program ? result.program->parameters : std::vector<sema::Parameter>()) {
    int64_t elements = 1;
    for (const int64_t extent : parameter.shape)
      elements *= extent;
    (parameter.role == sema::Role::alpha ? totals.alphas : totals.parameters) += parameter.trainable ? elements : 0;
    totals.binary += parameter.binary ? elements : 0;
  }
  return totals;
}

std::string stages(const std::string& block, const std::vector<int>& counts, const std::vector<int>& channels,
                   int first_stride) {
  std::string text;
  for (size_t i = 0; i < counts.size(); ++i)
    text += "  repeat i in 0.." + std::to_string(counts[i]) + " {\n    x = " + block + "(x, " +
            std::to_string(channels[i]) + ", i == 0 ? " + std::to_string(i == 0 ? first_stride : 2) + " : 1) as layer" +
            std::to_string(i + 1) + "\n  }\n";
  return text;
}

TEST(Paper, ResNet20HasItsParameters) {
  const Totals found =
      totals("import blocks\nnetwork ResNet20(image: [3, 32, 32] repeated 4) {\n"
             "  x = image |> conv2d(64, padding = 1) as stem1 |> batchnorm |> reverb\n"
             "  repeat i in 0..2 {\n"
             "    x = x |> conv2d(64, padding = 1, weights = binary(alpha)) as stem |> batchnorm |> reverb\n"
             "  }\n  x = x |> avgpool(2)\n" +
             stages("PoolBlock", {2, 2, 2, 2}, {64, 128, 256, 512}, 1) +
             "  return x |> global_avgpool |> linear(10) |> mean_over_time\n}\n");
  EXPECT_EQ(found.parameters, 11247946);
  EXPECT_EQ(found.alphas, 3968);
  EXPECT_EQ(found.binary, 11231232);
}

TEST(Paper, ResNet19HasItsParameters) {
  const Totals found = totals("import blocks\nnetwork ResNet19(image: [3, 32, 32] repeated 2) {\n"
                              "  x = image |> conv2d(128, padding = 1) as stem |> batchnorm |> reverb\n" +
                              stages("BasicBlock", {3, 3, 2}, {128, 256, 512}, 1) +
                              "  return x |> global_avgpool |> linear(10) |> mean_over_time\n}\n");
  EXPECT_EQ(found.parameters, 12569226);
  EXPECT_EQ(found.alphas, 4352);
  EXPECT_EQ(found.binary, 12550144);
}

TEST(Paper, ResNet34HasItsParameters) {
  const Totals found =
      totals("import blocks\nnetwork ResNet34(image: [3, 224, 224] repeated 4) {\n"
             "  x = image |> conv2d(64, kernel = 7, stride = 2, padding = 3) as stem |> batchnorm |> reverb\n"
             "  x = x |> avgpool(3, stride = 2, padding = 1)\n" +
             stages("BasicBlock", {3, 4, 6, 3}, {64, 128, 256, 512}, 1) +
             "  return x |> global_avgpool |> linear(1000) |> mean_over_time\n}\n");
  EXPECT_EQ(found.parameters, 21797672);
  EXPECT_EQ(found.alphas, 7552);
  EXPECT_EQ(found.binary, 21258240);
}

TEST(Render, JsonHasRustcsFields) {
  const Checked result = check(network("x = imag |> reverb"));
  RenderOptions options;
  options.format = Format::json;
  const auto object = nlohmann::json::parse(render(result.sources, result.diagnostics, options));
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["code"]["code"], "RVB0101");
  EXPECT_EQ(object["spans"][0]["line_start"], 3);
  EXPECT_EQ(object["spans"][0]["column_start"], 5);
  EXPECT_EQ(object["spans"][0]["column_end"], 9);
  EXPECT_EQ(object["spans"][0]["is_primary"], true);
  EXPECT_EQ(object["children"][0]["level"], "help");
  EXPECT_EQ(object["children"][0]["message"], "did you mean `image`?");
  EXPECT_NE(object["rendered"].get<std::string>().find("^^^^"), std::string::npos);
}

TEST(Render, BriefIsOneLine) {
  const Checked result = check(network("x = imag"));
  RenderOptions options;
  options.format = Format::brief;
  EXPECT_EQ(render(result.sources, result.diagnostics, options),
            "test.rvb:3:5: error[RVB0101]: `imag` is not defined\n");
}

TEST(Render, MoreThanTwentyErrorsAreCounted) {
  std::string body;
  for (int i = 0; i < 30; ++i)
    body += "x = nothing" + std::to_string(i) + "\n";
  const Checked result = check(network(body));
  EXPECT_EQ(result.diagnostics.items().size(), 30u);
  EXPECT_NE(result.text().find("\n10 more errors are not shown\n"), std::string::npos);
}

// Work counted in names that are compared: for a mistake that nobody will read, none are.
TEST(Growth, NearNamesAreSoughtForMistakesThatAreKept) {
  std::string params;
  for (int i = 0; i < 50; ++i)
    params += "param quite_a_name_" + std::to_string(i) + " = 1\n";
  auto compared = [&](int mistakes) {
    std::string body;
    for (int i = 0; i < mistakes; ++i)
      body += "x = image |> conv2d(quite_a_mane_" + std::to_string(i) + ")\n";
    return check(network(body).insert(std::string("import neurons\n").size(), params)).diagnostics.compared();
  };
  EXPECT_GT(compared(10), 10u * 50);
  EXPECT_GT(compared(80), 7 * compared(10));
  EXPECT_EQ(compared(200), compared(2000));
}

TEST(Text, NearestFindsTypingMistakes) {
  EXPECT_EQ(nearest("kernal", {"kernel", "stride"}), "kernel");
  EXPECT_EQ(nearest("Reverb", {"reverb"}), "reverb");
  EXPECT_EQ(nearest("paddnig", {"padding", "stride"}), "padding");
  EXPECT_EQ(nearest("x", {"kernel"}), "");
}

TEST(Text, Utf8IsChecked) {
  EXPECT_EQ(first_invalid_byte("caf\xC3\xA9"), std::string::npos);
  EXPECT_EQ(first_invalid_byte("a\xC0\x80"), 1u) << "overlong";
  EXPECT_EQ(first_invalid_byte("\xED\xA0\x80"), 0u) << "surrogate";
  EXPECT_EQ(first_invalid_byte("ab\xE2\x82"), 2u) << "cut";
  EXPECT_EQ(first_invalid_byte(std::string("a\0b", 3)), 1u);
}

} // namespace
