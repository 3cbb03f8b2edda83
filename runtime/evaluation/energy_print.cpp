// The counts of energy.h as tables for people and as JSON.
#include "evaluation/energy.h"

#include "base/number_text.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

bool multiplies(const ObservedSynapses& layer, const SynapseCount& count) {
  return !layer.binary && count.graded;
}

// What must be said with the figures.
std::vector<std::string> caveats(const Manifest& manifest) {
  std::vector<std::string> list = {"77 fJ is what a binary spike costs on one analogue chip; a 32-bit addition takes "
                                   "0.9 pJ (45 nm), 12 times as much",
                                   "the paper's model leaves out the multiplications of leak and scale, and none of "
                                   "the models counts memory traffic",
                                   "rate x dense counts the taps of padding and weights of 0, exact operations do not"};
  std::string real;
  for (const ObservedSynapses& layer : manifest.synapses)
    if (!layer.binary && !layer.first)
      real += (real.empty() ? "`" : ", `") + layer.path + "`";
  if (!real.empty())
    list.push_back("the paper's model prices every layer after the first neurons as additions, also " + real +
                   ", whose weights are real: under real spikes they multiply, as the other models count them");
  if (manifest.deployed)
    for (const ObservedSynapses& layer : manifest.synapses)
      if (layer.ternary_threshold >= 0) {
        list.push_back("ternary weights of 0 are counted here: they are packed inside the program; the trained one "
                       "tells them apart");
        break;
      }
  if (manifest.sequence)
    list.push_back(
        "as in the papers, the layer that reads the input is counted densely, also where the input is sparse events");
  int64_t once = 0, all = 0;
  for (const ordered_json& layer : manifest.json.value("layers", ordered_json::array()))
    if (layer.contains("computed_steps"))
      (layer["computed_steps"] == 1 ? once : all) += 1;
  if (manifest.steps > 1 && once > 0)
    list.push_back(
        fmt::format("the counts are those of all {} steps; this program proves the steps of {} layers alike and "
                    "computes one ({} layers run all)",
                    manifest.steps, once, all));
  return list;
}

struct Priced {
  const EnergyModel& model;
  double energy, exact; // microjoules; the paper's model has two readings of an operation
};

std::vector<Priced> priced(const EnergyTotals& t) {
  std::vector<Priced> list;
  for (int i = 0; i < energy_model_count; ++i) {
    const EnergyModel& model = energy_models[i];
    if (i == 0)
      list.push_back({model, model.energy(t.flops, t.rate_operations), model.energy(t.flops, t.operations)});
    else
      list.push_back({model, model.energy(t.macs, t.acs, t.multiplications), 0});
  }
  return list;
}

class Table {
public:
  explicit Table(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text(size_t left) const { // the first `left` columns are words
    std::vector<size_t> widths(rows_[0].size(), 0);
    for (const auto& row : rows_)
      for (size_t c = 0; c < row.size(); ++c)
        widths[c] = std::max(widths[c], row[c].size());
    std::string text;
    for (const auto& row : rows_)
      for (size_t c = 0; c < row.size(); ++c) {
        std::string pad(widths[c] - row[c].size(), ' ');
        text += (c < left ? row[c] + pad : pad + row[c]) + (c + 1 == row.size() ? "\n" : "  ");
      }
    return text;
  }

private:
  std::vector<std::vector<std::string>> rows_;
};

std::string percent(double part) {
  return fmt::format("{:.2f} %", 100 * part);
}

int64_t weight_bytes(const Manifest& manifest) {
  if (manifest.json.contains("deployment"))
    return manifest.json["deployment"].value("weight_bytes", int64_t{0});
  int64_t bytes = 0;
  for (const Parameter& p : manifest.parameters)
    bytes += 4 * p.elements;
  return bytes;
}

int64_t state_bytes(const Manifest& manifest) {
  int64_t bytes = 0;
  for (const ObservedNeuron& neuron : manifest.neurons)
    bytes += 4 * neuron.states * neuron.elements();
  return bytes;
}

} // namespace

std::string energy_text(const Manifest& manifest, const EnergyCounter& counter) {
  EnergyTotals t = totals(manifest, counter);
  double n = static_cast<double>(std::max<int64_t>(1, counter.samples())), steps = static_cast<double>(manifest.steps);
  std::string text = fmt::format("\noperations and energy of one sample, all T = {} steps (mean over {} samples)\n\n",
                                 manifest.steps, counter.samples());
  Table synapses({"synapses", "weights", "operation", "dense", "input rate", "rate x dense", "exact", "bytes"});
  for (size_t i = 0; i < manifest.synapses.size(); ++i) {
    const ObservedSynapses& layer = manifest.synapses[i];
    const SynapseCount& count = counter.synapses()[i];
    double dense = static_cast<double>(layer.dense) * steps, rate = ratio(count.events, count.values);
    synapses.add({layer.path, layer.weights_kind(), multiplies(layer, count) ? "multiply-add" : "add",
                  with_spaces(dense), percent(rate), with_spaces(rate * dense),
                  with_spaces(static_cast<double>(count.operations) / n),
                  with_spaces(static_cast<double>(layer.bytes))});
  }
  synapses.add({"in all", "", "", with_spaces(t.dense), "", with_spaces(t.flops + t.rate_operations),
                with_spaces(t.macs + t.acs), ""});
  text += synapses.text(3) + "\n";
  Table neurons({"neurons", "definition", "updates", "spikes", "firing rate", "mean spike", "largest", "state bytes"});
  for (size_t i = 0; i < manifest.neurons.size(); ++i) {
    const ObservedNeuron& neuron = manifest.neurons[i];
    const NeuronCount& count = counter.neurons()[i];
    neurons.add({neuron.path, neuron.neuron, with_spaces(static_cast<double>(neuron.elements()) * steps),
                 with_spaces(static_cast<double>(count.spikes) / n), percent(ratio(count.spikes, count.updates)),
                 fmt::format("{:.4g}", count.spikes == 0 ? 0 : count.sum / static_cast<double>(count.spikes)),
                 fmt::format("{:.4g}", count.largest),
                 with_spaces(static_cast<double>(4 * neuron.states * neuron.elements()))});
  }
  neurons.add({"in all", "", with_spaces(t.updates), with_spaces(t.spikes),
               percent(t.updates == 0 ? 0 : t.spikes / t.updates), "", "",
               with_spaces(static_cast<double>(state_bytes(manifest)))});
  text += neurons.text(2);
  text += fmt::format(
      "\nmultiplications left when deployed: {} in synapses (real weights under graded events), {} in neurons "
      "(leak, scale)\nweights: {} bytes in this program\n\nenergy\n",
      with_spaces(t.macs), with_spaces(t.multiplications), with_spaces(static_cast<double>(weight_bytes(manifest))));
  for (const Priced& p : priced(t)) {
    std::string exact = p.exact > 0 ? fmt::format(" ({:.4g} uJ with exact operations)", p.exact) : "";
    text += fmt::format("  {:<10} {:>10.4g} uJ{}\n  {:<10} {}; {}\n", p.model.name, p.energy, exact, "", p.model.title,
                        p.model.source);
  }
  text += "to be read with\n";
  for (const std::string& caveat : caveats(manifest))
    text += "  * " + caveat + "\n";
  return text;
}

ordered_json energy_json(const Network& network, const EnergyCounter& counter) {
  const Manifest& manifest = network.manifest;
  EnergyTotals t = totals(manifest, counter);
  double n = static_cast<double>(std::max<int64_t>(1, counter.samples())), steps = static_cast<double>(manifest.steps);
  ordered_json synapses = ordered_json::array(), neurons = ordered_json::array();
  for (size_t i = 0; i < manifest.synapses.size(); ++i) {
    const ObservedSynapses& layer = manifest.synapses[i];
    const SynapseCount& count = counter.synapses()[i];
    double dense = static_cast<double>(layer.dense) * steps, rate = ratio(count.events, count.values);
    synapses.push_back({{"layer", layer.path},
                        {"kind", layer.kind},
                        {"binary", layer.binary},
                        {"weights_kind", layer.weights_kind()},
                        {"input", layer.input_text()},
                        {"operation", multiplies(layer, count) ? "mac" : "ac"},
                        {"dense", dense},
                        {"dense_without_padding", static_cast<double>(count.possible) / n},
                        {"events", static_cast<double>(count.events) / n},
                        {"rate", rate},
                        {"rate_operations", rate * dense},
                        {"operations", static_cast<double>(count.operations) / n},
                        {"scale_multiplications", static_cast<double>(layer.scales) * steps},
                        {"weights", layer.weights},
                        {"deployed_bytes", layer.bytes}});
  }
  for (size_t i = 0; i < manifest.neurons.size(); ++i) {
    const ObservedNeuron& neuron = manifest.neurons[i];
    const NeuronCount& count = counter.neurons()[i];
    neurons.push_back({{"layer", neuron.path},
                       {"neuron", neuron.neuron},
                       {"updates", static_cast<double>(neuron.elements()) * steps},
                       {"spikes", static_cast<double>(count.spikes) / n},
                       {"rate", ratio(count.spikes, count.updates)},
                       {"mean_spike", count.spikes == 0 ? 0 : count.sum / static_cast<double>(count.spikes)},
                       {"largest_spike", count.largest},
                       {"multiplications", static_cast<double>(neuron.elements() * neuron.multiplications) * steps},
                       {"state_bytes", 4 * neuron.states * neuron.elements()}});
  }
  ordered_json models = ordered_json::array();
  for (const Priced& p : priced(t)) {
    models.push_back({{"name", p.model.name},
                      {"mac_pj", p.model.mac},
                      {"ac_pj", p.model.ac},
                      {"multiply_pj", p.model.multiply},
                      {"source", p.model.source},
                      {"energy_uj", p.energy}});
    if (p.exact > 0)
      models.back()["exact_uj"] = p.exact;
  }
  ordered_json sparsity; // null where the weights are out of reach
  if (counter.connection_sparsity() >= 0)
    sparsity = counter.connection_sparsity();
  return {
      {"schema", "rvb.energy/1"},
      {"samples", counter.samples()},
      {"steps", manifest.steps},
      {"synapses", std::move(synapses)},
      {"neurons", std::move(neurons)},
      {"total",
       {{"flops", t.flops},
        {"rate_operations", t.rate_operations},
        {"operations", t.operations},
        {"dense", t.dense},
        {"neuron_updates", t.updates},
        {"spikes", t.spikes},
        {"synaptic_multiplications", t.macs},
        {"neuron_multiplications", t.multiplications},
        {"weight_bytes", weight_bytes(manifest)},
        {"state_bytes", state_bytes(manifest)}}},
      {"models", std::move(models)},
      {"caveats", caveats(manifest)},
      {"neurobench",
       {{"footprint", weight_bytes(manifest)},
        {"connection_sparsity", sparsity},
        {"activation_sparsity", t.updates == 0 ? 0 : 1 - t.spikes / t.updates},
        {"synaptic_operations", {{"Effective_MACs", t.macs}, {"Effective_ACs", t.acs}, {"Dense", t.dense_exact}}}}}};
}

} // namespace rvb::runtime
