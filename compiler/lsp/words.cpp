#include "lsp/words.h"

#include "host/paths.h"
#include "layers/layer.h"
#include "sema/builtins.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace rvb::lsp {

extern const char* const manual_text; // LANGUAGE.md, embedded by manual.cmake

namespace {

// "### avgpool(kernel, …) · maxpool(kernel, …)", "### a + b · add(a, b)": one of several may be meant.
std::string heading_part(std::string_view heading, const std::string& name) {
  for (size_t begin = 0; begin < heading.size();) {
    const std::string_view dot = " · ";
    const size_t end = std::min(heading.size(), heading.find(dot, begin));
    const std::string_view part = heading.substr(begin, end - begin);
    const std::string_view first = part.substr(0, part.find_first_of("( "));
    if (first == name)
      return std::string(part);
    begin = end + dot.size();
  }
  return "";
}

// Where the section of a layer begins; npos where there is none.
size_t section_of(const std::string& layer, std::string& part) {
  const std::string_view manual = manual_text;
  for (size_t at = 0; (at = manual.find("\n### ", at)) != std::string_view::npos;) {
    at += 5;
    const size_t end = std::min(manual.size(), manual.find('\n', at));
    part = heading_part(manual.substr(at, end - at), layer);
    if (!part.empty())
      return at;
  }
  return std::string_view::npos;
}

} // namespace

const std::vector<std::string>& keywords() {
  static const std::vector<std::string> table = {
      "import",   "param", "let",    "block", "function", "cell",    "neuron",   "network", "recipe",
      "repeated", "over",  "return", "emit",  "state",    "trained", "gradient", "if",      "else",
      "repeat",   "in",    "as",     "and",   "or",       "not",     "true",     "false"};
  return table;
}

std::vector<std::string> layer_names() {
  std::vector<std::string> names;
  for (const layers::Row* row : layers::table())
    if (row->called)
      names.emplace_back(row->name);
  return names;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto* table : {&sema::function_table(), &sema::neuron_function_table()})
    for (const sema::FunctionInfo& each : *table)
      names.push_back(each.name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  for (const char* folder : {"", "networks", "methods"}) {
    std::error_code error; // then there are none
    for (std::filesystem::directory_iterator it(std::filesystem::path(stdlib_folder()) / folder, error), end;
         !error && it != end; it.increment(error))
      if (it->path().extension() == ".rvb")
        names.push_back(it->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string signature(const std::string& layer) {
  std::string part;
  return section_of(layer, part) == std::string::npos ? "" : part;
}

std::string manual_of(const std::string& layer) {
  std::string part;
  const size_t at = section_of(layer, part);
  if (at == std::string::npos)
    return "";
  const std::string_view manual = manual_text;
  const size_t line = manual.find('\n', at), begin = manual.find_first_not_of('\n', line);
  const size_t end = std::min(manual.find("\n\n", begin), manual.size());
  return "```\n" + part + "\n```\n" + std::string(manual.substr(begin, end - begin)) + "\n";
}

} // namespace rvb::lsp
