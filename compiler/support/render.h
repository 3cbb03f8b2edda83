// How diagnostics look: text with carets, one line each, or one JSON object a line (rustc's field names).
#pragma once

#include "support/diagnostics.h"

#include <string>

namespace rvb {

enum class Format { text, brief, json };
enum class Color { never, always };

struct RenderOptions {
  Format format = Format::text;
  Color color = Color::never;
  int most_errors = 20; // the others are counted in one last line
};

std::string code_text(Code code); // "RVB0203"
std::string render(const Sources& sources, const Diagnostic& diagnostic, const RenderOptions& options);
std::string render(const Sources& sources, const Diagnostics& diagnostics, const RenderOptions& options);

} // namespace rvb
