#include "targets/target.h"

#include "core/core.h"

#include <sstream>

namespace rvb::targets {

namespace {

std::vector<std::string> words(const char* text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string word; in >> word;)
    result.push_back(word);
  return result;
}

#if defined(__x86_64__)
constexpr const char* this_machine = "x86-64";
#elif defined(__aarch64__)
constexpr const char* this_machine = "aarch64";
#else
constexpr const char* this_machine = "";
#endif

enum class Identifier {
#define RVB_ARCHITECTURE(identifier, ...) identifier,
#include "targets/architectures.def"
#undef RVB_ARCHITECTURE
};

const Architecture* architecture(Identifier identifier) {
  return &architectures()[static_cast<size_t>(identifier)];
}

} // namespace

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all{
#define RVB_ARCHITECTURE(identifier, llvm, name, triple, cpu, all_features, tools, package)                            \
  {name, triple, cpu, all_features, tools, package, identifier##_multiplies},
#include "targets/architectures.def"
#undef RVB_ARCHITECTURE
  };
  return all;
}

const std::vector<Target>& rows() {
  static const std::vector<Target> all{
#define RVB_TARGET(name, other, identifier, floats, registers, tables, halide, features)                               \
  {name, other, architecture(Identifier::identifier), floats, registers, #tables, halide, words(features)},
#include "targets/targets.def"
#undef RVB_TARGET
  };
  return all;
}

bool Architecture::is_here() const {
  return std::string(name) == this_machine;
}

std::string Target::llvm_features() const {
  std::string text;
  for (const std::string& feature : features)
    text += (text.empty() ? "+" : ",+") + feature;
  return text;
}

std::string Target::code() const {
  return halide + ' ' + llvm_features() + ' ' + std::to_string(vector_floats) + ' ' + std::to_string(vector_registers) +
         ' ' + tables;
}

bool Target::runs_here() const {
  std::vector<const char*> asked;
  for (const std::string& feature : features)
    asked.push_back(feature.c_str());
  asked.push_back(nullptr);
  return architecture->is_here() && rvb_missing_feature(asked.data()) == nullptr;
}

Target host() {
  const Target* most = &rows().front(); // of an architecture of which there is no row
  for (const Target& row : rows())
    if (row.runs_here())
      most = &row;
  return *most;
}

bool find_target(const std::string& name, Target& target) {
  if (name == "native") {
    target = host();
    return true;
  }
  for (const Target& row : rows())
    if (row.name == name || (!name.empty() && row.other_name == name)) {
      target = row;
      return true;
    }
  return false;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names{"native"};
  for (const Target& row : rows())
    names.push_back(row.name);
  return names;
}

} // namespace rvb::targets
