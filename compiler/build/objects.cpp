#include "build/objects.h"

#include "base/failure.h"
#include "build/object_cache.h"
#include "host/children.h"
#include "host/output.h"
#include "host/paths.h"
#include "host/process.h"
#include "layerkernels/layer.h"
#include "support/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <new>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rvb::build {

namespace {

constexpr size_t largest_object = size_t{256} << 20;

// Libraries below this report a file that cannot be made in their own ways.
void make_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    environment_failed("cannot write " + path, errno);
  ::close(file);
}

// The child's whole life. Its last words are why it failed, or after success why the object is not kept.
[[noreturn]] void compile_child(const KernelRequest& request, const kernels::Target& target, const std::string& path,
                                const ObjectCache& cache) {
  Exit exit = Exit::internal;
  std::string why;
  try {
    make_file(path);
    now_writing(path);
    compile_kernel(request, target, path);
    const std::string object = read_regular_file(path, largest_object);
    end_child(0, cache.keep(request.symbol, object));
  } catch (const Failure& failure) {
    exit = failure.exit;
    why = failure.what();
  } catch (const runtime::Failure& failure) {
    exit = static_cast<Exit>(failure.exit);
    why = failure.what();
  } catch (const std::bad_alloc&) {
    exit = Exit::io;
  } catch (const std::exception& error) {
    why = error.what();
  }
  // Libraries report memory that is refused in their own ways, too.
  if ((exit == Exit::io && why.empty()) || (exit == Exit::internal && memory_is_exhausted()))
    end_child(static_cast<int>(Exit::io), out_of_memory());
  end_child(static_cast<int>(exit), why);
}

class Pool {
public:
  Pool(const kernels::Target& target, const ObjectCache& cache, int jobs, size_t total, bool show)
      : target_(target), cache_(cache), jobs_(jobs), total_(total), show_(show) {}

  ~Pool() { // after a failure: nobody is to write into a folder that is being removed
    for (const auto& [child, running] : running_)
      kill(child, SIGKILL);
    while (!running_.empty() && waitpid(running_.begin()->first, nullptr, 0) > 0)
      running_.erase(running_.begin());
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void start(const KernelRequest& request, const std::string& path) {
    if (static_cast<int>(running_.size()) >= jobs_)
      wait_one();
    int pipe[2];
    if (::pipe2(pipe, O_CLOEXEC) != 0)
      environment_failed("cannot start a process to compile a kernel", errno);
    pid_t child = 0;
    // Where there may be no more processes, there may be when one has ended.
    while ((child = start_child([&] {
              last_words_to(pipe[1]);
              compile_child(request, target_, path, cache_);
            })) == 0) {
      if (running_.empty())
        environment_failed("cannot start a process to compile a kernel", errno);
      wait_one();
    }
    ::close(pipe[1]);
    running_[child] = {request, pipe[0], std::chrono::steady_clock::now()};
  }

  std::vector<KernelTime> finish() {
    while (!running_.empty())
      wait_one();
    if (show_ && total_ != 0)
      tell("\r\x1b[K");
    // What the machine refused is said once: it may have refused it to every one.
    if (!refused_.empty())
      throw Failure(Exit::io, "a kernel cannot be compiled: " + refused_);
    if (!failures_.empty())
      throw Failure(Exit::internal, "this is a bug in rvbc: a kernel does not compile\n" + failures_);
    return std::move(times_);
  }

private:
  void wait_one() {
    int status = 0;
    pid_t child = waitpid(-1, &status, 0);
    if (child < 0 && errno != EINTR)
      environment_failed("cannot wait for a process", errno);
    auto found = running_.find(child);
    if (found == running_.end())
      return;
    auto [request, pipe, begin] = found->second;
    running_.erase(found);
    const std::string words = read_descriptor(pipe, "a process", 4096);
    ::close(pipe);
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const std::string& layer = request.op->layer;
    times_.push_back({ir::info(request.op->opcode).name + (layer.empty() ? "" : " of " + layer), took.count()});
    ++done_;
    if (show_)
      tell("\r\x1b[Kcompiling kernels {}/{}", done_, total_);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      if (!words.empty())
        note_once("kernels are not kept: " + words);
      return;
    }
    const bool killed = WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM);
    const std::string why = WIFSIGNALED(status) ? how_it_ended(status) : words;
    if (killed || (WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(Exit::io)))
      refused_ = why;
    else
      failures_ +=
          fmt::format("  {} ({}): {}\n", ir::info(request.op->opcode).name, layer.empty() ? "no layer" : layer, why);
  }

  const kernels::Target& target_;
  const ObjectCache& cache_;
  int jobs_;
  size_t total_;
  bool show_;
  size_t done_ = 0;
  struct Running {
    KernelRequest request;
    int pipe;
    std::chrono::steady_clock::time_point begin;
  };
  std::map<pid_t, Running> running_;
  std::vector<KernelTime> times_;
  std::string refused_, failures_;
};

} // namespace

void compile_kernel(const KernelRequest& request, const kernels::Target& target, const std::string& path) {
  if (request.layer)
    layerkernels::compile_layer(layerkernels::layer(*request.function, *request.op, request.neuron), target,
                                machine::OutputKind::object, path);
  else
    kernels::compile(*request.function, *request.op, target, {}, path);
}

std::string kernel_text(const KernelRequest& request, const kernels::Target& target) {
  TemporaryFolder folder;
  std::string path = folder.path() + "/kernel", text;
  if (request.layer) {
    layerkernels::compile_layer(layerkernels::layer(*request.function, *request.op, request.neuron), target,
                                machine::OutputKind::llvm_ir, path);
    return read_text(path);
  }
  now_writing(path);
  kernels::compile(*request.function, *request.op, target, {}, path, &text);
  return text;
}

KernelObjects compile_kernels(const std::vector<KernelRequest>& requests, const kernels::Target& target,
                              const std::string& folder, int jobs, bool quiet) {
  std::map<std::string, KernelRequest> distinct;
  for (const KernelRequest& request : requests)
    distinct.emplace(request.symbol, request);
  const ObjectCache cache(cache_folder());
  KernelObjects result;
  std::vector<KernelRequest> missing;
  for (const auto& [symbol, request] : distinct) {
    result.files.push_back(symbol + ".o");
    if (const std::optional<std::string> object = cache.find(symbol)) {
      write_scratch(folder + "/" + symbol + ".o", *object);
      ++result.cached;
    } else {
      missing.push_back(request);
    }
  }
  if (jobs <= 0)
    jobs = std::max(1u, std::thread::hardware_concurrency());
  Pool pool(target, cache, jobs, missing.size(), !quiet && isatty(2));
  for (const KernelRequest& request : missing)
    pool.start(request, folder + "/" + request.symbol + ".o");
  result.times = pool.finish();
  result.compiled = static_cast<int>(missing.size());
  cache.tidy();
  return result;
}

} // namespace rvb::build
