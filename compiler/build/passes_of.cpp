#include "build/pipeline.h"

namespace rvb::build {

std::vector<std::string> passes_of(const Stage& stage, const Facts& facts) {
  std::vector<std::string> names;
  for (const Step& step : stage.steps) {
    if (step.when != nullptr && facts.*step.when != step.wanted)
      continue;
    if (step.argument == nullptr)
      names.emplace_back(step.pass);
    else if (const std::string& argument = facts.*step.argument; !argument.empty())
      names.push_back(step.pass + ("=" + argument));
  }
  return names;
}

std::vector<std::string> passes_of(const Pipeline& pipeline, const Facts& facts) {
  std::vector<std::string> names;
  for (const Stage& stage : pipeline)
    for (std::string& name : passes_of(stage, facts))
      names.push_back(std::move(name));
  return names;
}

Pipeline part(const Pipeline& pipeline, const std::string& first, const std::string& end) {
  Pipeline stages;
  bool inside = first.empty();
  for (const Stage& stage : pipeline) {
    inside = (inside || stage.name == first) && (end.empty() || stage.name != end);
    if (inside)
      stages.push_back(stage);
  }
  return stages;
}

} // namespace rvb::build
