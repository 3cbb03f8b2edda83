// Runs passes over IR text.
//
//   passes_opt cse,dce FILE       prints the module after the passes
//   passes_opt --check FILES      runs test files
//   passes_opt --update FILES     writes what the passes give into them
//
// A test file begins with `// passes: cse, dce`, holds a module, a line `// becomes`, and the expected module. Checked:
// the text is what the passes print; what they print parses and prints the same; the module is well formed; and both
// modules compute the same (constants given as hashes cannot be computed with; such files say `// text only`).
#include "analysis/verify.h"
#include "ir/text.h"
#include "passes/passes.h"
#include "same.h"
#include "support/result.h"

#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace rvb;

const std::string separator = "// becomes\n";

struct Case {
  std::string head; // up to the separator
  std::vector<std::string> passes;
  std::string expected;
  bool text_only;
};

std::string read(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    throw Failure(Exit::io, "cannot read `" + path + "`");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  std::string name;
  for (char c : text + ",") {
    if (c == ',') {
      if (!name.empty())
        names.push_back(name);
      name.clear();
    } else if (c != ' ') {
      name += c;
    }
  }
  return names;
}

Case parse_case(const std::string& text) {
  Case c;
  const size_t at = text.find(separator);
  c.head = text.substr(0, at);
  c.expected = at == std::string::npos ? "" : text.substr(at + separator.size());
  const std::string begin = "// passes:";
  const size_t line = text.find(begin);
  if (line == std::string::npos)
    throw Failure(Exit::user, "no line `// passes: …`");
  const size_t end = text.find('\n', line);
  c.passes = split_names(text.substr(line + begin.size(), end - line - begin.size()));
  c.text_only = c.head.find("// text only") != std::string::npos;
  return c;
}

ir::Module parse(const std::string& text, const std::string& path) {
  try {
    return ir::parse(text);
  } catch (const ir::ParseError& error) {
    throw Failure(Exit::user,
                  path + ":" + std::to_string(error.line) + ":" + std::to_string(error.column) + ": " + error.message);
  }
}

ir::Module checked(const std::string& text, const std::string& path, bool well_formed = true) {
  ir::Module module = parse(text, path);
  if (!well_formed)
    return module;
  const std::vector<std::string> faults = analysis::verify(module);
  if (!faults.empty())
    throw Failure(Exit::user, path + ": " + faults[0]);
  return module;
}

bool check(const std::string& path) {
  const Case c = parse_case(read(path));
  const ir::Module before = checked(c.head, path, !c.text_only);
  ir::Module after = before;
  passes::run(after, c.passes, {});
  const std::string printed = ir::print(after);
  auto fail = [&](const std::string& what) {
    std::cout << path << ": " << what << "\n";
    return false;
  };
  if (printed != c.expected)
    return fail("expected\n" + c.expected + "got\n" + printed);
  const std::vector<std::string> faults = analysis::verify(after);
  if (!faults.empty())
    return fail(faults[0]);
  if (ir::print(parse(printed, path)) != printed)
    return fail("what prints does not parse to the same");
  const std::string difference = c.text_only ? "" : tests::differs(before, after, 1e-6);
  return difference.empty() || fail(difference);
}

void update(const std::string& path) {
  const Case c = parse_case(read(path));
  ir::Module module = checked(c.head, path, !c.text_only);
  passes::run(module, c.passes, {});
  std::ofstream(path) << c.head << separator << ir::print(module);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) {
    std::cerr << "usage: passes_opt PASSES FILE | --check FILES | --update FILES\n";
    return 2;
  }
  bool good = true;
  try {
    if (words[0] == "--check" || words[0] == "--update") {
      for (size_t i = 1; i < words.size(); ++i) {
        if (words[0] == "--update")
          update(words[i]);
        else
          good &= check(words[i]);
      }
    } else {
      ir::Module module = checked(read(words[1]), words[1]);
      passes::run(module, split_names(words[0]), {});
      std::cout << ir::print(module);
    }
  } catch (const Failure& failure) {
    std::cerr << failure.what() << "\n";
    return 1;
  }
  return good ? 0 : 1;
}
