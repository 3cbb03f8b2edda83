// Runs tests that are text files. A test is one file about one thing:
//
//   // run: opt --pass=dce %s            what rvbc gets; %s is this file, %t a scratch name, %S the folder of the test
//   // show: func @f(                    only what begins so counts, with its indented lines (may be left out)
//   // hide: _[0-9a-f]{16}               what matches counts as # (may be left out)
//   func @f() …                          the input: the whole file down to the next line, so that lines keep their
//   numbers
//   // ---- expect
//   func @f() …                          what rvbc prints: stdout, then stderr
//   // exit 1                            its exit code, when that is not 0
//
// usage: filetest [--update] [--rvbc PATH] FILE|FOLDER...     ($RVBC when --rvbc is not given)
//
// --update rewrites the expectations; the diff is the review. In folders all .rvb and .ir files are tests, but an .rvb
// without a run line is a file that others import. rvbc runs in an empty folder with links to the test's neighbours, so
// that imports work and messages name files without their folders.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;

namespace {

constexpr const char* run_mark = "// run: ";
constexpr const char* show_mark = "// show: ";
constexpr const char* hide_mark = "// hide: ";
constexpr const char* expect_mark = "// ---- expect";
constexpr const char* exit_mark = "// exit ";
constexpr const char* seconds_allowed = "60";

struct Test {
  std::string command;           // after the run mark
  std::vector<std::string> show; // beginnings of what counts; none: everything
  std::vector<std::string> hide; // regular expressions
  std::string input;             // down to the expect mark, run line included
  std::string expected;          // after it
};

struct Outcome {
  std::string text; // in the form of Test::expected
  bool timed_out = false;
};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool write(const fs::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  return static_cast<bool>(out.flush());
}

bool starts_with(const std::string& text, const std::string& begin) {
  return text.compare(0, begin.size(), begin) == 0;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::optional<Test> parse(const std::string& text) {
  if (!starts_with(text, run_mark))
    return std::nullopt;
  Test test;
  const std::vector<std::string> all = lines(text);
  const auto after = [](const std::string& line, const char* mark) { return line.substr(std::string(mark).size()); };
  test.command = after(all[0], run_mark);
  for (size_t i = 1; i < all.size(); ++i)
    if (starts_with(all[i], show_mark))
      test.show.push_back(after(all[i], show_mark));
    else if (starts_with(all[i], hide_mark))
      test.hide.push_back(after(all[i], hide_mark));
    else
      break;
  std::string mark = std::string("\n") + expect_mark + "\n";
  size_t at = (text + "\n").find(mark);
  test.input = at == std::string::npos ? text : text.substr(0, at + 1);
  if (at != std::string::npos && at + mark.size() < text.size())
    test.expected = text.substr(at + mark.size());
  return test;
}

std::string quoted(const std::string& word) {
  std::string out = "'";
  for (char c : word)
    out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// A folder for each test, gone afterwards.
class Scratch {
public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "filetest-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      std::perror("filetest: no scratch folder");
      std::exit(2);
    }
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

// What counts of a stream: parts that begin as they are to, with the indented lines and the brace that follow.
std::string shown(const std::string& text, const std::vector<std::string>& show) {
  if (show.empty())
    return text;
  std::string out;
  bool inside = false;
  for (const std::string& line : lines(text)) {
    const bool begins =
        std::any_of(show.begin(), show.end(), [&](const std::string& begin) { return starts_with(line, begin); });
    inside = begins || (inside && (starts_with(line, " ") || line == "}"));
    if (inside)
      out += line + "\n";
  }
  return out;
}

Outcome run(const fs::path& file, const Test& test, const std::string& rvbc) {
  Scratch scratch;
  fs::path work = scratch.path / "work";
  fs::create_directory(work);
  for (const auto& neighbour : fs::directory_iterator(fs::absolute(file).parent_path()))
    if (neighbour.path().filename() != file.filename())
      fs::create_symlink(neighbour.path(), work / neighbour.path().filename());
  write(work / file.filename(), test.input);

  std::string command = replaced(test.command, "%s", quoted(file.filename().string()));
  command = replaced(command, "%S", quoted(fs::absolute(file).parent_path().string()));
  command = replaced(command, "%t", quoted((scratch.path / "made").string()));
  std::string line = "cd " + quoted(work.string()) + " && exec timeout " + seconds_allowed + " " + quoted(rvbc) + " " +
                     command + " >../stdout 2>../stderr </dev/null";
  int status = std::system(line.c_str());
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  Outcome outcome;
  outcome.timed_out = code == 124;
  for (const char* stream : {"stdout", "stderr"}) {
    const std::string text = read(scratch.path / stream);
    outcome.text += stream == std::string("stdout") ? shown(text, test.show) : text;
    if (!outcome.text.empty() && outcome.text.back() != '\n')
      outcome.text += '\n';
  }
  outcome.text = replaced(outcome.text, (scratch.path / "made").string(), "%t");
  for (const std::string& hide : test.hide)
    outcome.text = std::regex_replace(outcome.text, std::regex(hide), "#");
  if (code != 0)
    outcome.text += exit_mark + std::to_string(code) + "\n";
  return outcome;
}

// The lines that differ, as diff shows them: equal lines at the ends are left out but for two.
void show_difference(const std::string& expected, const std::string& got) {
  std::vector<std::string> a = lines(expected), b = lines(got);
  size_t head = 0, tail = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head])
    ++head;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  for (size_t i = head > 2 ? head - 2 : 0; i < head; ++i)
    std::printf("    %s\n", a[i].c_str());
  for (size_t i = head; i < a.size() - tail; ++i)
    std::printf("  - %s\n", a[i].c_str());
  for (size_t i = head; i < b.size() - tail; ++i)
    std::printf("  + %s\n", b[i].c_str());
  if (a == b)
    std::printf("  (only the end of the last line differs)\n");
}

// The tests below a folder, sorted; an .ir file without a run line is a mistake, and is kept to be reported.
std::vector<fs::path> collect(const fs::path& root) {
  if (!fs::is_directory(root))
    return {root};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    std::string extension = entry.path().extension().string();
    if (extension == ".ir" || (extension == ".rvb" && starts_with(read(entry.path()), run_mark)))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

int usage() {
  std::fprintf(stderr, "usage: filetest [--update] [--rvbc PATH] FILE|FOLDER...\n");
  return 2;
}

enum class Result { passed, failed, updated };

Result judge(const fs::path& file, const std::string& rvbc, bool update) {
  std::optional<Test> test = parse(read(file));
  if (!test) {
    std::printf("FAILED %s: the first line is not `%s…`\n", file.c_str(), run_mark);
    return Result::failed;
  }
  Outcome outcome = run(file, *test, rvbc);
  if (outcome.timed_out) {
    std::printf("FAILED %s: no end after %s seconds\n", file.c_str(), seconds_allowed);
    return Result::failed;
  }
  if (outcome.text == test->expected)
    return Result::passed;
  if (update) {
    std::string input = test->input + (test->input.back() == '\n' ? "" : "\n");
    if (!write(file, input + expect_mark + "\n" + outcome.text)) {
      std::printf("FAILED %s: cannot be written\n", file.c_str());
      return Result::failed;
    }
    std::printf("updated %s\n", file.c_str());
    return Result::updated;
  }
  std::printf("FAILED %s (- expected, + printed)\n", file.c_str());
  show_difference(test->expected, outcome.text);
  return Result::failed;
}

} // namespace

int main(int argc, char** argv) {
  bool update = false;
  std::string rvbc = std::getenv("RVBC") ? std::getenv("RVBC") : "";
  std::vector<fs::path> roots;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word == "--update")
      update = true;
    else if (word == "--rvbc" && i + 1 < argc)
      rvbc = argv[++i];
    else if (starts_with(word, "--"))
      return usage();
    else
      roots.push_back(word);
  }
  if (roots.empty())
    return usage();
  std::error_code error;
  rvbc = rvbc.empty() ? "" : fs::absolute(rvbc, error).string();
  if (access(rvbc.c_str(), X_OK) != 0) {
    std::fprintf(stderr, "filetest: no rvbc at \"%s\" ($RVBC or --rvbc)\n", rvbc.c_str());
    return 2;
  }
  int count[3] = {};
  for (const fs::path& root : roots) {
    if (!fs::exists(root)) {
      std::fprintf(stderr, "filetest: no file or folder \"%s\"\n", root.c_str());
      return 2;
    }
    for (const fs::path& file : collect(root))
      ++count[static_cast<int>(judge(file, rvbc, update))];
  }
  std::printf("%d passed, %d failed%s\n", count[0], count[1],
              count[2] ? (", " + std::to_string(count[2]) + " updated").c_str() : "");
  if (count[0] + count[1] + count[2] == 0) {
    std::fprintf(stderr, "filetest: no tests found\n");
    return 2;
  }
  return count[1] == 0 ? 0 : 1;
}
