#include "support/diagnostics.h"

#include "support/text.h"

#include <algorithm>
#include <tuple>

namespace rvb {

namespace {
constexpr size_t most_diagnostics = 1000, most_advised = 100;
} // namespace

int Sources::add(std::string path, std::string text) {
  files_.push_back({std::move(path), std::move(text)});
  return size() - 1;
}

Sources::Position Sources::position(int file, uint32_t offset) const {
  const std::string& text = files_[file].text;
  const size_t end = std::min<size_t>(offset, text.size());
  const auto line = std::count(text.begin(), text.begin() + end, '\n') + 1;
  const size_t newline = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const size_t start = newline == std::string::npos ? 0 : newline + 1;
  return {static_cast<int>(line), static_cast<int>(end - start) + 1};
}

namespace {

// unexpected_token in the code is unexpected-token on the command line.
std::vector<std::string> kebab_names() {
  std::vector<std::string> names = {
#define RVB_DIAGNOSTIC(code, severity, name, title) #name,
#include "support/diagnostics.def"
#undef RVB_DIAGNOSTIC
  };
  for (std::string& name : names)
    std::replace(name.begin(), name.end(), '_', '-');
  return names;
}

std::vector<DiagnosticInfo> rows(const std::vector<std::string>& names) {
  std::vector<DiagnosticInfo> result;
#define RVB_DIAGNOSTIC(code, severity, name, title)                                                                    \
  result.push_back({code, Severity::severity, names[result.size()].c_str(), title});
#include "support/diagnostics.def"
#undef RVB_DIAGNOSTIC
  return result;
}

} // namespace

const std::vector<DiagnosticInfo>& all_diagnostics() {
  static const std::vector<std::string> names = kebab_names();
  static const std::vector<DiagnosticInfo> table = rows(names);
  return table;
}

const DiagnosticInfo& info(Code code) {
  for (const DiagnosticInfo& row : all_diagnostics())
    if (row.code == static_cast<int>(code))
      return row;
  return all_diagnostics().back();
}

Diagnostic& Diagnostic::label(Range range, std::string text) {
  secondary.push_back({range, std::move(text)});
  return *this;
}

Diagnostic& Diagnostic::note(std::string text) {
  if (!text.empty())
    notes.push_back(std::move(text));
  return *this;
}

Diagnostic& Diagnostic::help(std::string text) {
  if (!text.empty())
    helps.push_back(std::move(text));
  return *this;
}

void Diagnostics::take(const Diagnostics& found) {
  for (const Diagnostic& each : found.items_)
    report(each.code, each.primary.range, each.message, each.primary.text) = each;
  compared_ += found.compared_;
}

std::string Diagnostics::near(const std::string& name, const std::vector<std::string>& candidates) {
  if (items_.size() > most_advised)
    return "";
  compared_ += candidates.size();
  return nearest(name, candidates);
}

Diagnostic& Diagnostics::report(Code code, Range where, std::string message, std::string label) {
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.severity = info(code).severity;
  diagnostic.message = std::move(message);
  diagnostic.primary = {where, std::move(label)};
  if (items_.size() >= most_diagnostics)
    return dropped_ = std::move(diagnostic);
  items_.push_back(std::move(diagnostic));
  return items_.back();
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(), [](const Diagnostic& d) { return d.severity == Severity::error; });
}

void Diagnostics::sort() {
  const auto key = [](const Diagnostic& d) {
    return std::make_tuple(d.primary.range.file, d.primary.range.begin, d.primary.range.end, static_cast<int>(d.code));
  };
  std::stable_sort(items_.begin(), items_.end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
  const auto equal = [&](const Diagnostic& a, const Diagnostic& b) {
    return key(a) == key(b) && a.message == b.message;
  };
  items_.erase(std::unique(items_.begin(), items_.end(), equal), items_.end());
}

} // namespace rvb
