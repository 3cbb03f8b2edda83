#include "driver/doctor.h"

#include "base/dynamic_library.h"
#include "build/linking/link.h"
#include "core/core.h"
#include "host/children.h"
#include "host/output.h"
#include "host/paths.h"
#include "support/result.h"
#include "targets/target.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <thread>
#include <vector>

namespace rvb::driver {

namespace fs = std::filesystem;

namespace {

enum class State { fine, note, missing };

struct Finding {
  State state;
  std::string what, text;
  std::string advice; // "" where there is nothing to do
};

class Doctor {
public:
  const std::vector<Finding>& look() {
    neighbours();
    processor();
    memory();
    compiler();
    tools();
    for (const runtime::Library& library : runtime::libraries())
      data_library(library);
    folders();
    limits();
    return findings_;
  }

private:
  void add(State state, const std::string& what, const std::string& text, const std::string& advice = "") {
    findings_.push_back({state, what, text, advice});
  }

  // What `find` gives, or that it is missing, as its Failure says.
  template <class Find>
  std::string need(const std::string& what, State otherwise, const std::string& advice, Find find) {
    try {
      std::string found = find();
      add(State::fine, what, found);
      return found;
    } catch (const Failure& failure) {
      add(otherwise, what, failure.what(), advice);
      return "";
    }
  }

  void neighbours() {
    const char* again = "reinstall rvbc";
    need("standard library", State::missing, again, stdlib_folder);
    need("headers", State::missing, again, include_folder);
    const std::string folder = need("runtime", State::missing, again, library_folder);
    for (const char* archive : {"librvb_runtime.a", "librvb_deployed.a", "librvb_readers.a", "librvb_capi.a"})
      if (!folder.empty() && !fs::is_regular_file(fs::path(folder) / archive))
        add(State::missing, "runtime", folder + "/" + archive + " is missing", again);
  }

  static std::string line_of(const char* path, const std::string& key) {
    std::ifstream lines(path);
    for (std::string line; std::getline(lines, line);)
      if (line.rfind(key, 0) == 0 && line.find(':') != std::string::npos) {
        const size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
        return at == std::string::npos ? "" : line.substr(at);
      }
    return "";
  }

  void processor() {
    const targets::Target host = targets::host();
    const std::string name = line_of("/proc/cpuinfo", "model name");
    add(host.has_tables() ? State::fine : State::note, "processor",
        fmt::format("{}: --target {}", name.empty() ? "unknown" : name, host.name),
        host.has_tables() ? "" : "without AVX2 binary layers flip signs one by one: everything works, but slowly");
    const unsigned cores = std::thread::hardware_concurrency();
    const int threads = rvb_available_threads();
    add(State::fine, "threads",
        threads < static_cast<int>(cores)
            ? fmt::format("{} of {} CPUs: affinity, a quota or OMP_NUM_THREADS", threads, cores)
            : fmt::format("{}", threads));
  }

  void memory() {
    const std::string text = line_of("/proc/meminfo", "MemAvailable");
    const double gib = std::strtod(text.c_str(), nullptr) / (1 << 20);
    rlimit limit{};
    const bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    const std::string most = limited ? fmt::format(", at most {:.1f} GiB a process (ulimit -v)",
                                                   static_cast<double>(limit.rlim_cur) / (1 << 30))
                                     : "";
    add(gib >= 1 ? State::fine : State::note, "memory", fmt::format("{:.1f} GiB available{}", gib, most),
        gib >= 1 ? "" : "compile with -j 1; train with a smaller --batch, or compile with --mem-limit");
  }

  // Whether a program of nothing links with these, and runs.
  std::string linked(const std::vector<std::string>& flags) {
    std::vector<std::string> words = build::toolchain_for(targets::host()).compiler;
    words.insert(words.end(),
                 {folder_.path() + "/nothing.cpp", "-o", folder_.path() + "/nothing", "-Wl,--no-as-needed"});
    words.insert(words.end(), flags.begin(), flags.end());
    try {
      build::run_tool(words, folder_.path());
      return "";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  void compiler() {
    const std::string name = build::toolchain_for(targets::host()).compiler[0];
    if (need("C++ compiler", State::missing, "apt-get install g++ (CXX names another)", [&] {
          return find_program(name);
        }).empty())
      return;
    write_scratch(folder_.path() + "/nothing.cpp", "int main() { return 0; }\n");
    if (const std::string why = linked({}); !why.empty()) {
      add(State::missing, "C++ compiler", why, "apt-get install g++ libc6-dev");
      return;
    }
    const std::pair<const char*, const char*> packages[] = {{"-lpng16", "libpng-dev"},
                                                            {"-ljpeg", "libjpeg62-turbo-dev"},
                                                            {"-lz", "zlib1g-dev"},
                                                            {"-fopenmp", "libgomp1 g++"}};
    for (const auto& [flag, package] : packages) {
      const std::string why = linked({flag});
      add(why.empty() ? State::fine : State::missing, "links with", flag,
          why.empty() ? "" : fmt::format("apt-get install {}", package));
    }
    linked({});
    try {
      build::run_program("running a fresh program", {folder_.path() + "/nothing"}, folder_.path());
      add(State::fine, "runs what it made", folder_.path().substr(0, folder_.path().rfind('/')));
    } catch (const Failure& failure) {
      add(State::missing, "runs what it made", failure.what(),
          "TMPDIR names another folder for temporary files: --calibrate runs programs there");
    }
  }

  void tools() {
    need("ar", State::missing, "apt-get install binutils (for --emit=lib)", [] { return find_program("ar"); });
    need("dot", State::note, "apt-get install graphviz (for rvbc graph --format svg)",
         [] { return find_program("dot"); });
  }

  void data_library(const runtime::Library& library) {
    std::string name, reason;
    const bool there = runtime::load_library(library, name, reason) != nullptr;
    add(there ? State::fine : State::note, library.identifier,
        there ? fmt::format("{} ({})", name, library.purpose)
              : fmt::format("missing: {} cannot be read", library.purpose),
        there ? "" : fmt::format("apt-get install {}", library.package));
  }

  static std::string room(const std::string& folder) {
    struct statvfs disk {};
    return statvfs(folder.c_str(), &disk) != 0
               ? ""
               : fmt::format(", {:.1f} GiB free",
                             static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / (1 << 30));
  }

  void folders() {
    const std::string cache = need("cache", State::missing, "RVB_CACHE_DIR names a folder that can be written", [] {
      const std::string folder = cache_folder();
      return folder.empty() ? "nothing is kept between runs (the note above says why)" : folder + room(folder);
    });
    const char* variable = std::getenv("RVB_DATA_CACHE_SIZE");
    add(State::fine, "cache of data",
        fmt::format("at most {} in its folder data", variable == nullptr ? "16 GiB" : variable));
    add(State::fine, "temporary files", folder_.path().substr(0, folder_.path().rfind('/')) + room(folder_.path()));
  }

  void limits() {
    rlimit limit{};
    const struct {
      __rlimit_resource which;
      const char *name, *flag;
      rlim_t least;
    } rows[] = {{RLIMIT_NOFILE, "open files", "-n", 64},
                {RLIMIT_NPROC, "processes", "-u", 64},
                {RLIMIT_FSIZE, "size of a file", "-f", rlim_t{1} << 30}};
    for (const auto& row : rows)
      if (getrlimit(row.which, &limit) == 0 && limit.rlim_cur < row.least)
        add(State::note, row.name, fmt::format("limited to {}", limit.rlim_cur),
            fmt::format("ulimit {} allows more", row.flag));
  }

  TemporaryFolder folder_;
  std::vector<Finding> findings_;
};

const char* word(State state) {
  return state == State::fine ? "ok" : state == State::note ? "note" : "MISSING";
}

} // namespace

int run_doctor(const build::Options& options) {
  Doctor doctor;
  const std::vector<Finding>& findings = doctor.look();
  const auto missing =
      std::count_if(findings.begin(), findings.end(), [](const Finding& each) { return each.state == State::missing; });
  if (options.json) {
    nlohmann::ordered_json json = {{"schema", "rvb.doctor/1"},
                                   {"version", RVB_VERSION},
                                   {"missing", missing},
                                   {"findings", nlohmann::ordered_json::array()}};
    for (const Finding& each : findings)
      json["findings"].push_back(
          {{"what", each.what}, {"state", word(each.state)}, {"text", each.text}, {"advice", each.advice}});
    put("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    put("rvbc {}\n", RVB_VERSION);
    for (const Finding& each : findings) {
      put("{:<8} {:<18} {}\n", word(each.state), each.what, each.text);
      if (!each.advice.empty())
        put("{:<8} {:<18} -> {}\n", "", "", each.advice);
    }
    put(missing == 0 ? "nothing is missing that compiling needs\n" : "{} things are missing\n", missing);
  }
  return static_cast<int>(missing == 0 ? Exit::ok : Exit::io);
}

} // namespace rvb::driver
