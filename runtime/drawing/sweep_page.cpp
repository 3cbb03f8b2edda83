// Tables and the page of a sweep.
#include "drawing/charts.h"
#include "drawing/page.h"
#include "drawing/sweep.h"

#include <cmath>
#include <fmt/format.h>
#include <map>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

const char* const colors[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf"};

// An accuracy or, of a regression, an error.
std::string quality(double value, bool error) {
  return error ? fmt::format("{:.4g}", value) : fmt::format("{:.2f} %", 100 * value);
}

std::string reached(const ordered_json& line, const std::string& part) {
  for (const bool error : {false, true})
    if (const auto at = line.find(part + (error ? "_error" : "_accuracy")); at != line.end())
      return quality(at->get<double>(), error);
  return "";
}

using Table = std::vector<std::vector<std::string>>;

Table table_of(const std::vector<SweepRun>& runs) {
  Table table(1);
  for (const auto& [name, value] : runs.front().settings)
    table[0].push_back(name);
  for (const char* head : {"epochs", "best", "at epoch", "last", "train", "loss", ""})
    table[0].emplace_back(head);
  for (const SweepRun& run : runs) {
    std::vector<std::string> row;
    for (const auto& [name, value] : run.settings)
      row.push_back(value);
    if (run.epochs.empty()) {
      row.insert(row.end(), {"0", "", "", "", "", ""});
    } else {
      const ordered_json& last = run.epochs.back();
      row.insert(row.end(),
                 {last["epoch"].dump(), reached(last, "best"), last["best_epoch"].dump(), reached(last, "test"),
                  reached(last, "train"), fmt::format("{:.4g}", last["train_loss"].get<double>())});
    }
    row.push_back(run.exit == 0 ? "" : run.exit < 0 ? "not run" : fmt::format("exit {}", run.exit));
    table.push_back(std::move(row));
  }
  return table;
}

Table table_of(const std::vector<SweepGroup>& groups) {
  Table table = {{"over seeds", "runs", "mean of best", "deviation"}};
  for (const SweepGroup& each : groups)
    table.push_back({each.name, std::to_string(each.runs), quality(each.mean, each.error),
                     each.runs > 1 ? quality(each.deviation, each.error) : ""});
  return table;
}

std::string text_of(const Table& table) {
  std::vector<size_t> widths(table[0].size());
  for (const auto& row : table)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += fmt::format("{}{:>{}}", i == 0 ? "" : "  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string html_of(const Table& table) {
  std::string text = "<div class=\"scroll\"><table>\n";
  for (const auto& row : table) {
    const char* tag = &row == table.data() ? "th" : "td";
    text += "<tr>";
    for (const std::string& cell : row)
      text += fmt::format("<{}>{}</{}>", tag, escaped(cell), tag);
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

} // namespace

std::string SweepRun::name() const {
  std::string text;
  for (const auto& [setting, value] : settings)
    text += (text.empty() ? "" : ",") + setting + "=" + value;
  return text;
}

bool SweepRun::of_numbers() const {
  return !epochs.empty() && epochs.back().contains("best_error");
}

double SweepRun::best() const {
  return epochs.empty() ? -1 : epochs.back().value(of_numbers() ? "best_error" : "best_accuracy", -1.0);
}

std::vector<SweepGroup> groups_of(const std::vector<SweepRun>& runs) {
  std::vector<std::pair<std::string, std::vector<double>>> found;
  for (const SweepRun& run : runs) {
    if (run.exit != 0 || run.best() < 0)
      continue;
    SweepRun others = run;
    others.settings.clear();
    for (const auto& each : run.settings)
      if (each.first != "seed")
        others.settings.push_back(each);
    const std::string name = others.name();
    auto at = std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.first == name; });
    if (at == found.end())
      at = found.insert(found.end(), {name, {}});
    at->second.push_back(run.best());
  }
  std::vector<SweepGroup> groups;
  for (const auto& [name, values] : found) {
    SweepGroup group{name.empty() ? "all" : name, static_cast<int64_t>(values.size()), 0, 0, runs.front().of_numbers()};
    for (double value : values)
      group.mean += value / static_cast<double>(values.size());
    for (double value : values)
      group.deviation += (value - group.mean) * (value - group.mean);
    group.deviation = values.size() > 1 ? std::sqrt(group.deviation / static_cast<double>(values.size() - 1)) : 0;
    groups.push_back(group);
  }
  return groups;
}

ordered_json sweep_json(const std::string& network, const std::vector<std::string>& passed,
                        const std::vector<SweepRun>& runs) {
  ordered_json json = {
      {"schema", "rvb.sweep/1"}, {"name", network}, {"train", passed}, {"runs", ordered_json::array()}};
  for (const SweepRun& run : runs) {
    ordered_json row = {{"settings", ordered_json::object()}, {"run_dir", run.folder}, {"exit", run.exit}};
    for (const auto& [name, value] : run.settings)
      row["settings"][name] = value;
    if (!run.epochs.empty())
      row["last"] = run.epochs.back();
    json["runs"].push_back(std::move(row));
  }
  json["groups"] = ordered_json::array();
  for (const SweepGroup& each : groups_of(runs))
    json["groups"].push_back(
        {{"settings", each.name}, {"runs", each.runs}, {"mean", each.mean}, {"deviation", each.deviation}});
  return json;
}

std::string sweep_text(const std::vector<SweepRun>& runs) {
  const std::vector<SweepGroup> groups = groups_of(runs);
  return text_of(table_of(runs)) +
         (groups.size() < runs.size() && !groups.empty() ? "\n" + text_of(table_of(groups)) : "");
}

std::string sweep_page(const std::string& network, const std::vector<std::string>& passed,
                       const std::vector<SweepRun>& runs) {
  std::string flags;
  for (const std::string& word : passed)
    flags += (flags.empty() ? "" : " ") + word;
  std::string body = "<h1>" + escaped(network) + "</h1>\n<p class=\"sub\">" +
                     escaped(fmt::format("{} training runs; train {}", runs.size(), flags)) + "</p>\n" +
                     html_of(table_of(runs));
  const std::vector<SweepGroup> groups = groups_of(runs);
  if (!groups.empty() && groups.size() < runs.size())
    body += "<h2>Over seeds</h2>\n" + html_of(table_of(groups));
  for (const auto& [key, title] : {std::pair("test_accuracy", "accuracy on the test set"),
                                   std::pair("test_error", "mean squared error on the test set"),
                                   std::pair("validation_error", "mean squared error on the validation set"),
                                   std::pair("train_loss", "training loss")}) {
    std::vector<Series> series;
    for (const SweepRun& run : runs) {
      Series line{run.name(), colors[series.size() % (sizeof colors / sizeof *colors)], {}};
      for (const ordered_json& epoch : run.epochs)
        if (epoch.contains(key))
          line.points.emplace_back(epoch["epoch"].get<double>(), epoch[key].get<double>());
      if (!line.points.empty())
        series.push_back(std::move(line));
    }
    if (!series.empty())
      body += line_chart("epoch", title, series, key == std::string("test_accuracy")).inline_text();
  }
  return html_page(network, body);
}

} // namespace rvb::runtime
