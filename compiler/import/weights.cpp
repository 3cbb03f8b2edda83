// Tensors to parameters: by their names, by their names under maps, by order. A module is what the tensors of one layer
// share: the name up to its last dot.
#include "import/import.h"
#include "import/names.h"

#include "base/failure.h"
#include "build/frontend.h"
#include "files/weights.h"
#include "host/output.h"
#include "network/weights_check.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace rvb::importing {

namespace {

using runtime::Tensor;
using Shape = std::vector<int64_t>;

std::string module_of(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

std::string last_of(const std::string& name) {
  return name.substr(name.rfind('.') + 1); // npos + 1 is 0
}

// What others count and the language does not know.
bool counter(const std::string& name) {
  return last_of(name) == "num_batches_tracked";
}

// Without extents of 1: a number alone is [] there and [1] here, a factor a channel [C] or [1, C, 1, 1].
Shape essential(const Shape& shape) {
  Shape left;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(left), [](int64_t extent) { return extent != 1; });
  return left;
}
bool fits(const Tensor& tensor, const Shape& shape) {
  int64_t elements = 1;
  for (const int64_t extent : shape)
    elements *= extent;
  return essential(tensor.shape) == essential(shape) && // and holds real numbers
         static_cast<int64_t>(tensor.values.size()) == elements;
}

// Digits within a name are compared as numbers: layer 10 comes after layer 9.
bool natural_less(const std::string& a, const std::string& b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      const auto number = [&](const std::string& text, size_t& at) {
        while (at < text.size() && text[at] == '0')
          ++at;
        const size_t begin = at;
        while (at < text.size() && digit(text[at]))
          ++at;
        return text.substr(begin, at - begin);
      };
      const std::string x = number(a, i), y = number(b, j);
      if (x != y)
        return x.size() != y.size() ? x.size() < y.size() : x < y;
    } else if (a[i] != b[j]) {
      return a[i] < b[j];
    } else {
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

class Import {
public:
  Import(const build::Options& options, const Request& request)
      : options_(options), path_(request.file), program_(build::load_program(options)),
        file_(runtime::read_weights(request.file, options.strip_prefix)), source_of_(program_.parameters.size(), -1),
        how_(program_.parameters.size()), used_(file_.tensors.size(), false), left_out_(file_.tensors.size(), false) {
    for (const std::string& which : request.maps) {
      const NameMap map = load_map(which);
      map_.rules.insert(map_.rules.end(), map.rules.begin(), map.rules.end());
      map_.by_order = map_.by_order || map.by_order;
    }
    map_.by_order = map_.by_order || request.by_order;
    for (const Tensor& tensor : file_.tensors)
      names_.push_back(tensor.name);
    for (size_t p = 0; p < program_.parameters.size(); ++p)
      parameter_[program_.parameters[p].name] = p;
  }

  void run() {
    strip_wrappers();
    take_by_name("");
    for (size_t t = 0; t < names_.size(); ++t)
      if (!used_[t]) {
        const std::optional<std::string> name = map_.renamed(names_[t]);
        left_out_[t] = !name;
        names_[t] = name.value_or(names_[t]);
      }
    take_by_name(map_.rules.empty() ? "" : "by the map");
    if (map_.by_order)
      take_by_order();
    report();
  }

private:
  // `module.` of DataParallel, `_orig_mod.` of torch.compile, `model.` of trainers: what stands before all names, where
  // no parameter of the network has it.
  void strip_wrappers() {
    for (bool again = true; again;) {
      again = false;
      const size_t dot = names_.empty() ? std::string::npos : names_[0].find('.');
      if (dot == std::string::npos)
        return;
      const std::string prefix = names_[0].substr(0, dot + 1);
      const auto has = [&](const std::string& name) { return name.compare(0, prefix.size(), prefix) == 0; };
      const std::set<std::string> wrappers = {"module.", "_orig_mod.", "model.", "net.", "network.", "state_dict."};
      if (wrappers.count(prefix) == 0 || !std::all_of(names_.begin(), names_.end(), has) ||
          std::any_of(program_.parameters.begin(), program_.parameters.end(),
                      [&](const sema::Parameter& p) { return has(p.name); }))
        return;
      for (std::string& name : names_)
        name.erase(0, prefix.size());
      put("`{}` is taken off the front of all names\n", prefix);
      again = true;
    }
  }

  void take(size_t tensor, size_t parameter, const std::string& how) {
    used_[tensor] = true;
    source_of_[parameter] = static_cast<int>(tensor);
    how_[parameter] = how;
  }

  void take_by_name(const std::string& how) {
    for (size_t t = 0; t < names_.size(); ++t) {
      const auto found = parameter_.find(names_[t]);
      if (used_[t] || left_out_[t] || found == parameter_.end() || source_of_[found->second] >= 0)
        continue;
      if (fits(file_.tensors[t], program_.parameters[found->second].shape))
        take(t, found->second, how);
    }
  }

  // Every layer none of whose parameters has a source takes the next module, in the order of names, that has the same
  // tensors. So the order counts among modules of the same shapes only.
  void take_by_order() {
    std::map<std::string, std::map<std::string, size_t>>
        modules; // the module's tensors by the last part of their names
    for (size_t t = 0; t < names_.size(); ++t)
      if (!used_[t] && !left_out_[t] && !counter(names_[t]))
        modules[module_of(names_[t])][last_of(names_[t])] = t;
    std::vector<std::string> order;
    for (const auto& [name, tensors] : modules)
      order.push_back(name);
    std::sort(order.begin(), order.end(), natural_less);
    std::map<int, std::map<std::string, size_t>> layers; // the same of the network
    for (size_t p = 0; p < program_.parameters.size(); ++p)
      layers[program_.parameters[p].layer][last_of(program_.parameters[p].name)] = p;
    std::set<std::string> taken;
    for (const auto& [layer, wanted] : layers) {
      const auto free = [&](const auto& each) { return source_of_[each.second] < 0; };
      if (!std::all_of(wanted.begin(), wanted.end(), free))
        continue;
      for (const std::string& name : order) {
        const auto& tensors = modules[name];
        const bool same = taken.count(name) == 0 && tensors.size() == wanted.size() &&
                          std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
                            const auto found = tensors.find(each.first);
                            return found != tensors.end() &&
                                   fits(file_.tensors[found->second], program_.parameters[each.second].shape);
                          });
        if (!same)
          continue;
        for (const auto& [last, p] : wanted)
          take(tensors.at(last), p, "by order");
        taken.insert(name);
        break;
      }
    }
  }

  static std::string numbers(const Tensor& tensor) {
    return tensor.values.size() == 1 ? fmt::format(" = {:g}", tensor.values[0]) : "";
  }

  void report() const {
    size_t taken = 0, over = 0;
    std::vector<std::string> missing;
    runtime::Safetensors out;
    for (size_t p = 0; p < program_.parameters.size(); ++p) {
      const sema::Parameter& parameter = program_.parameters[p];
      if (source_of_[p] < 0) {
        missing.push_back(parameter.name);
        continue;
      }
      const Tensor& tensor = file_.tensors[static_cast<size_t>(source_of_[p])];
      put("taken      {} {}{}{}\n", parameter.name, runtime::shape_text(parameter.shape),
          tensor.name == parameter.name ? "" : " from " + printable(tensor.name, 200),
          how_[p].empty() ? "" : ", " + how_[p]);
      out.tensors.push_back({parameter.name, parameter.shape, tensor.values});
      ++taken;
    }
    for (const std::string& name : missing)
      put("missing    {} {}{}\n", name, runtime::shape_text(program_.parameters[parameter_.at(name)].shape),
          why_missing(name));
    for (size_t t = 0; t < names_.size(); ++t)
      if (!used_[t]) {
        const bool known = left_out_[t] || counter(names_[t]);
        put("{}  {} {}{}\n", known ? "left out " : "left over", printable(file_.tensors[t].name, 200),
            runtime::shape_text(file_.tensors[t].shape), numbers(file_.tensors[t]));
        over += known ? 0 : 1;
      }
    if (!missing.empty())
      throw Failure(
          Exit::mismatch,
          fmt::format("{} of {}'s {} parameters have no tensor in {}: nothing is written{}", missing.size(),
                      program_.name, program_.parameters.size(), path_,
                      map_.by_order ? "" : "; --map gives tensors other names, --by-order matches what is left"));
    std::vector<runtime::ExpectedTensor> expected;
    for (const sema::Parameter& p : program_.parameters)
      expected.push_back({p.name, p.shape, p.role == sema::Role::running_variance});
    runtime::check_weights(out, expected, path_);
    out.metadata = {{"format", "pt"}, {"source_hash", program_.source_hash}};
    runtime::write_weights(options_.output, out);
    put("{} parameters taken{}: {}\n", taken, over == 0 ? "" : fmt::format(", {} tensors left over", over),
        options_.output);
  }

  // A tensor of that name that does not fit.
  std::string why_missing(const std::string& name) const {
    for (size_t t = 0; t < names_.size(); ++t)
      if (!used_[t] && names_[t] == name)
        return fmt::format(": {} is {} {}", printable(file_.tensors[t].name, 200), file_.tensors[t].dtype,
                           runtime::shape_text(file_.tensors[t].shape));
    return "";
  }

  const build::Options& options_;
  const std::string& path_;
  const sema::Program program_;
  runtime::Safetensors file_;
  NameMap map_;
  std::map<std::string, size_t> parameter_; // by name
  std::vector<std::string> names_;          // of the file's tensors, as they are by now
  std::vector<int> source_of_;              // of a parameter: the tensor; -1: none
  std::vector<std::string> how_;            // it was found, of a parameter
  std::vector<bool> used_, left_out_;       // of a tensor
};

} // namespace

void import_weights(const build::Options& options, const Request& request) {
  try {
    Import(options, request).run();
  } catch (const runtime::Failure& failure) {
    throw Failure(static_cast<Exit>(failure.exit), failure.what());
  }
}

} // namespace rvb::importing
