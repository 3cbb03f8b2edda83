// What an editor asks about a text; each gives the protocol's result, null where there is nothing to say.
#pragma once

#include "lsp/document.h"

#include <stdexcept>

namespace rvb::lsp {

// A request that cannot be done, in words for the user.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Json diagnostics_of(const Document& document);
Json hover(const Document& document, size_t offset);
Json completion(const Document& document, size_t offset);
Json definition(const Document& document, size_t offset);
Json prepare_rename(const Document& document, size_t offset);
Json rename(const Document& document, size_t offset, const std::string& name); // Refused
Json formatting(const Document& document);

} // namespace rvb::lsp
