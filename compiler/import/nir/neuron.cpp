#include "import/nir/neuron.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace rvb::importing::nir {

namespace {

// What tells definitions apart.
struct Form {
  bool leaks = true, current = false, spikes = true, real = false, subtracts = false;
};

const std::map<std::string, Form>& forms() {
  static const std::map<std::string, Form> all = {
      {"LIF", {}},
      {"IF", {false, false, true, false, false}},
      {"LI", {true, false, false, false, false}},
      {"I", {false, false, false, false, false}},
      {"CubaLIF", {true, true, true, false, false}},
      {"CubaLI", {true, true, false, false, false}},
      {"RvbLIF", {}}, // and what its own parts say
  };
  return all;
}

// The shortest number that `same` takes for this one.
double shortest(double value, const std::function<bool(double)>& same) {
  for (int digits = 1; digits <= 9; ++digits)
    if (const double shorter = std::stod(fmt::format("{:.{}g}", value, digits)); same(shorter))
      return shorter;
  return value;
}

class Reader {
public:
  Reader(const Graph& graph, const Node& node, double dt, double factor)
      : graph_(graph), node_(node), dt_(dt), factor_(factor), form_(forms().at(node.type)) {}

  Neuron read() {
    if (node_.type == "RvbLIF") {
      form_.real = word("spike") == "membrane";
      form_.subtracts = word("after") == "subtract";
      if ((word("spike") != "membrane" && word("spike") != "one") ||
          (word("after") != "subtract" && word("after") != "reset"))
        graph_.refuse(node_, "a spike or reset that this version does not know");
    }
    read_numbers();
    Neuron neuron;
    neuron.each = std::any_of(numbers_.begin(), numbers_.end(), [](const Number& n) { return n.values.size() > 1; });
    size_t most = 1;
    for (const Number& number : numbers_)
      most = std::max(most, number.values.size());
    if (neuron.each)
      for (Number& number : numbers_)
        if (number.values.size() == 1)
          number.values.resize(most, number.values[0]);
    neuron.name = std::string(form_.real        ? "Reverb"
                              : form_.subtracts ? "SoftLIF"
                                                : node_.type) +
                  (form_.real && form_.subtracts ? "Soft" : "") + (neuron.each ? "Each" : "");
    neuron.definition = definition(neuron);
    neuron.numbers = std::move(numbers_);
    return neuron;
  }

private:
  std::string word(const std::string& part) const {
    const Entry& entry = graph_.part(node_, part);
    return entry.texts.size() == 1 ? entry.texts[0] : "";
  }

  // One number, or one a channel: the first dimension.
  std::vector<double> values(const std::string& part, double otherwise = NAN) const {
    const Entry* entry = node_.find(part);
    if (entry == nullptr && !std::isnan(otherwise))
      return {otherwise};
    const Entry& there = graph_.part(node_, part);
    const std::vector<double>& all = there.numbers;
    if (all.empty() || !std::all_of(all.begin(), all.end(), [](double x) { return std::isfinite(x); }))
      graph_.refuse(node_, "`" + part + "` holds no numbers, or some that are not finite");
    if (std::all_of(all.begin(), all.end(), [&](double x) { return x == all[0]; }))
      return {all[0]};
    const auto channels = static_cast<size_t>(there.shape[0]);
    const size_t inner = all.size() / channels;
    std::vector<double> result;
    for (size_t c = 0; c < channels; ++c) {
      result.push_back(all[c * inner]);
      for (size_t i = 1; i < inner; ++i)
        if (all[c * inner + i] != all[c * inner])
          graph_.refuse(node_, "`" + part +
                                   "` differs within a channel; numbers of a neuron are one a layer or one a channel");
    }
    return result;
  }

  void add(const std::string& name, size_t count, const std::function<double(size_t)>& of) {
    Number number{name, {}};
    for (size_t i = 0; i < count; ++i)
      number.values.push_back(static_cast<float>(of(i)));
    numbers_.push_back(std::move(number));
  }

  // 1 - dt / tau, as it was before tau was rounded.
  std::vector<double> kept(const std::string& part) const {
    std::vector<double> result;
    for (const double tau : values(part)) {
      if (!(tau >= dt_))
        graph_.refuse(node_, fmt::format("`{}` is {:g}, shorter than a step of {:g} (--dt)", part, tau, dt_));
      result.push_back(shortest(1 - dt_ / tau, [&](double leak) {
        return leak < 1 && static_cast<float>(dt_ / (1 - leak)) == static_cast<float>(tau);
      }));
    }
    return result;
  }

  void read_numbers() {
    const auto at = [](const std::vector<double>& all, size_t i) { return all[all.size() == 1 ? 0 : i]; };
    // share * number, the number being what a rounded one stands for.
    const auto scaled = [&](const std::vector<double>& shares, const std::vector<double>& all) {
      std::vector<double> result(std::max(shares.size(), all.size()));
      for (size_t i = 0; i < result.size(); ++i)
        result[i] = shortest(at(shares, i) * at(all, i), [&](double product) {
          return static_cast<float>(product / at(shares, i)) == static_cast<float>(at(all, i));
        });
      return result;
    };
    const auto put = [&](const std::string& name, const std::vector<double>& all) {
      add(name, all.size(), [&](size_t i) { return all[i]; });
    };
    const auto rest_of = [](std::vector<double> all) {
      for (double& each : all)
        each = 1 - each;
      return all;
    };
    std::vector<double> share = {dt_};
    if (form_.current) {
      const std::vector<double> decay = kept("tau_syn");
      std::vector<double> weight = scaled(rest_of(decay), values("w_in", 1));
      for (double& each : weight)
        each *= factor_;
      put("decay", decay);
      put("inflow", weight);
    }
    if (form_.leaks) {
      const std::vector<double> leak = kept(form_.current ? "tau_mem" : "tau");
      put("leak", leak);
      share = rest_of(leak);
    }
    std::vector<double> gain = scaled(share, values("r"));
    if (!form_.current)
      for (double& each : gain)
        each *= factor_;
    put("gain", gain);
    if (form_.leaks)
      put("drive", scaled(share, values("v_leak")));
    if (!form_.spikes)
      return;
    std::vector<double> threshold = values("v_threshold");
    for (double& each : threshold) { // the least number above it: the language compares with >=
      float above = static_cast<float>(each);
      if (double{above} <= each)
        above = std::nextafter(above, INFINITY);
      each = shortest(above, [&](double x) { return static_cast<float>(x) == above; });
    }
    put("threshold", threshold);
    if (!form_.subtracts)
      put("reset", values("v_reset", 0));
  }

  std::string definition(const Neuron& neuron) const {
    std::string head, text;
    for (const Number& number : numbers_)
      head += number.name + ", ";
    const bool surrogate = form_.spikes && !form_.real;
    head = (neuron.each ? "" : head) + (surrogate ? "surrogate = rectangle, width = 1, " : "");
    head = head.empty() ? "" : "(" + head.substr(0, head.size() - 2) + ")";
    text = "neuron " + neuron.name + head + " {\n  state v = 0\n";
    if (form_.current)
      text += "  state i = 0\n";
    if (neuron.each)
      for (const Number& number : numbers_)
        text += fmt::format("  trained {} = {} over channel\n", number.name, number.name == "threshold" ? 1 : 0.5);
    if (form_.current)
      text += "  i = decay * i + inflow * input\n";
    text += fmt::format("  v = {}v + gain * {}{}\n", form_.leaks ? "leak * " : "", form_.current ? "i" : "input",
                        form_.leaks ? " + drive" : "");
    if (!form_.spikes)
      return text + "  emit v\n}\n";
    if (form_.real)
      return text + "  fires = v >= threshold\n  emit fires ? v : 0\n  v = fires ? " +
             (form_.subtracts ? "v - threshold" : "reset") + " : v\n}\n";
    return text + "  spike = step(v - threshold, surrogate = surrogate, width = width)\n  emit spike\n  v = " +
           (form_.subtracts ? "v - detach(spike) * threshold" : "detach(spike) * reset + (1 - detach(spike)) * v") +
           "\n}\n";
  }

  const Graph& graph_;
  const Node& node_;
  const double dt_, factor_;
  Form form_;
  std::vector<Number> numbers_;
};

} // namespace

bool is_neuron(const std::string& type) {
  return forms().count(type) != 0;
}

Neuron neuron_of(const Graph& graph, const Node& node, double dt, double factor) {
  return Reader(graph, node, dt, factor).read();
}

} // namespace rvb::importing::nir
