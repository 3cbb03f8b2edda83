// Pages as HTML that load nothing from anywhere.
#pragma once

#include <string>
#include <vector>

namespace rvb::runtime {

// A whole page around `body`, with styles for its tables and drawings.
std::string html_page(const std::string& title, const std::string& body);
std::string tile(const std::string& value, const std::string& what); // a number with its caption, for class="tiles"
std::string table_row(const std::vector<std::string>& cells, const char* tag = "td");

} // namespace rvb::runtime
