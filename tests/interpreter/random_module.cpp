#include "random_module.h"

#include "generator.h"
#include "ir/text.h"

#include <algorithm>
#include <cmath>

namespace rvb::interpreter {

ir::Module random_module(uint64_t seed, const RandomOptions& options) {
  return Generator(seed, options).run();
}

std::vector<Tensor> random_arguments(const ir::Function& function, int64_t batch, uint64_t seed, double low,
                                     double high, int64_t classes) {
  Random random(seed);
  std::vector<Tensor> arguments;
  for (const ir::Value parameter : function.parameters) {
    Tensor tensor = zeros(function.type(parameter), batch);
    for (double& number : tensor.data)
      switch (tensor.type.element) {
      case ir::Element::f32: number = random.real(low, high); break;
      case ir::Element::i32: // labels; images of more dimensions are spikes in fixed point
        number = tensor.type.rank() == 1 ? static_cast<double>(random.below(classes))
                                         : static_cast<double>(static_cast<int64_t>(random.below(400001)) - 200000);
        break;
      case ir::Element::i16: number = static_cast<double>(static_cast<int64_t>(random.below(2047)) - 1023); break;
      case ir::Element::boolean: number = static_cast<double>(random.below(2)); break;
      case ir::Element::u32: number = static_cast<double>(static_cast<uint32_t>(random.next())); break;
      }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

std::string difference(const std::vector<Tensor>& expected, const std::vector<Tensor>& actual, double tolerance) {
  if (expected.size() != actual.size())
    return std::to_string(expected.size()) + " results expected, " + std::to_string(actual.size()) + " given";
  for (size_t r = 0; r < expected.size(); ++r) {
    std::string where = "result " + std::to_string(r);
    const std::vector<double>&a = expected[r].data, &b = actual[r].data;
    if (expected[r].type != actual[r].type || a.size() != b.size())
      return where + ": " + ir::print(expected[r].type) + " expected, " + ir::print(actual[r].type) + " given";
    double largest = 1;
    for (double x : a)
      if (std::isfinite(x))
        largest = std::max(largest, std::fabs(x));
    for (size_t i = 0; i < a.size(); ++i) {
      bool same =
          a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) || std::fabs(a[i] - b[i]) <= tolerance * largest;
      if (!same)
        return where + "[" + std::to_string(i) + "]: " + std::to_string(a[i]) + " expected, " + std::to_string(b[i]) +
               " given";
    }
  }
  return "";
}

} // namespace rvb::interpreter
