// Sums of events (layerkernels/schemes/events.cpp) against the dense sums: the same bits whatever part of the groups is
// silent, and what the interpreter computes.
#include "analysis/joins.h"
#include "analysis/verify.h"
#include "core/core.h"
#include "interpreter.h"
#include "ir/text.h"
#include "layer_text.h"
#include "loaded_layer.h"
#include "random_module.h"

#include <gtest/gtest.h>

#include <list>
#include <random>

namespace rvb::layerkernels {

namespace {

using interpreter::Tensor;
using std::string;
using std::to_string;

// Groups of four channels fall silent with probability `silent`; of the others half of the spikes. Zeros are of both
// signs.
void silence(Tensor& spikes, double silent) {
  std::minstd_rand random(3);
  const auto channels = static_cast<size_t>(spikes.type.dims.back());
  bool all = false;
  for (size_t i = 0; i < spikes.data.size(); ++i) {
    if (i % channels % 4 == 0)
      all = static_cast<double>(random() % 1000) < 1000 * silent;
    if (all || random() % 2 == 0)
      spikes.data[i] = spikes.type.element == ir::Element::f32 && random() % 2 == 0 ? -0.0 : 0.0;
  }
}

struct Case {
  string name, text; // the first operation is the synapses with {…, sparse = 1}
  int64_t batch;
  bool sums = true; // and nothing after them: then the interpreter's numbers, too
};

void PrintTo(const std::vector<Case>& cases, std::ostream* out) {
  *out << cases[0].name;
}

string without(string text, const string& part) {
  const size_t at = text.find(part);
  return at == string::npos ? text : text.erase(at, part.size());
}

string differences(const Case& c) {
  ir::Module module = ir::parse(c.text), plain = ir::parse(without(c.text, ", sparse = 1"));
  for (const string& fault : analysis::verify(module))
    return fault + "\n" + c.text;
  const ir::Function &function = module.functions[0], &dense_function = plain.functions[0];
  Layer events = layer(function, function.ops[0], analysis::neuron_behind(function, function.ops[0]));
  Layer dense =
      layer(dense_function, dense_function.ops[0], analysis::neuron_behind(dense_function, dense_function.ops[0]));
  if (events.neuron == nullptr && function.ops.size() > 1)
    return "the neuron does not join its synapses\n" + c.text;
  const bool real = function.type(function.parameters[0]).element == ir::Element::f32;
  struct Loaded {
    Loaded(const Layer& events, const Layer& dense, const targets::Target& on)
        : target(on), sparse(events, on), dense(dense, on) {}
    const targets::Target& target;
    LoadedLayer sparse, dense;
  };
  const std::vector<targets::Target> targets = targets_here();
  std::list<Loaded> loaded;
  for (const targets::Target& target : targets) {
    EXPECT_NE(symbol(events, target), symbol(dense, target));
    loaded.emplace_back(events, dense, target);
  }
  string report;
  for (double silent : {0.0, 0.5, 0.9, 0.99, 1.0}) {
    std::vector<Tensor> arguments = float_arguments(function, c.batch);
    silence(arguments[0], silent);
    const std::map<ir::Value, Tensor> values = values_of(function, arguments);
    std::vector<Tensor> interpreted;
    if (c.sums)
      interpreted = interpreter::evaluate(module, function, c.batch, arguments);
    for (const auto& [target, sparse_layer, dense_layer] : loaded) {
      const string where = target.name + ", " + to_string(silent) + " silent: ";
      std::vector<std::vector<uint8_t>> expected = dense_layer.run(c.batch, values);
      for (int threads : {1, 2}) {
        rvb_set_threads(threads);
        std::vector<std::vector<uint8_t>> bytes = sparse_layer.run(c.batch, values);
        if (bytes != expected)
          report += where + "other bits than the dense sums, " + to_string(threads) + " threads\n";
        if (threads == 1 && c.sums) {
          string what = interpreter::difference(interpreted, tensors(events, c.batch, bytes), real ? 1e-5 : 0);
          report += what.empty() ? "" : where + what + "\n";
        }
      }
    }
  }
  return report.empty() ? "" : report + c.text;
}

// The sums themselves; and, where there is time, a residual and a membrane after them.
std::vector<Case> convolution(const Convolution& c) {
  std::vector<Case> cases;
  for (string spikes : {"f32", "i32", "i16"}) {
    const bool real = spikes == "f32";
    const string x = c.input(spikes), sums = real ? "f32" : "i32", y = c.output("f32"), bits = c.bits(),
                 synapses = c.synapses(sums, true);
    const string name = list({c.h, c.w, c.in, c.out, c.kernel, c.stride, c.pad, c.batch}) + spikes;
    cases.push_back({name, sums_text(x, bits, c.output(sums), synapses), c.batch});
    if (c.lead == "?")
      continue;
    const string f = c.output_slice("f32");
    const string given =
        real ? "    %q = mul(%rt, 0.5) : " + f + "\n" : "    %q = dequantize(%rt) {scale = 0.0009765625} : " + f + "\n";
    cases.push_back({name + " membrane",
                     "func @f(%x: " + x + ", %b: " + bits + ", %s: " + y + ", %v: " + f + ") -> (" + y + ", " + f +
                         ") {\n" + synapses +
                         "  %o, %w = scan(%r, %s, %v) {axis = 0, states = 1} do (%rt: " + c.output_slice(sums) +
                         ", %st: " + f + ", %vt: " + f + ") {\n" + given + "    %i = add(%q, %st) : " + f +
                         "\n    %l = mul(%vt, 0.25) : " + f + "\n    %u = add(%l, %i) : " + f +
                         "\n    %h = greater_equal(%u, 0.5) : " + c.output_slice("bool") +
                         "\n    %e = select(%h, %u, 0.0) : " + f + "\n    %n = select(%h, 0.0, %u) : " + f +
                         "\n    yield(%e, %n)\n  } : " + y + ", " + f + "\n  ret(%o, %w)\n}\n",
                     c.batch, false});
  }
  return cases;
}

std::vector<Case> linear(int64_t in, int64_t out, int64_t batch, const string& lead = "?") {
  std::vector<Case> cases;
  for (string spikes : {"f32", "i32", "i16"})
    cases.push_back({"linear", linear_text(in, out, lead, spikes, true), batch});
  return cases;
}

class Events : public testing::TestWithParam<std::vector<Case>> {};

TEST_P(Events, AddUpToTheBitsOfTheDenseSums) {
  for (const Case& c : GetParam())
    EXPECT_EQ("", differences(c)) << c.name;
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Events,
    testing::Values(convolution({5, 7, 1, 8, 3, 1, 1, 2}), convolution({5, 7, 3, 13, 3, 1, 1, 1}),
                    convolution({5, 7, 8, 3, 3, 2, 1, 5}), convolution({7, 5, 13, 33, 3, 3, 0, 2}),
                    convolution({5, 7, 33, 64, 3, 1, 1, 2}), convolution({7, 7, 64, 33, 1, 2, 0, 5}),
                    convolution({9, 5, 8, 16, 5, 1, 2, 1}), convolution({4, 4, 64, 64, 3, 1, 1, 13}),
                    convolution({14, 14, 32, 200, 3, 1, 1, 2, "2,?"}), convolution({3, 3, 1, 1, 3, 1, 1, 1}),
                    convolution({5, 6, 3, 8, 4, 3, 2, 2, "3,?"}), convolution({33, 32, 64, 64, 3, 1, 1, 1, "2,?"}),
                    convolution({40, 9, 36, 100, 3, 2, 1, 2, "2,?"}), linear(100, 10, 3), linear(6272, 130, 2),
                    linear(31, 512, 5, "3,?")));

} // namespace

} // namespace rvb::layerkernels
