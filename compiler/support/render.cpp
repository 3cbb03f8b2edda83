#include "support/render.h"

#include "support/text.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rvb {

namespace {

constexpr size_t widest = 160; // bytes of a source line that are shown; generated files may have lines of megabytes

const char* word(Severity severity) {
  return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

struct Paint {
  bool on;
  std::string operator()(const char* code, const std::string& text) const {
    return on ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
  }
};

const char* hue(Severity severity) {
  return severity == Severity::error ? "1;31" : "1;33";
}

// A label cut to its first line.
struct Mark {
  int file, line;
  size_t begin, end; // bytes in the file
  bool primary;
  std::string text;
};

struct Line {
  size_t begin, end; // bytes in the file, without the line break
};

Line line_around(const std::string& text, size_t offset) {
  offset = std::min(offset, text.size());
  const size_t before = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  size_t end = text.find('\n', offset);
  if (end == std::string::npos)
    end = text.size();
  if (end > begin && text[end - 1] == '\r')
    --end;
  return {begin, std::max(begin, end)};
}

Mark mark_of(const Sources& sources, const Label& label, bool primary) {
  const Range& range = label.range;
  const Line line = line_around(sources[range.file].text, range.begin);
  const size_t begin = std::min<size_t>(range.begin, line.end);
  const size_t end = std::clamp<size_t>(range.end, begin, line.end);
  return {range.file, sources.position(range.file, range.begin).line, begin, end, primary, label.text};
}

// The visible form of bytes [begin, end): tabs are two spaces, what cannot be printed is '?'.
std::string visible(const std::string& text, size_t begin, size_t end) {
  std::string result;
  for (size_t at = begin; at < end;) {
    if (text[at] == '\t') {
      result += "  ";
      ++at;
      continue;
    }
    const size_t length = std::max<size_t>(1, sequence_length(text, at));
    result += printable(std::string_view(text).substr(at, std::min(length, end - at)), 8);
    at += length;
  }
  return result;
}

size_t columns(const std::string& shown) {
  return std::count_if(shown.begin(), shown.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

// One source line with an underline for each of its marks.
void show_line(std::string& out, const Sources& sources, const std::vector<Mark>& marks, size_t margin,
               const Paint& paint, Severity severity) {
  const std::string& text = sources[marks[0].file].text;
  const Line line = line_around(text, marks[0].begin);
  size_t begin = line.begin, end = line.end;
  if (end - begin > widest) {
    begin = std::max(begin, marks[0].begin > widest / 2 ? marks[0].begin - widest / 2 : 0);
    while (begin < marks[0].begin && (text[begin] & 0xC0) == 0x80)
      ++begin;
    end = std::min(end, begin + widest);
  }
  const std::string number = std::to_string(marks[0].line);
  out += paint("1;34", std::string(margin - number.size(), ' ') + number + " |") + " " +
         (begin > line.begin ? "..." : "") + visible(text, begin, end) + (end < line.end ? "..." : "") + "\n";
  for (const Mark& mark : marks) {
    if (mark.begin > end || mark.begin < begin)
      continue;
    const size_t indent = columns(visible(text, begin, mark.begin)) + (begin > line.begin ? 3 : 0);
    const size_t length = std::max<size_t>(1, columns(visible(text, mark.begin, std::min(mark.end, end))));
    std::string underline(length, mark.primary ? '^' : '-');
    if (!mark.text.empty())
      underline += " " + mark.text;
    out += paint("1;34", std::string(margin, ' ') + " |") + " " + std::string(indent, ' ') +
           paint(mark.primary ? hue(severity) : "1;34", underline) + "\n";
  }
}

void show_source(std::string& out, const Sources& sources, const Diagnostic& diagnostic, const Paint& paint) {
  std::vector<Mark> marks = {mark_of(sources, diagnostic.primary, true)};
  for (const Label& label : diagnostic.secondary)
    if (label.range.known())
      marks.push_back(mark_of(sources, label, false));
  const int main_file = marks[0].file;
  std::stable_sort(marks.begin(), marks.end(), [&](const Mark& a, const Mark& b) {
    return std::make_tuple(a.file != main_file, a.file, a.line) < std::make_tuple(b.file != main_file, b.file, b.line);
  });
  int last_line = 0;
  for (const Mark& mark : marks)
    last_line = std::max(last_line, mark.line);
  const size_t margin = std::max<size_t>(2, std::to_string(last_line).size());
  const std::string gutter(margin, ' ');
  for (size_t i = 0; i < marks.size();) {
    size_t j = i;
    while (j < marks.size() && marks[j].file == marks[i].file && marks[j].line == marks[i].line)
      ++j;
    const Label& primary = diagnostic.primary;
    if (i == 0 || marks[i].file != marks[i - 1].file) {
      const Sources::Position at =
          sources.position(marks[i].file, i == 0 ? primary.range.begin : static_cast<uint32_t>(marks[i].begin));
      out += paint("1;34", gutter + (i == 0 ? "-->" : ":::")) + " " + printable(sources[marks[i].file].path, 300) +
             ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + "\n";
      out += paint("1;34", gutter + " |") + "\n";
    } else if (marks[i].line > marks[i - 1].line + 1) {
      out += paint("1;34", std::string(margin - 2, ' ') + "...") + "\n";
    }
    show_line(out, sources, {marks.begin() + i, marks.begin() + j}, margin, paint, diagnostic.severity);
    i = j;
  }
  out += paint("1;34", gutter + " |") + "\n";
}

std::string as_text(const Sources& sources, const Diagnostic& diagnostic, const RenderOptions& options) {
  const Paint paint{options.color == Color::always};
  std::string out =
      paint(hue(diagnostic.severity), std::string(word(diagnostic.severity)) + "[" + code_text(diagnostic.code) + "]") +
      ": " + diagnostic.message + "\n";
  if (diagnostic.primary.range.known())
    show_source(out, sources, diagnostic, paint);
  for (const std::string& note : diagnostic.notes)
    out += paint("1", "note") + ": " + note + "\n";
  for (const std::string& help : diagnostic.helps)
    out += paint("1;32", "help") + ": " + help + "\n";
  return out + "      run `rvbc explain " + code_text(diagnostic.code) + "` for details\n";
}

std::string as_brief(const Sources& sources, const Diagnostic& diagnostic) {
  std::string out;
  if (diagnostic.primary.range.known()) {
    const auto [line, column] = sources.position(diagnostic.primary.range.file, diagnostic.primary.range.begin);
    out = printable(sources[diagnostic.primary.range.file].path, 300) + ":" + std::to_string(line) + ":" +
          std::to_string(column) + ": ";
  }
  return out + word(diagnostic.severity) + "[" + code_text(diagnostic.code) + "]: " + diagnostic.message + "\n";
}

nlohmann::ordered_json span_of(const Sources& sources, const Label& label, bool primary) {
  const Range& range = label.range;
  const auto begin = sources.position(range.file, range.begin), end = sources.position(range.file, range.end);
  nlohmann::ordered_json span;
  span["file_name"] = sources[range.file].path;
  span["byte_start"] = range.begin;
  span["byte_end"] = range.end;
  span["line_start"] = begin.line;
  span["line_end"] = end.line;
  span["column_start"] = begin.column;
  span["column_end"] = end.column;
  span["is_primary"] = primary;
  span["label"] = label.text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(label.text);
  span["suggested_replacement"] = nullptr;
  return span;
}

std::string as_json(const Sources& sources, const Diagnostic& diagnostic) {
  using json = nlohmann::ordered_json;
  json object;
  object["message"] = diagnostic.message;
  object["code"] = {{"code", code_text(diagnostic.code)}, {"explanation", info(diagnostic.code).title}};
  object["level"] = word(diagnostic.severity);
  object["spans"] = json::array();
  if (diagnostic.primary.range.known())
    object["spans"].push_back(span_of(sources, diagnostic.primary, true));
  for (const Label& label : diagnostic.secondary)
    if (label.range.known())
      object["spans"].push_back(span_of(sources, label, false));
  object["children"] = json::array();
  const auto child = [&](const char* level, const std::string& message) {
    object["children"].push_back({{"message", message},
                                  {"code", nullptr},
                                  {"level", level},
                                  {"spans", json::array()},
                                  {"children", json::array()},
                                  {"rendered", nullptr}});
  };
  for (const std::string& note : diagnostic.notes)
    child("note", note);
  for (const std::string& help : diagnostic.helps)
    child("help", help);
  object["rendered"] = as_text(sources, diagnostic, {});
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace

std::string code_text(Code code) {
  const std::string digits = std::to_string(static_cast<int>(code));
  return "RVB" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

std::string render(const Sources& sources, const Diagnostic& diagnostic, const RenderOptions& options) {
  switch (options.format) {
  case Format::brief: return as_brief(sources, diagnostic);
  case Format::json: return as_json(sources, diagnostic);
  case Format::text: break;
  }
  return as_text(sources, diagnostic, options);
}

std::string render(const Sources& sources, const Diagnostics& diagnostics, const RenderOptions& options) {
  std::string out;
  int errors = 0, hidden = 0;
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    if (diagnostic.severity == Severity::error && ++errors > options.most_errors) {
      ++hidden;
      continue;
    }
    if (!out.empty() && options.format == Format::text)
      out += "\n";
    out += render(sources, diagnostic, options);
  }
  if (hidden > 0 && options.format != Format::json)
    out += (options.format == Format::text ? "\n" : "") + std::to_string(hidden) + " more errors are not shown\n";
  return out;
}

} // namespace rvb
