// What the language brings along, in the manual's words: for hover and completion.
#pragma once

#include <string>
#include <vector>

namespace rvb::lsp {

const std::vector<std::string>& keywords(); // of syntax/lexer.l
std::vector<std::string> layer_names();     // that programs may call
std::vector<std::string> function_names();
std::vector<std::string> library_names(); // that `import` takes without quotes

// The manual's heading of a layer, `conv2d(channels, kernel = 3, …)`; "" where it has none.
std::string signature(const std::string& layer);
// The heading and what stands below it, up to the first empty line after text.
std::string manual_of(const std::string& layer);

} // namespace rvb::lsp
