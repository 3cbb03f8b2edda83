// Source texts, ranges in them, and what the compiler has to say about them.
//
// A diagnostic is a value. Stages collect diagnostics and return them; only the driver prints them
// (rendering: render.h). The table of all diagnostics is diagnostics.def; a number is never reused.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rvb {

// A half-open range of bytes in one source text. `file` indexes Sources; -1 means "nowhere" (no caret is drawn).
struct Range {
  int file = -1;
  uint32_t begin = 0;
  uint32_t end = 0;

  bool known() const { return file >= 0; }
};

struct SourceFile {
  std::string path; // as the user wrote it
  std::string text;
};

// All texts read in one compilation.
class Sources {
public:
  int add(std::string path, std::string text); // returns the index that Range::file uses
  const SourceFile& operator[](int file) const { return files_[file]; }
  int size() const { return static_cast<int>(files_.size()); }

  struct Position {
    int line;   // from 1
    int column; // from 1, in bytes
  };
  Position position(int file, uint32_t offset) const;

private:
  std::vector<SourceFile> files_;
};

enum class Severity { error, warning, note };

// One row of diagnostics.def.
struct DiagnosticInfo {
  int code; // 203 is printed as RVB0203
  Severity severity;
  const char* name;  // kebab-case: what -Wno-NAME takes
  const char* title; // one line, what `rvbc explain` begins with
};

enum class Code : int {
#define RVB_DIAGNOSTIC(code, severity, name, title) name = code,
#include "support/diagnostics.def"
#undef RVB_DIAGNOSTIC
};

const DiagnosticInfo& info(Code code);
const std::vector<DiagnosticInfo>& all_diagnostics(); // sorted by code

struct Label {
  Range range;
  std::string text;
};

// `message` states what was observed: lower case, no full stop, code in backticks.
struct Diagnostic {
  Code code = Code::internal;
  Severity severity = Severity::error;
  std::string message;
  Label primary;
  std::vector<Label> secondary;
  std::vector<std::string> notes; // why
  std::vector<std::string> helps; // what to type

  Diagnostic& label(Range range, std::string text);
  Diagnostic& note(std::string text);
  Diagnostic& help(std::string text);
};

class Diagnostics {
public:
  // The returned reference is valid until the next report.
  Diagnostic& report(Code code, Range where, std::string message, std::string label = "");

  // The candidate that a name may have been meant to be, as text.h's nearest(); nothing after a hundred reports, for
  // whoever reads those corrects them first.
  std::string near(const std::string& name, const std::vector<std::string>& candidates);
  size_t compared() const { return compared_; } // candidates, for near(): the work there was

  void take(const Diagnostics& found); // all of them

  bool has_errors() const;
  bool empty() const { return items_.empty(); }
  const std::vector<Diagnostic>& items() const { return items_; }
  void sort(); // by file and position; equal diagnostics are merged

private:
  std::vector<Diagnostic> items_;
  size_t compared_ = 0;
  Diagnostic dropped_; // what reports beyond the limit write to: no input may fill the memory with complaints
};

} // namespace rvb
