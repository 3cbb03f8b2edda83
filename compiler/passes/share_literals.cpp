// Scans that differ in literals alone read them as invariants, and so share one kernel: a network whose layers each
// differ in their leak compiles as fast as one with the same leak everywhere.
//
//   %o, %u = scan(%x, 0.0) {axis = 0, states = 1} do (%it: f32[?,8], %s: f32[?,8]) {
//     %d = mul(%s, 0.25) : f32[?,8]
//     %n = add(%d, %it) : f32[?,8]
//     yield(%n, %n)
//   } : f32[4,?,8], f32[?,8]
//
// becomes, where another scan has 0.5 there,
//
//   %c = constant() {name = "literal_3e800000"} : f32[]
//   %o, %u = scan(%x, %c, 0.0) {axis = 0, invariants = 1, states = 1} do (%it: f32[?,8], %l: f32[], %s: f32[?,8]) {
//     %d = mul(%s, %l) : f32[?,8]
//     %n = add(%d, %it) : f32[?,8]
//     yield(%n, %n)
//   } : f32[4,?,8], f32[?,8]
//
// Needs: nothing; the last pass, since it hides numbers from the others. Keeps: every result, bit for bit, since the
// body of a scan is compiled operation by operation. Breaks: nothing. Integer arithmetic keeps its literals.
#include "ir/text.h"
#include "passes/edit.h"
#include "passes/passes.h"
#include "support/fnv.h"

#include <cstring>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

struct Site {
  Function* function;
  Op* scan;
  std::vector<Operand*> literals; // in the order of the body
};

bool is_real(const Function& function, Value value) {
  const Element element = function.type(value).element;
  return element == Element::f32 || element == Element::boolean;
}

// A scan as text without names and without the literals that may become invariants; those are collected.
class Reader {
public:
  explicit Reader(Site& site) : site_(site), function_(*site.function) {}

  std::string key() {
    Op& scan = *site_.scan;
    for (const Operand& operand : scan.operands)
      key_ += operand.is_literal() ? print_number(operand.number) + " " : print(function_.type(operand.value)) + " ";
    attributes(scan);
    Body& body = scan.body[0];
    for (Value parameter : body.parameters)
      define(parameter);
    for (Op& op : body.ops)
      read(op);
    for (const Operand& yield : body.yields)
      read(yield);
    return key_;
  }

private:
  void read(Op& op) {
    key_ += info(op.opcode).name;
    attributes(op);
    bool real = is_real(function_, op.results[0]), value = false;
    for (const Operand& operand : op.operands)
      if (!operand.is_literal()) {
        real = real && is_real(function_, operand.value);
        value = true;
      }
    for (Operand& operand : op.operands)
      if (real && value && operand.is_literal()) {
        key_ += "# ";
        site_.literals.push_back(&operand);
      } else {
        read(operand);
      }
    define(op.results[0]);
  }
  void read(const Operand& operand) {
    key_ += operand.is_literal() ? print_number(operand.number) + " "
                                 : "%" + std::to_string(numbers_.at(operand.value)) + " ";
  }
  void define(Value value) {
    numbers_.emplace(value, numbers_.size());
    key_ += ":" + print(function_.type(value)) + ";";
  }
  void attributes(const Op& op) {
    for (const auto& [name, attribute] : op.attributes)
      key_ += " " + name + "=" + print(attribute);
    key_ += "(";
  }

  Site& site_;
  const Function& function_;
  std::map<Value, size_t> numbers_;
  std::string key_;
};

uint32_t bits_of(double number) {
  const auto value = static_cast<float>(number);
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

class Share {
public:
  explicit Share(Module& module) : module_(module) {}

  bool run() {
    std::map<std::string, std::vector<Site>> alike;
    for (Function& function : module_.functions)
      for (Op& op : function.ops)
        if (op.opcode == Opcode::scan) {
          Site site{&function, &op, {}};
          const std::string key = Reader(site).key();
          alike[key].push_back(std::move(site));
        }
    bool changed = false;
    for (auto& [key, sites] : alike)
      changed |= share(sites);
    for (auto& [function, constants] : made_)
      function->ops.insert(function->ops.begin(), constants.begin(), constants.end());
    return changed;
  }

private:
  bool share(std::vector<Site>& sites) {
    // Literals that are the same number as each other in every scan become one invariant.
    std::map<std::vector<uint32_t>, std::vector<size_t>> differing;
    for (size_t i = 0; i < sites[0].literals.size(); ++i) {
      std::vector<uint32_t> column;
      bool same = true;
      for (const Site& site : sites) {
        column.push_back(bits_of(site.literals[i]->number));
        same = same && column.back() == column[0];
      }
      if (!same)
        differing[column].push_back(i);
    }
    std::map<size_t, std::vector<size_t>> in_order; // by the first place: not by what the numbers are
    for (const auto& [column, places] : differing)
      in_order[places[0]] = places;
    for (const Site& site : sites)
      for (const auto& [first, places] : in_order)
        replace(site, places);
    return !differing.empty();
  }

  void replace(const Site& site, const std::vector<size_t>& places) {
    Function& function = *site.function;
    const Value outside = constant(function, site.literals[places[0]]->number);
    const Value inside = function.add_value(Type{}, "literal");
    Op& scan = *site.scan;
    const ScanParts p = parts(scan);
    scan.operands.insert(scan.operands.begin() + p.first_state(), Operand(outside));
    std::vector<Value>& parameters = scan.body[0].parameters;
    parameters.insert(parameters.begin() + p.first_state(), inside);
    set_counts(scan, p.invariants + 1, p.states);
    for (size_t place : places)
      *site.literals[place] = Operand(inside);
  }

  Value constant(Function& function, double number) {
    const uint32_t bits = bits_of(number);
    const auto [found, fresh] = values_.emplace(std::make_pair(&function, bits), no_value);
    if (fresh) {
      const std::string name = "literal_" + hex_digits(bits).substr(8);
      module_.constants.emplace(name, Constant::from_floats({}, {static_cast<float>(number)}));
      Op op;
      op.opcode = Opcode::constant;
      op.attributes["name"] = name;
      op.results = {found->second = function.add_value(Type{}, name)};
      made_[&function].push_back(op);
    }
    return found->second;
  }

  Module& module_;
  std::map<std::pair<Function*, uint32_t>, Value> values_;
  std::map<Function*, std::vector<Op>> made_;
};

} // namespace

bool share_literals(Module& module) {
  return Share(module).run();
}

} // namespace rvb::passes
