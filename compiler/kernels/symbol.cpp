// The name of a kernel: a hash over all that decides its code.
#include "kernels/kernels.h"
#include "support/fnv.h"

#include <cstdio>
#include <map>

namespace rvb::kernels {

namespace {

// A hash of this room's sources (CMakeLists.txt): cached objects of another version of the compiler are then unknown.
constexpr const char* kernels_version = RVB_KERNELS_VERSION;

// The operation as text with types and without names: values count from 0 in the order of their first mention.
class Description {
public:
  explicit Description(const ir::Function& function) : function_(function) {}

  void write(const ir::Op& op) {
    text_ += ir::info(op.opcode).name;
    text_ += '(';
    for (const ir::Operand& operand : op.operands)
      write(operand);
    text_ += ')';
    for (const auto& [name, attribute] : op.attributes) {
      if (op.opcode == ir::Opcode::constant && name == "name")
        continue;
      text_ += ' ' + name + '=';
      std::visit([this](const auto& value) { write_attribute(value); }, attribute);
    }
    for (const ir::Body& body : op.body) {
      text_ += "do(";
      for (ir::Value value : body.parameters)
        write(ir::Operand(value));
      text_ += "){";
      for (const ir::Op& inner : body.ops)
        write(inner);
      text_ += "yield(";
      for (const ir::Operand& operand : body.yields)
        write(operand);
      text_ += ")}";
    }
    text_ += "->";
    for (ir::Value value : op.results)
      write(ir::Operand(value));
    text_ += ';';
  }

  void write(const std::string& text) { text_ += text + ';'; }
  const std::string& text() const { return text_; }

private:
  void write(const ir::Operand& operand) {
    if (operand.is_literal()) {
      write_attribute(operand.number);
      return;
    }
    int number = numbers_.emplace(operand.value, static_cast<int>(numbers_.size())).first->second;
    text_ += '%' + std::to_string(number) + ':';
    const ir::Type& type = function_.type(operand.value);
    text_ += std::to_string(static_cast<int>(type.element));
    for (int64_t dim : type.dims)
      text_ += ',' + std::to_string(dim);
    text_ += ' ';
  }

  void write_attribute(int64_t value) { text_ += std::to_string(value) + ' '; }
  void write_attribute(double value) {
    char buffer[64];
    snprintf(buffer, sizeof buffer, "%a ", value); // all bits
    text_ += buffer;
  }
  void write_attribute(const std::string& value) { text_ += '"' + value + "\" "; }
  template <typename T> void write_attribute(const std::vector<T>& values) {
    text_ += '[';
    for (T value : values)
      write_attribute(value);
    text_ += ']';
  }

  const ir::Function& function_;
  std::map<ir::Value, int> numbers_;
  std::string text_;
};

// With a final mix: two texts that differ in their last letter differ in all bits.
uint64_t hash(const std::string& text) {
  uint64_t h = fnv(text);
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  return h ^ (h >> 31);
}

} // namespace

std::string symbol(const ir::Function& function, const ir::Op& op, const Target& target, const Options& options) {
  Description description(function);
  description.write(std::string("kernels ") + kernels_version);
  description.write(target.code());
  description.write(options.scheduled ? "scheduled" : "bare");
  description.write(op);
  return std::string("rvb_") + ir::info(op.opcode).name + '_' + hex_digits(hash(description.text()));
}

} // namespace rvb::kernels
