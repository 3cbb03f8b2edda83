#include "network/weights_check.h"

#include "files/weights.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace rvb::runtime {

namespace {

constexpr size_t most_faults = 10;

std::string text_of(const std::string& summary, const std::vector<std::string>& faults, const std::string& advice) {
  std::string text = summary + ":";
  for (const std::string& fault : faults)
    text += "\n  " + fault;
  return advice.empty() ? text : text + "\n" + advice;
}

bool passed_over(const std::string& name) {
  const std::string ending = "num_batches_tracked";
  return name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

// What is wrong with the numbers; "" when nothing is.
std::string damage(const Tensor& tensor, bool variance) {
  for (size_t i = 0; i < tensor.values.size(); ++i) {
    const float value = tensor.values[i];
    if (!std::isfinite(value))
      return "element " + std::to_string(i) + " is not finite (" + (std::isnan(value) ? "nan" : "inf") + ")";
    if (variance && value < 0)
      return "element " + std::to_string(i) + " of a variance is negative";
  }
  return "";
}

} // namespace

WrongWeights::WrongWeights(Exit exit, std::string summary, std::vector<std::string> faults, std::string advice)
    : Failure(exit, text_of(summary, faults, advice)), summary(std::move(summary)), faults(std::move(faults)),
      advice(std::move(advice)) {}

void check_weights(const Safetensors& file, const std::vector<ExpectedTensor>& expected, const std::string& path) {
  std::vector<std::string> faults;
  std::set<std::string> names;
  bool fits = true;
  for (const ExpectedTensor& e : expected) {
    names.insert(e.name);
    const Tensor* tensor = file.find(e.name);
    int64_t elements = 1;
    for (int64_t extent : e.shape)
      elements *= extent;
    std::string fault;
    if (tensor == nullptr)
      fault = "is missing, expected shape " + shape_text(e.shape);
    else if (tensor->shape != e.shape)
      fault = "has shape " + shape_text(tensor->shape) + ", expected " + shape_text(e.shape);
    else if (static_cast<int64_t>(tensor->values.size()) != elements)
      fault = "has dtype " + tensor->dtype + ", expected F32";
    fits = fits && fault.empty();
    if (fault.empty())
      fault = damage(*tensor, e.variance);
    if (!fault.empty())
      faults.push_back("`" + e.name + "` " + fault);
  }
  for (const Tensor& tensor : file.tensors)
    if (names.count(tensor.name) == 0 && !passed_over(tensor.name)) {
      fits = false;
      faults.push_back("`" + tensor.name + "` " + shape_text(tensor.shape) + " is not a parameter of this network");
    }
  if (faults.empty())
    return;
  if (faults.size() > most_faults) {
    const size_t more = faults.size() - most_faults;
    faults.resize(most_faults);
    faults.push_back("and " + std::to_string(more) + " more");
  }
  throw WrongWeights(fits ? Exit::user : Exit::mismatch,
                     path + (fits ? ": these weights are damaged" : ": these weights do not fit the network"), faults,
                     prefix_advice(file, {names.begin(), names.end()}));
}

} // namespace rvb::runtime
