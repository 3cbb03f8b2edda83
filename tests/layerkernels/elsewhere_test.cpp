// Layers for another architecture against the interpreter: all are linked into one program, which an emulator runs.
#include "layerkernels/layer.h"

#include "analysis/joins.h"
#include "interpreter.h"
#include "ir/text.h"
#include "layer_text.h"
#include "loaded_layer.h"
#include "random_module.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <unistd.h>

namespace rvb::layerkernels {

namespace {

using interpreter::Tensor;
using std::string;

struct Case {
  string text;
  int64_t batch;
  double whole; // how far apart integers may be, as a part of the largest
  ir::Module module;
  Layer layer;
  std::vector<Tensor> arguments;
  CallArrays arrays;
};

class Elsewhere : public testing::Test {
protected:
  Elsewhere() { std::filesystem::create_directories(folder_); }
  ~Elsewhere() override { std::filesystem::remove_all(folder_); }

  // `largest`: all spikes that large and all signs +.
  void add(const string& text, int64_t batch, double whole = 0, double largest = 0) {
    cases_.push_back(std::make_unique<Case>());
    Case& c = *cases_.back();
    c.text = text;
    c.batch = batch;
    c.whole = whole;
    c.module = ir::parse(text);
    const ir::Function& function = c.module.functions[0];
    c.layer = layer(function, function.ops[0], analysis::neuron_behind(function, function.ops[0]));
    c.arguments = float_arguments(function, batch);
    for (Tensor& argument : c.arguments)
      if (largest != 0)
        std::fill(argument.data.begin(), argument.data.end(),
                  argument.type.element == ir::Element::u32 ? 0xffffffffU : largest);
    c.arrays = arrays_of(c.layer, batch, values_of(function, c.arguments));
  }

  // Compiles and links all, runs them, compares.
  void compare(const string& target_name, const string& tools, const string& emulator) {
    targets::Target target;
    ASSERT_TRUE(targets::find_target(target_name, target));
    std::ofstream table(folder_ + "/table.c"), arrays(folder_ + "/arrays", std::ios::binary);
    string objects, declared, listed;
    for (const auto& c : cases_) {
      const string name = symbol(c->layer, target), object = folder_ + "/" + name + ".o";
      if (!std::filesystem::exists(object)) {
        compile_layer(c->layer, target, machine::OutputKind::object, object);
        objects += " " + object;
        declared += "int " + name + "();\n";
      }
      listed += "  (kernel)" + name + ",\n";
      write(arrays, c->arrays);
    }
    table << "typedef int (*kernel)();\n"
          << declared << "const kernel kernels[] = {\n"
          << listed << "};\nconst int kernel_count = " << cases_.size() << ";\n";
    table.close();
    arrays.close();
    const string program = folder_ + "/program";
    ASSERT_EQ(0, system((tools + "gcc -O1 -I" RVB_SOURCE "/runtime " RVB_SOURCE "/tests/layerkernels/run_layers.c " +
                         folder_ + "/table.c" + objects + " -L" RVB_ARCHIVES " -lrvb_capi -fopenmp -lm -o " + program)
                            .c_str()));
    string texts;
    for (size_t i = 0; i < cases_.size(); ++i)
      texts += "layer " + std::to_string(i) + ", batch " + std::to_string(cases_[i]->batch) + ":\n" + cases_[i]->text;
    ASSERT_EQ(0, system((emulator + " " + program + " <" + folder_ + "/arrays >" + folder_ + "/results").c_str()))
        << texts;
    std::ifstream results(folder_ + "/results", std::ios::binary);
    for (const auto& c : cases_)
      EXPECT_EQ("", difference(*c, results)) << c->text;
    EXPECT_EQ(EOF, results.peek());
  }

private:
  static void write(std::ostream& out, const CallArrays& arrays) {
    auto number = [&](int64_t n) { out.write(reinterpret_cast<const char*>(&n), sizeof n); };
    number(static_cast<int64_t>(arrays.inputs.size()));
    number(static_cast<int64_t>(arrays.outputs.size()));
    for (const std::vector<CallArray>* list : {&arrays.inputs, &arrays.outputs})
      for (const CallArray& array : *list) {
        number(static_cast<int64_t>(array.bytes.size()));
        number(static_cast<int64_t>(array.extents.size()));
        for (int32_t extent : array.extents)
          number(extent);
        if (list == &arrays.inputs)
          out.write(reinterpret_cast<const char*>(array.bytes.data()),
                    static_cast<std::streamsize>(array.bytes.size()));
      }
  }

  static string difference(const Case& c, std::istream& results) {
    std::vector<std::vector<uint8_t>> bytes;
    for (const CallArray& array : c.arrays.outputs) {
      bytes.emplace_back(array.bytes.size());
      results.read(reinterpret_cast<char*>(bytes.back().data()), static_cast<std::streamsize>(bytes.back().size()));
    }
    const ir::Function& function = c.module.functions[0];
    const std::vector<Tensor> expected = interpreter::evaluate(c.module, function, c.batch, c.arguments);
    const std::vector<Tensor> actual = tensors(c.layer, c.batch, bytes);
    string what;
    for (size_t i = 0; i < actual.size(); ++i)
      for (size_t r = 0; r < function.results.size(); ++r) // what nobody reads is not stored
        if (function.results[r].value == outputs_of(c.layer)[i])
          what += interpreter::difference({expected[r]}, {actual[i]},
                                          actual[i].type.element == ir::Element::f32 ? 1e-5 : c.whole);
    return what;
  }

  const string folder_ = std::filesystem::temp_directory_path() / ("rvb_elsewhere_" + std::to_string(getpid()));
  std::vector<std::unique_ptr<Case>> cases_;
};

} // namespace

TEST_F(Elsewhere, AArch64) {
  size_t n = 0;
  for (const Convolution& c : convolutions()) { // an emulator is slow, and so is the interpreter
    const int64_t work = c.out_height() * c.out_width() * c.kernel * c.kernel * c.in * c.out * c.batch;
    for (const string spikes : {"i16", "f32", "i32"})
      if (work < 8'000'000 || spikes == "i16")
        add(sums_text(c, spikes), c.batch);
    if (work > 1'000'000 || n++ % 2 != 0) // neurons are few kinds of code
      continue;
    for (const string& text : input_gradient_texts(c))
      add(text, c.batch);
    add(alpha_text(c), c.batch);
    add(residual_text(c), c.batch);
    for (const string spikes : {"i32", "i16"}) {
      add(whole_neuron_text(c, spikes), c.batch);
      add(whole_numbers_text(c, spikes), c.batch, 1.0 / 1000);
    }
    if (c.lead != "?")
      add(membrane_text(c, true), c.batch);
  }
  for (const string spikes : {"f32", "i32", "i16"}) {
    for (int channels : {1, 2, 5, 7, 15, 31, 33, 37, 95, 97})
      add(linear_text(channels, 13, "?", spikes), 3);
    add(linear_text(100, 10, "?", spikes), 1);
    add(linear_text(4160, 40, "?", spikes), 3);
    add(linear_text(1024, 24, "3,?", spikes), 9);
  }
  // The largest sums that there can be: of tables, of 16 bits, of 32.
  for (int channels : {4, 8, 1016, 1024, 1032, 2048, 8211}) {
    add(linear_text(channels, 18, "?", "i16"), 2, 0, 1023);
    add(linear_text(channels, 18, "?", "i16"), 2, 0, -1023);
  }
  add(linear_text(511, 18, "?", "i32"), 2, 0, (1 << 22) - 1);
  add(linear_text(511, 18, "?", "i32"), 2, 0, 1 - (1 << 22));
  compare("aarch64", "aarch64-linux-gnu-", "qemu-aarch64 -cpu cortex-a53 -L /usr/aarch64-linux-gnu");
}

} // namespace rvb::layerkernels
