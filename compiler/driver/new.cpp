// `rvbc new DIR --from NAME`: a network of the library, with its recipe and, where there are any, its weights, as a
// start of one's own. What there is to start from are the files of examples/ and stdlib/networks/, described by the
// comment they begin with; weights and their card lie in stdlib/weights/ under the network's name.
#include "driver/new.h"

#include "build/frontend.h"
#include "host/output.h"
#include "host/paths.h"
#include "support/result.h"
#include "support/text.h"
#include "syntax/parse.h"
#include "syntax/print.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace rvb::driver {

namespace fs = std::filesystem;

namespace {

struct Start {
  std::string name, path;
  std::string summary; // the first sentence of the file's comment
  std::string weights; // a file, or ""
  std::string card;    // likewise
};

std::string first_sentence(const std::string& text) {
  std::istringstream lines(text);
  std::string sentence;
  for (std::string line; std::getline(lines, line) && line.rfind("//", 0) == 0;)
    sentence += (sentence.empty() ? "" : " ") + line.substr(std::min(line.find_first_not_of("/ "), line.size()));
  return sentence.substr(0, sentence.find(". "));
}

std::string where_it_is(const fs::path& path) {
  return fs::is_regular_file(path) ? path.string() : "";
}

std::vector<Start> starts() {
  std::vector<Start> found;
  const fs::path library = stdlib_folder();
  for (const fs::path& folder : {fs::path(examples_folder()), library / "networks"}) {
    std::vector<Start> here;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() != ".rvb")
        continue;
      const std::string name = entry.path().stem().string();
      here.push_back({name, entry.path().string(), first_sentence(read_text(entry.path().string())),
                      where_it_is(library / "weights" / (name + ".safetensors")),
                      where_it_is(library / "weights" / (name + ".json"))});
    }
    std::sort(here.begin(), here.end(), [](const Start& a, const Start& b) { return a.name < b.name; });
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

// "91.02 % of 10000 test samples of Fashion-MNIST"
std::string accuracy_text(const Start& start) {
  const auto card = nlohmann::json::parse(start.card.empty() ? "{}" : read_text(start.card), nullptr, false);
  try {
    return fmt::format("{:.2f} % of {} test samples of {}", 100 * card.at("test").at("accuracy").get<double>(),
                       card.at("test").at("count").get<int64_t>(), card.at("data").at("name").get<std::string>());
  } catch (const nlohmann::json::exception&) { // weights without a card
    return "";
  }
}

std::string with_weights(const Start& start) {
  const std::string accuracy = accuracy_text(start);
  return start.weights.empty() ? "" : "with weights" + (accuracy.empty() ? "" : ": " + accuracy);
}

void list(const std::vector<Start>& all) {
  size_t width = 0;
  for (const Start& start : all)
    width = std::max(width, start.name.size());
  put("rvbc new DIR --from NAME copies one of these networks, with its recipe, into a folder:\n");
  for (const Start& start : all) {
    put("  {:<{}}  {}\n", start.name, width, start.summary);
    if (!start.weights.empty())
      put("  {:<{}}  ({})\n", "", width, with_weights(start));
  }
}

const Start& find(const std::vector<Start>& all, const std::string& name) {
  std::vector<std::string> names;
  for (const Start& start : all) {
    if (start.name == name)
      return start;
    names.push_back(start.name);
  }
  const std::string near = nearest(name, names);
  throw Failure(Exit::usage, (name.empty() ? "--from NAME is needed"
                                           : "there is no network `" + printable(name, 100) + "` to start from" +
                                                 (near.empty() ? "" : "; did you mean `" + near + "`?")) +
                                 "\nthe networks are: " + fmt::format("{}", fmt::join(names, ", ")));
}

// The commands that follow, as the comment that the new file begins with.
std::string heading(const Start& start) {
  build::Options options;
  options.model = start.path;
  const bool sequence = build::load_program(options).input.sequence;
  const std::string n = start.name;
  std::vector<std::pair<std::string, std::string>> lines = {
      {fmt::format("rvbc {0}.rvb -o {0}", n), "compile"},
      {fmt::format("./{} train --data DIR --run-dir run", n), "learn, as the recipe says"},
      {fmt::format("./{} eval --data DIR --weights run/best.safetensors", n), "accuracy, class by class"},
      {fmt::format("rvbc deploy {0}.rvb --weights run/best.safetensors -o {0}.infer", n),
       "a small program, additions only"},
      {fmt::format("./{}.infer infer {}", n, sequence ? "RECORDING" : "PICTURE"), "what is it?"}};
  if (!start.weights.empty()) {
    lines.insert(lines.begin() + 1,
                 {fmt::format("./{0} eval --data DIR --weights {0}.safetensors", n), "the weights that came along"});
    lines.insert(lines.begin() + 2,
                 {fmt::format("./{0} train --data DIR --weights {0}.safetensors --run-dir run", n), "go on from them"});
  }
  size_t width = 0;
  for (const auto& [command, what] : lines)
    width = std::max(width, command.size());
  std::string text = fmt::format("// Begun from `{}` of rvbc {}. From here:\n//\n", n, RVB_VERSION);
  for (const auto& [command, what] : lines)
    text += fmt::format("//   {:<{}}   {}\n", command, width, what);
  return text + "//\n// `rvbc --help` and `COMMAND --help` list what else there is.\n\n";
}

std::string formatted(const std::string& text) {
  Sources sources;
  const int file = sources.add("new", text);
  Diagnostics diagnostics;
  const ast::File tree = syntax::parse(sources, file, diagnostics);
  return syntax::format(sources, tree);
}

// All of the files or none.
class Folder {
public:
  explicit Folder(const fs::path& path) : path_(path) {
    std::error_code error;
    if (fs::exists(path) && !fs::is_directory(path))
      throw Failure(Exit::usage, path.string() + " is there already, and no folder");
    made_ = fs::create_directories(path, error);
    if (!error && !fs::is_empty(path, error) && !error)
      throw Failure(Exit::usage, path.string() + " is not empty: nothing in it is touched; name another folder");
    if (error)
      throw Failure(Exit::io, "cannot make the folder " + path.string() + ": " + error.message());
  }
  ~Folder() {
    if (kept_)
      return;
    std::error_code ignored;
    for (const fs::path& file : files_)
      fs::remove(file, ignored);
    if (made_)
      fs::remove(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void copy(const std::string& from, const std::string& name) {
    if (from.empty())
      return;
    files_.push_back(path_ / name);
    write_copy(files_.back().string(), from);
  }
  void write(const std::string& text, const std::string& name) {
    files_.push_back(path_ / name);
    write_text(files_.back().string(), text);
  }
  void keep() { kept_ = true; }

private:
  fs::path path_;
  bool made_ = false, kept_ = false;
  std::vector<fs::path> files_;
};

} // namespace

int run_new(const std::string& folder, const std::string& from) {
  const std::vector<Start> all = starts();
  if (folder.empty() && from.empty()) {
    list(all);
    return 0;
  }
  const Start& start = find(all, from);
  if (folder.empty())
    throw Failure(Exit::usage, "the folder to make is missing: rvbc new DIR --from " + start.name);
  const std::string text = formatted(heading(start) + read_text(start.path));
  Folder made(folder);
  made.copy(start.weights, start.name + ".safetensors");
  made.copy(start.card, start.name + ".json");
  made.write(text, start.name + ".rvb");
  made.keep();
  tell("{}: {}{}\nthe commands that follow stand in its first lines\n",
       (fs::path(folder) / (start.name + ".rvb")).string(), start.summary,
       start.weights.empty() ? "" : " (" + with_weights(start) + ")");
  return 0;
}

} // namespace rvb::driver
