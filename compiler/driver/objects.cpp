#include "driver/objects.h"

#include "codegen/layer.h"
#include "driver/frontend.h"
#include "driver/paths.h"
#include "ir/text.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rvb::driver {

namespace fs = std::filesystem;

namespace {

// The cache stays below this; the objects that were not used for longest go first.
constexpr uintmax_t cache_limit = uintmax_t{1} << 30;

void trim_cache(const fs::path& folder) {
  struct Entry {
    fs::file_time_type time;
    uintmax_t size;
    fs::path path;
  };
  std::vector<Entry> entries;
  uintmax_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    // Whatever else lies in the folder, which the user may have named, is not ours.
    const std::string name = it->path().filename().string();
    if (name.rfind("rvb_", 0) != 0 || name.find(".o", 4) == std::string::npos)
      continue;
    std::error_code gone; // another rvbc may be trimming too
    Entry entry{it->last_write_time(gone), it->file_size(gone), it->path()};
    if (gone)
      continue;
    total += entry.size;
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
  for (const Entry& entry : entries) {
    if (total <= cache_limit)
      break;
    fs::remove(entry.path, error);
    total -= entry.size;
  }
}

// Reaches the disk: after a crash of the machine the name must not stand for an empty file.
void sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = file >= 0 && ::fsync(file) == 0;
  if (file >= 0)
    ::close(file);
  if (!done)
    throw std::runtime_error("cannot write " + path.string());
}

// What is no object, emptied or overwritten, is compiled again.
bool is_object(const fs::path& path) {
  char magic[4] = {};
  std::ifstream in(path, std::ios::binary);
  return in.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "\x7f"
                                                                                  "ELF";
}

// The child's whole life: compile to a private name, move into place, so that no half-written object is ever seen.
[[noreturn]] void compile_child(const KernelRequest& request, const kernels::Target& target, const fs::path& final) {
  fs::path temporary = final;
  temporary += "." + std::to_string(getpid()) + ".tmp.o";
  fs::path complaint = final;
  complaint += ".error";
  int status = 0;
  try {
    compile_kernel(request, target, temporary.string());
    sync(temporary);
    fs::rename(temporary, final);
  } catch (const std::exception& error) {
    std::ofstream(complaint) << error.what();
    std::error_code ignored;
    fs::remove(temporary, ignored);
    status = 1;
  }
  _exit(status);
}

std::string take_complaint(const fs::path& final) {
  fs::path complaint = final;
  complaint += ".error";
  std::ifstream in(complaint);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  std::error_code ignored;
  fs::remove(complaint, ignored);
  return text;
}

class Pool {
public:
  Pool(const kernels::Target& target, int jobs, size_t total, bool show)
      : target_(target), jobs_(jobs), total_(total), show_(show) {}

  void start(const KernelRequest& request, const fs::path& path) {
    if (static_cast<int>(running_.size()) >= jobs_)
      wait_one();
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child < 0)
      throw Failure(Exit::io, "cannot start a process to compile a kernel");
    if (child == 0)
      compile_child(request, target_, path);
    running_[child] = {request, path, std::chrono::steady_clock::now()};
  }

  std::vector<KernelTime> finish() {
    while (!running_.empty())
      wait_one();
    if (show_ && total_ != 0)
      fmt::print(stderr, "\r\x1b[K");
    if (!failures_.empty())
      throw Failure(Exit::internal, "this is a bug in rvbc: a kernel does not compile\n" + failures_);
    return std::move(times_);
  }

private:
  void wait_one() {
    int status = 0;
    pid_t child = waitpid(-1, &status, 0);
    auto found = running_.find(child);
    if (found == running_.end())
      return;
    auto [request, path, begin] = found->second;
    running_.erase(found);
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const std::string& layer = request.op->layer;
    times_.push_back({ir::info(request.op->opcode).name + (layer.empty() ? "" : " of " + layer), took.count()});
    ++done_;
    if (show_)
      fmt::print(stderr, "\r\x1b[Kcompiling kernels {}/{}", done_, total_);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
      return;
    std::string why = WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status)) : take_complaint(path);
    failures_ += fmt::format("  {} ({}): {}\n", ir::info(request.op->opcode).name,
                             request.op->layer.empty() ? "no layer" : request.op->layer, why);
  }

  const kernels::Target& target_;
  int jobs_;
  size_t total_;
  bool show_;
  size_t done_ = 0;
  struct Running {
    KernelRequest request;
    fs::path path;
    std::chrono::steady_clock::time_point begin;
  };
  std::map<pid_t, Running> running_;
  std::vector<KernelTime> times_;
  std::string failures_;
};

} // namespace

void compile_kernel(const KernelRequest& request, const kernels::Target& target, const std::string& path) {
  if (request.layer)
    codegen::compile_layer(codegen::layer(*request.function, *request.op, request.neuron), target,
                           codegen::OutputKind::object, path);
  else
    kernels::compile(*request.function, *request.op, target, {}, path);
}

std::string kernel_text(const KernelRequest& request, const kernels::Target& target) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/kernel", text;
  if (request.layer) {
    codegen::compile_layer(codegen::layer(*request.function, *request.op, request.neuron), target,
                           codegen::OutputKind::llvm_ir, path);
    return read_text(path);
  }
  kernels::compile(*request.function, *request.op, target, {}, path, &text);
  return text;
}

KernelObjects compile_kernels(const std::vector<KernelRequest>& requests, const kernels::Target& target, int jobs,
                              bool quiet) {
  std::map<std::string, KernelRequest> distinct;
  for (const KernelRequest& request : requests)
    distinct.emplace(request.symbol, request);
  fs::path cache = cache_folder();
  KernelObjects result;
  std::vector<std::pair<KernelRequest, fs::path>> missing;
  for (const auto& [symbol, request] : distinct) {
    fs::path path = cache / (symbol + ".o");
    result.paths.push_back(path.string());
    std::error_code error;
    if (is_object(path)) {
      fs::last_write_time(path, fs::file_time_type::clock::now(), error); // used now: trimmed last
      ++result.cached;
    } else {
      missing.emplace_back(request, path);
    }
  }
  if (jobs <= 0)
    jobs = std::max(1u, std::thread::hardware_concurrency());
  Pool pool(target, jobs, missing.size(), !quiet && isatty(2));
  for (const auto& [request, path] : missing)
    pool.start(request, path);
  result.times = pool.finish();
  result.compiled = static_cast<int>(missing.size());
  if (!missing.empty())
    trim_cache(cache);
  return result;
}

} // namespace rvb::driver
