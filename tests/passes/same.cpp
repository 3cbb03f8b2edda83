#include "same.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>

namespace rvb::tests {

using interpreter::Tensor;

std::vector<Tensor> arguments(const ir::Function& function, int64_t batch, unsigned seed, int64_t classes) {
  std::vector<Tensor> result;
  for (ir::Value parameter : function.parameters) {
    Tensor tensor = interpreter::zeros(function.type(parameter), batch);
    const std::string& name = function.values[parameter].name;
    std::seed_seq sequence(name.begin(), name.end());
    std::vector<unsigned> mixed(2);
    sequence.generate(mixed.begin(), mixed.end());
    std::mt19937 random(mixed[0] ^ seed);
    std::uniform_real_distribution<double> uniform(-1, 1);
    const bool positive = name.find("var") != std::string::npos;
    for (double& number : tensor.data) {
      if (tensor.type.element == ir::Element::i32)
        number = static_cast<double>(random() % classes);
      else // floats, as the programs have them
        number = static_cast<float>(positive ? 0.6 + 0.5 * uniform(random) : uniform(random));
    }
    result.push_back(std::move(tensor));
  }
  return result;
}

double difference(const ir::Module& before, const ir::Function& f, const ir::Module& after, const ir::Function& g,
                  int64_t batch, unsigned seed, int64_t classes) {
  const std::vector<Tensor> a = interpreter::evaluate(before, f, batch, arguments(f, batch, seed, classes));
  const std::vector<Tensor> b = interpreter::evaluate(after, g, batch, arguments(g, batch, seed, classes));
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t j = i;
    if (!f.result_ports.empty() && !f.result_ports[i].name.empty())
      j = std::find(g.result_ports.begin(), g.result_ports.end(), f.result_ports[i]) - g.result_ports.begin();
    if (j >= b.size() || a[i].data.size() != b[j].data.size())
      return std::numeric_limits<double>::infinity();
    double size = 1;
    for (double x : a[i].data)
      if (std::isfinite(x))
        size = std::max(size, std::fabs(x));
    for (size_t k = 0; k < a[i].data.size(); ++k) {
      const double x = a[i].data[k], y = b[j].data[k];
      if (x == y || (std::isnan(x) && std::isnan(y)))
        continue;
      const double d = std::fabs(x - y) / size;
      worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : std::max(worst, d);
    }
  }
  return worst;
}

std::string differs(const ir::Module& before, const ir::Module& after, double tolerance) {
  for (const ir::Function& f : before.functions) {
    const ir::Function* g = after.find(f.name);
    if (!g && f.name == "train")
      g = after.find("gradient");
    if (!g)
      return "@" + f.name + " is gone";
    for (unsigned seed = 1; seed <= 3; ++seed) {
      const double worst = difference(before, f, after, *g, 2, seed);
      if (!(worst <= tolerance)) {
        std::ostringstream text;
        text << "@" << f.name << " differs by " << worst;
        return text.str();
      }
    }
  }
  return "";
}

} // namespace rvb::tests
