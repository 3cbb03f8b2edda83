#include "gradcheck.h"

#include "analysis/verify.h"
#include "ir/text.h"
#include "ops/ops.h"
#include "random_module.h"
#include "support/fnv.h"

#include <cmath>
#include <cstring>

namespace rvb::tests {

ir::Function gradient_function(const ir::Function& function, const std::vector<size_t>& flowing,
                               const std::vector<size_t>& wanted) {
  ir::Function gradient = function;
  gradient.name = "gradient";
  gradient.results.clear();
  gradient.result_ports.clear();
  ir::Op op = gradient.ops.back();
  ops::Gradients upstream(op.results.size());
  for (size_t i : flowing) {
    ir::Value g = gradient.add_value(gradient.type(op.results[i]), "g");
    gradient.parameters.push_back(g);
    upstream[i] = g;
  }
  ir::Builder builder(gradient, gradient.ops, &ops::infer);
  ops::Gradients gradients = ops::meaning(op.opcode).gradient(builder, op, upstream);
  bool elementwise = (ir::info(op.opcode).traits & ir::elementwise) != 0;
  for (size_t i : wanted) {
    ir::Operand result = gradients.at(i).value_or(ir::Operand::literal(0));
    if (elementwise)
      result = ops::reduce_to(builder, result, builder.type_of(op.operands[i]));
    gradient.results.push_back(result);
  }
  return gradient;
}

namespace {

// The upstream gradients' inner product with the results: what the gradient function differentiates.
double objective(const ir::Module& module, const ir::Function& function, int64_t batch,
                 const std::vector<interpreter::Tensor>& arguments, const std::vector<size_t>& flowing,
                 const std::vector<interpreter::Tensor>& upstream) {
  interpreter::Options smooth;
  smooth.smooth = true;
  std::vector<interpreter::Tensor> results = interpreter::evaluate(module, function, batch, arguments, smooth);
  double sum = 0;
  for (size_t k = 0; k < flowing.size(); ++k)
    for (size_t i = 0; i < results[flowing[k]].data.size(); ++i)
      sum += results[flowing[k]].data[i] * upstream[k].data[i];
  return sum;
}

} // namespace

std::vector<GradientFault> check_gradient(const GradientCase& test, double tolerance) {
  ir::Module module = ir::parse(test.text);
  for (const std::string& fault : analysis::verify(module))
    return {{fault}};
  const ir::Function& function = module.functions.at(0);
  const ir::Op& op = function.ops.back();
  std::vector<size_t> wanted, flowing{0}; // batchnorm's statistics carry none
  std::vector<size_t> parameters;
  for (size_t i = 0; i < op.operands.size(); ++i)
    for (size_t p = 0; p < function.parameters.size(); ++p)
      if (op.operands[i] == ir::Operand(function.parameters[p]) &&
          function.type(function.parameters[p]).element == ir::Element::f32) {
        wanted.push_back(i);
        parameters.push_back(p);
      }
  ir::Function gradient = gradient_function(function, flowing, wanted);
  ir::Module both;
  both.functions = {function, gradient};
  for (const std::string& fault : analysis::verify(both))
    return {{"the rule's code: " + fault}};

  std::vector<interpreter::Tensor> arguments =
      interpreter::random_arguments(gradient, test.batch, fnv(test.name), test.low, test.high);
  std::vector<interpreter::Tensor> upstream(arguments.begin() + function.parameters.size(), arguments.end());
  interpreter::Options smooth;
  smooth.smooth = true;
  std::vector<interpreter::Tensor> stated = interpreter::evaluate(both, gradient, test.batch, arguments, smooth);
  arguments.resize(function.parameters.size());

  std::vector<GradientFault> faults;
  constexpr double h = 1e-5;
  for (size_t k = 0; k < wanted.size(); ++k) {
    std::vector<double> difference;
    std::vector<double>& data = arguments[parameters[k]].data;
    if (stated[k].data.size() != data.size())
      return {{"the gradient of operand " + std::to_string(wanted[k]) + " has another size than the operand"}};
    double largest = 0;
    for (double& x : data) {
      double before = x;
      x = before + h;
      double above = objective(module, function, test.batch, arguments, flowing, upstream);
      x = before - h;
      double below = objective(module, function, test.batch, arguments, flowing, upstream);
      x = before;
      difference.push_back((above - below) / (2 * h));
      largest = std::max(largest, std::fabs(difference.back()));
    }
    if (largest == 0)
      faults.push_back({"operand " + std::to_string(wanted[k]) + ": nothing flows, the case shows nothing"});
    for (size_t i = 0; i < data.size(); ++i)
      if (!(std::fabs(stated[k].data[i] - difference[i]) <= tolerance * largest))
        faults.push_back({"operand " + std::to_string(wanted[k]) + "[" + std::to_string(i) + "]: the rule gives " +
                          std::to_string(stated[k].data[i]) + ", differences " + std::to_string(difference[i])});
  }
  return faults;
}

} // namespace rvb::tests
