#include "support/text.h"

#include <algorithm>
#include <cctype>

namespace rvb {

size_t sequence_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const unsigned lead = byte(at);
  if (lead < 0x80)
    return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4)
    return 0;
  for (size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xC0) != 0x80)
      return 0;
  // Overlong forms, surrogates and code points beyond U+10FFFF.
  const unsigned second = byte(at + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

size_t first_invalid_byte(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = text[at] == '\0' ? 0 : sequence_length(text, at);
    if (length == 0)
      return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string printable(std::string_view text, size_t limit) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    if (at >= limit)
      return result + "...";
    const size_t length = sequence_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7F)
      result += '?';
    else
      result.append(text.substr(at, length));
    at += std::max<size_t>(length, 1);
  }
  return result;
}

std::string ticked(std::string_view text) {
  return "`" + printable(text, 60) + "`";
}

namespace {

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

} // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr size_t longest = 64; // longer words are not typing mistakes of each other, and the table stays small
  std::string best;
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  if (name.empty() || name.size() > longest)
    return best;
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > longest || candidate == name)
      continue;
    std::string other = candidate;
    std::transform(other.begin(), other.end(), other.begin(), [](unsigned char c) { return std::tolower(c); });
    const size_t d = distance(lower, other);
    if (d < best_distance && d < std::min(lower.size(), other.size())) {
      best = candidate;
      best_distance = d;
    }
  }
  if (!best.empty() || name.size() < 3)
    return best;
  // Words that are cut short, or that say more: `thresh`, `kernel_size`.
  for (const std::string& candidate : candidates)
    if ((candidate.size() > name.size() && candidate.compare(0, name.size(), name) == 0) ||
        (candidate.size() >= 3 && name.compare(0, candidate.size() + 1, candidate + "_") == 0))
      if (best.empty() || candidate.size() < best.size())
        best = candidate;
  return best;
}

} // namespace rvb
