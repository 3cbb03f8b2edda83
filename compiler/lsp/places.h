// Where things stand: bytes of a text, and lines with UTF-16 columns as the protocol counts them; paths and URIs.
#pragma once

#include "support/diagnostics.h"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace rvb::lsp {

using Json = nlohmann::ordered_json;

Json position_at(std::string_view text, size_t offset);
size_t offset_at(std::string_view text, const Json& position); // of a place beyond its line or text: the end of that
Json range_at(std::string_view text, size_t begin, size_t end);

std::string path_of(const std::string& uri); // "" where it is no file's
std::string uri_of(const std::string& path);

// The name around a place; empty where there is none. `begin` is where it begins.
std::string word_at(std::string_view text, size_t offset, size_t& begin);

} // namespace rvb::lsp
