#include "evaluation/profile.h"

#include "base/failure.h"
#include "base/json_text.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

using nlohmann::ordered_json;

const char* const bound_text =
    "The bound of a kernel is the longer of two times: its bytes (each input and output once) at the bandwidth "
    "measured "
    "for a set of that size, and its operations at the peaks measured in registers. An addition under a binary weight "
    "counts as a part of one where a table has the sums of several spikes; other operations are one an element, or one "
    "for each operation of a neuron. Additions of kernels that visit sparse spikes are not counted: nobody knows them "
    "before. Bounds of a layer are sums.";

void ProfileRow::add(const ProfileRow& row) {
  seconds += row.seconds;
  bytes += row.bytes;
  multiply_adds += row.multiply_adds;
  additions += row.additions;
  other += row.other;
  moving += row.moving;
  computing += row.computing;
}

std::vector<ProfileRow> Profile::layers() const {
  std::vector<ProfileRow> rows;
  for (const ProfileRow& kernel : kernels) {
    const std::string name = kernel.layer.empty() ? "(loss)" : kernel.layer;
    auto at = std::find_if(rows.begin(), rows.end(), [&](const ProfileRow& row) { return row.layer == name; });
    if (at == rows.end()) {
      rows.emplace_back();
      at = rows.end() - 1;
      at->layer = name;
    }
    at->add(kernel);
  }
  return rows;
}

ProfileRow Profile::total() const {
  ProfileRow sum;
  for (const ProfileRow& kernel : kernels)
    sum.add(kernel);
  return sum;
}

std::vector<ProfileRow> profile_rows(const Manifest& manifest, const std::string& function, int64_t batch,
                                     const MachineRates& machine) {
  const ordered_json profile = manifest.json.value("profile", ordered_json::object());
  if (!profile.contains(function))
    throw Failure(Exit::usage, "`" + manifest.name + "` was compiled without a profile of its function `" + function +
                                   "`: compile it again");
  std::vector<ProfileRow> rows;
  for (const ordered_json& each : profile[function]) {
    ProfileRow row;
    row.layer = each["layer"];
    row.kernel = each["kernel"];
    row.operation = each["operation"];
    row.times = each["times"];
    const double times = static_cast<double>(row.times), samples = static_cast<double>(batch);
    const double count = times * (each["batched"].get<bool>() ? samples : 1);
    const double once = each["bytes"][0].get<double>() + samples * each["bytes"][1].get<double>(); // one of the times
    row.bytes = times * once;
    row.multiply_adds = count * each["multiply_adds"].get<double>();
    row.additions = count * each["additions"].get<double>();
    row.other = count * each["other"].get<double>();
    const std::string element = each["element"];
    const double peak = element == "i16"   ? machine.additions_i16
                        : element == "i32" ? machine.additions_i32
                                           : machine.additions_f32;
    const double moving = row.bytes / machine.bandwidth_for(static_cast<int64_t>(once));
    const double computing = row.multiply_adds / machine.multiply_adds +
                             row.additions / each["synapses_an_addition"].get<double>() / peak +
                             row.other / machine.additions_f32;
    (moving > computing ? row.moving : row.computing) = std::max(moving, computing);
    rows.push_back(std::move(row));
  }
  return rows;
}

namespace {

ordered_json row_json(const ProfileRow& row, double whole) {
  return {{"layer", row.layer},
          {"ms", 1e3 * row.seconds},
          {"share", whole > 0 ? row.seconds / whole : 0},
          {"bytes", row.bytes},
          {"multiply_adds", row.multiply_adds},
          {"additions", row.additions},
          {"other_operations", row.other},
          {"bound_ms", 1e3 * row.bound()},
          {"of_bound", row.seconds > 0 ? row.bound() / row.seconds : 0},
          {"limit", row.limit()}};
}

std::string size_text(int64_t bytes) {
  return bytes < (1 << 20) ? fmt::format("{} KiB", bytes >> 10) : fmt::format("{} MiB", bytes >> 20);
}

} // namespace

ordered_json profile_json(const Manifest& m, const Profile& profile) {
  const MachineRates& machine = profile.machine;
  ordered_json json = {{"schema", "rvb.profile/1"},
                       {"name", m.name},
                       {"source_hash", m.source_hash},
                       {"target", m.target},
                       {"deployed", m.deployed},
                       {"what", profile.what},
                       {"T", m.steps},
                       {"batch", profile.batch},
                       {"threads", machine.threads},
                       {"runs", profile.runs},
                       {"whole_ms", 1e3 * profile.whole},
                       {"timed_ms", 1e3 * profile.timed}};
  if (profile.step >= 0)
    json["optimizer_ms"] = 1e3 * profile.step;
  ordered_json bandwidth = ordered_json::array();
  for (const MachineRates::Bandwidth& each : machine.bandwidth)
    bandwidth.push_back({{"bytes", each.bytes}, {"bytes_per_second", each.rate}});
  json["machine"] = {
      {"bandwidth", bandwidth},
      {"multiply_adds_per_second", machine.multiply_adds},
      {"additions_per_second",
       {{"f32", machine.additions_f32}, {"i32", machine.additions_i32}, {"i16", machine.additions_i16}}}};
  json["bound"] = bound_text;
  json["layers"] = ordered_json::array();
  for (const ProfileRow& row : profile.layers())
    json["layers"].push_back(row_json(row, profile.timed));
  json["kernels"] = ordered_json::array();
  for (const ProfileRow& row : profile.kernels) {
    json["kernels"].push_back(row_json(row, profile.timed));
    json["kernels"].back().update(
        ordered_json{{"kernel", row.kernel}, {"operation", row.operation}, {"times", row.times}});
  }
  json["total"] = row_json(profile.total(), profile.timed);
  json["total"].erase("layer");
  return json;
}

std::string machine_text(const MachineRates& machine) {
  std::string text = fmt::format("{} thread{}: ", machine.threads, machine.threads == 1 ? "" : "s");
  for (const MachineRates::Bandwidth& each : machine.bandwidth)
    text += fmt::format("{}{:.0f} GB/s of {}", &each == machine.bandwidth.data() ? "" : ", ", each.rate / 1e9,
                        size_text(each.bytes));
  return text +
         fmt::format("; a second {:.0f} G multiply-adds, {:.0f} G additions of f32, {:.0f} G of i32, {:.0f} G of "
                     "i16",
                     machine.multiply_adds / 1e9, machine.additions_f32 / 1e9, machine.additions_i32 / 1e9,
                     machine.additions_i16 / 1e9);
}

std::string profile_text(const Manifest& m, const Profile& profile) {
  std::string text = fmt::format("{}: {}, batch {}, T = {}, {}; medians of {} runs\n\n", m.name, profile.what,
                                 profile.batch, m.steps, m.target, profile.runs);
  const std::vector<ProfileRow> layers = profile.layers();
  size_t width = std::string("between kernels").size();
  for (const ProfileRow& row : layers)
    width = std::max(width, row.layer.size());
  text += fmt::format("{:<{}}  {:>9}  {:>6}  {:>9}  {:>10}  {:>9}  {:>8}  {}\n", "layer", width, "ms", "share", "MB",
                      "10^6 ops", "bound ms", "of bound", "limit");
  const auto line = [&](const std::string& name, const ProfileRow& row) {
    text += fmt::format("{:<{}}  {:>9.4f}  {:>4.0f} %  {:>9.3f}  {:>10.3f}  {:>9.4f}  {:>6.0f} %  {}\n", name, width,
                        1e3 * row.seconds, profile.timed > 0 ? 100 * row.seconds / profile.timed : 0, row.bytes / 1e6,
                        row.operations() / 1e6, 1e3 * row.bound(),
                        row.seconds > 0 ? 100 * row.bound() / row.seconds : 0, row.limit());
  };
  for (const ProfileRow& row : layers)
    line(row.layer, row);
  const ProfileRow total = profile.total();
  const auto part = [&](const char* name, double seconds) {
    text += fmt::format("{:<{}}  {:>9.4f}  {:>4.0f} %\n", name, width, 1e3 * seconds,
                        profile.timed > 0 ? 100 * seconds / profile.timed : 0);
  };
  part("between kernels", std::max(0.0, profile.timed - total.seconds - std::max(0.0, profile.step)));
  if (profile.step >= 0)
    part("optimizer", profile.step);
  line("all kernels", total);
  return text + fmt::format("\nwhole {:.4f} ms, with timers {:.4f} ms\n{}\n{}\n", 1e3 * profile.whole,
                            1e3 * profile.timed, machine_text(profile.machine), bound_text);
}

} // namespace rvb::runtime
