#include "sema/modules.h"

#include "sema/builtins.h"
#include "support/environment.h"
#include "support/text.h"
#include "syntax/parse.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace rvb::sema {

namespace {

namespace fs = std::filesystem;
constexpr size_t most_files = 200;
constexpr size_t deepest_import = 50;
constexpr const char* folders[] = {"", "networks", "methods"}; // of the standard library, in which a name is looked for

class Loader {
public:
  Loader(Sources& sources, const Options& options, Diagnostics& diagnostics)
      : sources_(sources), options_(options), diagnostics_(diagnostics) {}

  Modules run(int file) {
    const std::string key = key_of(sources_[file].path);
    seen_.insert(key);
    open_.push_back(key);
    take(file, true);
    result_.parsed = !failed_;
    return std::move(result_);
  }

private:
  static std::string key_of(const fs::path& path) {
    std::error_code error;
    const fs::path key = fs::weakly_canonical(path, error);
    return error ? path.lexically_normal().string() : key.string();
  }

  void take(int file, bool main) {
    Diagnostics found;
    result_.files.push_back(syntax::parse(sources_, file, found));
    const ast::File& tree = result_.files.back();
    failed_ |= found.has_errors();
    diagnostics_.take(found);
    if (found.has_errors())
      return;
    // Of two imported networks the second is the one mistake: that both have a T, and so on, follows from it.
    if (!main && result_.network != nullptr)
      for (const ast::Item& item : tree.items)
        if (item.kind == ast::Item::Kind::network && !item.value) {
          define(item, main);
          return;
        }
    for (const ast::Item& item : tree.items)
      define(item, main);
  }

  void define(const ast::Item& item, bool main) {
    switch (item.kind) {
    case ast::Item::Kind::import: import(item); return;
    case ast::Item::Kind::recipe:
      // The main file's recipe stands above an imported one.
      if (result_.recipe != nullptr && result_.recipe->range.file == item.range.file)
        diagnostics_.report(Code::duplicate_definition, item.range, "a second `recipe`", "")
            .label(result_.recipe->range, "the first one");
      if (result_.recipe == nullptr || main)
        result_.recipe = &item;
      return;
    case ast::Item::Kind::network:
      if (item.value)
        break; // trained already: called by its name
      if (result_.network != nullptr) {
        diagnostics_.report(Code::one_network, item.name.range, "a second network, " + ticked(item.name.text))
            .label(result_.network->name.range, "the first one");
        return;
      }
      result_.network = &item;
      return;
    default: break;
    }
    const std::string& name = item.name.text;
    if (is_built_in(name)) {
      diagnostics_
          .report(Code::reserved_name, item.name.range, ticked(name) + " is built in", "cannot be defined again")
          .help("choose another name");
      return;
    }
    const auto [place, is_new] = result_.names.insert({name, {}});
    if (!is_new) {
      const ast::Item& first = *place->second.item;
      Diagnostic& diagnostic = diagnostics_.report(Code::duplicate_definition, item.name.range,
                                                   ticked(name) + " is defined twice", "again here");
      diagnostic.label(first.name.range, "first defined here");
      if (first.kind == ast::Item::Kind::param && item.kind == ast::Item::Kind::param &&
          first.name.range.file != item.name.range.file)
        diagnostic.help("an imported param keeps its default here; `rvbc ... -D " + name + "=...` changes it");
      return;
    }
    std::map<std::string, Range> parameters;
    for (const ast::Parameter& parameter : item.parameters) {
      const auto [first, is_first] = parameters.insert({parameter.name.text, parameter.name.range});
      if (!is_first)
        diagnostics_
            .report(Code::duplicate_definition, parameter.name.range,
                    ticked(parameter.name.text) + " is a parameter of " + ticked(name) + " twice", "again here")
            .label(first->second, "first here");
    }
    place->second.item = &item;
    if (item.kind == ast::Item::Kind::param || item.kind == ast::Item::Kind::let)
      result_.values.push_back(&item);
  }

  void import(const ast::Item& item) {
    const Range where = item.value ? item.value->range : item.name.range;
    fs::path path;
    std::string shown;
    if (item.value) {
      shown = item.value->text.substr(1, item.value->text.size() - 2);
      path = fs::path(sources_[item.range.file].path).parent_path() / shown;
    } else {
      shown = item.name.text;
      path = fs::path(options_.stdlib) / (shown + ".rvb");
      for (const char* folder : folders) {
        const fs::path found = fs::path(options_.stdlib) / folder / (shown + ".rvb");
        if (std::error_code error; fs::exists(found, error)) {
          path = found;
          break;
        }
      }
    }
    const std::string key = key_of(path);
    if (std::find(open_.begin(), open_.end(), key) != open_.end()) {
      failed_ = true;
      diagnostics_.report(Code::import_cycle, where, ticked(shown) + " imports itself, directly or through other files",
                          "this import closes the circle");
      return;
    }
    if (!seen_.insert(key).second)
      return;
    std::string text;
    try {
      if (seen_.size() > most_files || open_.size() > deepest_import)
        throw Failure(Exit::user, "too many files are imported");
      text = read_regular_file(path.string(), syntax::longest_text);
    } catch (const Failure& failure) {
      // Not the text is at fault where no file could be read, or a file of the standard library that is there.
      const auto* environment = dynamic_cast<const EnvironmentFailure*>(&failure);
      if (environment != nullptr && (environment->exhausted() || (!item.value && !environment->absent())))
        throw;
      failed_ = true;
      not_found(item, where, shown, failure.what());
      return;
    }
    open_.push_back(key);
    take(sources_.add(path.string(), std::move(text)), false);
    open_.pop_back();
  }

  void not_found(const ast::Item& item, Range where, const std::string& shown, const std::string& why) {
    Diagnostic& diagnostic = diagnostics_.report(Code::import_not_found, where,
                                                 "cannot read the imported file " + ticked(shown), "imported here");
    diagnostic.note(printable(why, 400));
    if (seen_.size() > most_files || open_.size() > deepest_import)
      return;
    std::vector<std::string> names;
    for (const char* folder : folders) {
      std::error_code error;
      for (fs::directory_iterator it(fs::path(options_.stdlib) / folder, error), end;
           !error && it != end && names.size() < 100; it.increment(error))
        if (it->path().extension() == ".rvb")
          names.push_back(it->path().stem().string());
    }
    std::sort(names.begin(), names.end());
    if (item.value) { // a name in quotes is a path
      const std::string stem = fs::path(shown).stem().string();
      if (std::find(names.begin(), names.end(), stem) != names.end())
        diagnostic.help("the standard library's is imported without quotes: `import " + stem + "`");
      return;
    }
    const std::string near = diagnostics_.near(shown, names);
    if (!near.empty())
      diagnostic.help("did you mean " + ticked(near) + "?");
  }

  Sources& sources_;
  const Options& options_;
  Diagnostics& diagnostics_;
  Modules result_;
  std::set<std::string> seen_;
  std::vector<std::string> open_; // the chain of imports at hand
  bool failed_ = false;
};

} // namespace

Modules load(Sources& sources, int file, const Options& options, Diagnostics& diagnostics) {
  return Loader(sources, options, diagnostics).run(file);
}

} // namespace rvb::sema
