#include "drawing/report.h"

#include "base/json_text.h"
#include "base/number_text.h"
#include "drawing/charts.h"
#include "drawing/page.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

std::string percent(double share) {
  return fmt::format("{:.2f} %", 100 * share);
}

std::string text_of(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

// The values of one key over the lines that have it.
std::vector<std::pair<double, double>> points(const std::vector<ordered_json>& lines, const char* at, const char* key,
                                              double scale = 1) {
  std::vector<std::pair<double, double>> result;
  for (const ordered_json& line : lines)
    if (line.contains(at) && line.contains(key) && line[at].is_number() && line[key].is_number())
      result.emplace_back(line[at].get<double>() * scale, line[key].get<double>());
  return result;
}

std::string inlined(Figures& figures, const std::string& name, const Svg& svg) {
  figures.emplace_back(name, svg);
  return svg.inline_text();
}

std::string figure(Figures& figures, const std::string& name, const std::string& title, const Svg& svg) {
  return "<div><h3>" + escaped(title) + "</h3>\n" + inlined(figures, name, svg) + "</div>\n";
}

std::string tiles(const Report& r) {
  std::string text = "<div class=\"tiles\">\n";
  if (r.scores != nullptr && r.scores->errors)
    text += tile(fmt::format("{:.4g}", r.scores->errors->squared()),
                 fmt::format("mean squared error on {} samples", with_spaces(static_cast<double>(r.scores->count))));
  else if (r.scores != nullptr)
    text += tile(percent(r.scores->accuracy()),
                 fmt::format("accuracy on {} samples", with_spaces(static_cast<double>(r.scores->count))));
  if (!r.epochs.empty()) {
    const ordered_json& last = r.epochs.back();
    text += tile(fmt::format("{}", last.value("epoch", 0)), "epochs");
    if (last.contains("best_accuracy") || last.contains("best_error"))
      text += tile(last.contains("best_error") ? fmt::format("{:.4g}", last["best_error"].get<double>())
                                               : percent(last["best_accuracy"].get<double>()),
                   fmt::format("best, in epoch {}{}", last.value("best_epoch", 0),
                               r.config.is_object() && r.config.contains("best_chosen_by")
                                   ? ", by " + text_of(r.config["best_chosen_by"])
                                   : ""));
  }
  int64_t parameters = 0, signs = 0;
  for (const Parameter& p : r.manifest->parameters) {
    parameters += p.trainable ? p.elements : 0;
    signs += p.binary ? p.elements : 0;
  }
  text += tile(with_spaces(static_cast<double>(parameters)),
               fmt::format("parameters, {:.0f} % of them {}",
                           parameters == 0 ? 0 : 100.0 * static_cast<double>(signs) / static_cast<double>(parameters),
                           r.manifest->packed_kind()));
  if (r.counter != nullptr) {
    EnergyTotals t = totals(*r.manifest, *r.counter);
    text += tile(percent(t.updates == 0 ? 0 : 1 - t.spikes / t.updates), "of the neurons' steps are silent");
    text += tile(fmt::format("{:.3g} µJ", energy_models[0].energy(t.flops, t.rate_operations)),
                 "an inference, the paper's model");
  }
  return text + "</div>\n";
}

std::string curves(const Report& r, Figures& figures) {
  double epoch_steps = 0; // steps an epoch, to put lines of steps on the axis of epochs
  for (const ordered_json& line : r.epochs)
    if (line.value("epoch", 0) > 0)
      epoch_steps = line.value("steps", 0.0) / line.value("epoch", 1.0);
  double scale = epoch_steps > 0 ? 1 / epoch_steps : 1;
  std::string text = "<h2>Training</h2>\n<div class=\"grid\">\n";
  const char* axis = epoch_steps > 0 || r.steps.empty() ? "epoch" : "step";
  const std::string loss = loss_name(r.manifest->recipe), cross_entropy = "cross entropy";
  const bool same = loss == cross_entropy;
  const auto named = [&](const char* part, const std::string& kind) {
    return same ? std::string(part) : fmt::format("{} ({})", part, kind);
  };
  text += figure(
      figures, "loss", "Loss",
      line_chart(
          axis, same ? cross_entropy : "loss",
          {{"training, groups of steps", "#b5d3ea",
            r.steps.size() < 5 ? std::vector<std::pair<double, double>>() : points(r.steps, "step", "loss", scale),
            false, false},
           {named("training", loss), line_colors[0], points(r.epochs, "epoch", "train_loss")},
           {named("validation", cross_entropy), line_colors[3], points(r.epochs, "epoch", "validation_loss")},
           {named("test", cross_entropy), line_colors[1], points(r.epochs, "epoch", "test_loss")}}));
  if (r.manifest->regression)
    text += figure(figures, "error", "Mean squared error",
                   line_chart("epoch", "mean squared error",
                              {{"validation", line_colors[3], points(r.epochs, "epoch", "validation_error")},
                               {"test", line_colors[1], points(r.epochs, "epoch", "test_error")},
                               {"best so far", line_colors[6], points(r.epochs, "epoch", "best_error"), true, false}}));
  else
    text +=
        figure(figures, "accuracy", "Accuracy",
               line_chart("epoch", "accuracy",
                          {{"training", line_colors[0], points(r.epochs, "epoch", "train_accuracy")},
                           {"validation", line_colors[3], points(r.epochs, "epoch", "validation_accuracy")},
                           {"test", line_colors[1], points(r.epochs, "epoch", "test_accuracy")},
                           {"best so far", line_colors[6], points(r.epochs, "epoch", "best_accuracy"), true, false}},
                          true, false));
  text += figure(
      figures, "flips", "Weight flips: changes of sign, share of all signs",
      line_chart("epoch", "flips", {{"all binary layers", line_colors[2], points(r.epochs, "epoch", "flips")}}, true));
  text += figure(figures, "rate", "Learning rate",
                 line_chart("epoch", "learning rate", {{"rate", line_colors[4], points(r.epochs, "epoch", "lr")}}));
  return text + "</div>\n";
}

// Of a regression: how far each number is from the data's.
std::string errors_table(const Report& r) {
  if (r.scores == nullptr)
    return "<h2>Errors</h2>\n<p>" + escaped(r.missing) + "</p>\n";
  const Errors& errors = *r.scores->errors;
  std::string table = "<table>" + table_row({"number", "mean squared error", "mean absolute error", "R²"}, "th");
  for (int64_t k = 0; k < errors.numbers(); ++k)
    table += table_row({std::to_string(k), fmt::format("{:.4g}", errors.squared(k)),
                        fmt::format("{:.4g}", errors.absolute(k)), fmt::format("{:.4f}", errors.explained(k))});
  return fmt::format("<h2>Errors</h2>\n<p>On {} samples, with <code>{}</code>.</p>\n{}</table>\n",
                     with_spaces(static_cast<double>(errors.count())), escaped(r.weights), table);
}

std::string decisions(const Report& r, Figures& figures) {
  if (r.manifest->regression)
    return errors_table(r);
  bool test = r.data.is_object() && r.data.value("part", "") == "test";
  std::string text = test ? "<h2>Decisions on the test set</h2>\n" : "<h2>Decisions</h2>\n";
  if (r.scores == nullptr)
    return text + "<p>" + escaped(r.missing) + "</p>\n";
  std::vector<std::string> names;
  for (int64_t k = 0; k < r.scores->classes; ++k)
    names.push_back(k < static_cast<int64_t>(r.class_names.size()) ? r.class_names[static_cast<size_t>(k)]
                                                                   : std::to_string(k));
  text += fmt::format("<p>{} of {} right ({}), cross entropy {:.4f}, with <code>{}</code>.</p>\n",
                      with_spaces(static_cast<double>(r.scores->correct)),
                      with_spaces(static_cast<double>(r.scores->count)), percent(r.scores->accuracy()),
                      r.scores->loss(), escaped(r.weights));
  return text + "<div class=\"scroll\">" + inlined(figures, "confusion", confusion_chart(r.scores->confusion, names)) +
         "</div>\n";
}

std::string activity(const Report& r, Figures& figures) {
  if (r.counter == nullptr)
    return "";
  std::string text = fmt::format(
      "<h2>Spikes</h2>\n<p>Counted on {} samples, all T = {} steps. Sparsity is what is left to 100 %.</p>\n",
      with_spaces(static_cast<double>(r.counter->samples())), r.manifest->steps);
  std::vector<Bar> bars;
  std::string table =
      "<table>" +
      table_row({"neurons", "shape", "updates", "spikes", "firing rate", "sparsity", "mean spike", "largest"}, "th");
  for (const ordered_json& n : r.energy["neurons"]) {
    double rate = n["rate"];
    bars.push_back({n["layer"], percent(rate), rate});
    std::string shape;
    for (const ObservedNeuron& neuron : r.manifest->neurons)
      if (neuron.path == n["layer"])
        shape = json_text(ordered_json(neuron.shape));
    table += table_row({n["layer"], shape, with_spaces(n["updates"]), with_spaces(n["spikes"]), percent(rate),
                        percent(1 - rate), fmt::format("{:.4g}", n["mean_spike"].get<double>()),
                        fmt::format("{:.4g}", n["largest_spike"].get<double>())});
  }
  return text + inlined(figures, "firing", bar_chart(bars, "firing rate: share of updates that emit a spike")) +
         "<div class=\"scroll\">" + table + "</table></div>\n";
}

std::string energy(const Report& r) {
  if (r.counter == nullptr)
    return "";
  std::string text =
      "<h2>Operations and energy of one sample</h2>\n<div class=\"scroll\"><table>" +
      table_row({"synapses", "weights", "operation", "dense", "input rate", "rate × dense", "exact", "bytes deployed"},
                "th");
  for (const ordered_json& s : r.energy["synapses"])
    text += table_row({s["layer"], s["weights_kind"], s["operation"] == "ac" ? "add" : "multiply-add",
                       with_spaces(s["dense"]), percent(s["rate"]), with_spaces(s["rate_operations"]),
                       with_spaces(s["operations"]), with_spaces(s["deployed_bytes"])});
  text += "</table></div>\n<table class=\"words\">" +
          table_row({"model", "energy", "exact operations", "constants", "source"}, "th");
  for (int i = 0; i < energy_model_count; ++i) {
    const ordered_json& m = r.energy["models"][static_cast<size_t>(i)];
    text += table_row({m["name"], fmt::format("{:.4g} µJ", m["energy_uj"].get<double>()),
                       m.contains("exact_uj") ? fmt::format("{:.4g} µJ", m["exact_uj"].get<double>()) : "",
                       energy_models[i].title, energy_models[i].source});
  }
  text += "</table>\n<p>To be read with:</p><ul>\n";
  for (const ordered_json& caveat : r.energy["caveats"])
    text += "<li>" + escaped(caveat) + "</li>\n";
  return text + "</ul>\n";
}

std::string pairs(const std::string& title, const ordered_json& object) {
  std::string text = "<div><h3>" + escaped(title) + "</h3><table class=\"pairs\">\n";
  for (const auto& [key, value] : object.items())
    if (!value.is_object() || value.contains("name")) // a choice with its options
      text += table_row({key, text_of(value)});
  return text + "</table></div>\n";
}

std::string origin(const Report& r) {
  std::string text = "<h2>Recipe, data, program</h2>\n<div class=\"grid\">\n";
  if (r.config.is_object() && r.config.contains("plan"))
    text += pairs("Recipe of this run", r.config["plan"]);
  else
    text += pairs("Recipe of the program", r.manifest->json.value("recipe", ordered_json::object()));
  if (r.config.is_object() && r.config.contains("data"))
    for (const auto& [part, data] : r.config["data"].items())
      if (data.is_object())
        text += pairs("Data: " + part, data);
  if (r.data.is_object() && !r.data.empty())
    text += pairs("Data of this page", r.data);
  ordered_json program = {{"name", r.manifest->name},
                          {"source hash", r.manifest->source_hash},
                          {"compiler", r.manifest->compiler},
                          {"target", r.manifest->target},
                          {"T", r.manifest->steps},
                          {"weights", r.weights},
                          {"run", r.run}};
  if (r.config.is_object()) {
    if (r.config.contains("source_hash") && r.config["source_hash"] != r.manifest->source_hash)
      program["source hash of the run"] = r.config["source_hash"];
    for (const char* key : {"threads", "initial_weights"})
      if (r.config.contains(key))
        program[key] = r.config[key];
  }
  text += pairs("Program", program);
  text += pairs("Parameters of the source", r.manifest->json.value("constants", ordered_json::object()));
  return text + "</div>\n";
}

} // namespace

std::string report_page(const Report& r, Figures& figures) {
  return html_page(
      r.manifest->name,
      "<h1>" + escaped(r.manifest->name) + "</h1>\n<p class=\"sub\">" +
          escaped(fmt::format("{} {}, T = {}, {} {}; run in {}", r.manifest->sequence ? "sequences of" : "images",
                              shape_text(r.manifest->input), r.manifest->steps, r.manifest->classes,
                              r.manifest->regression ? "numbers" : "classes", r.run)) +
          "</p>\n" + tiles(r) + curves(r, figures) + decisions(r, figures) + activity(r, figures) + energy(r) +
          origin(r));
}

} // namespace rvb::runtime
