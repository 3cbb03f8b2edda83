#include "host/children.h"

#include "support/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace rvb {

namespace {

// In a child. Its parent may have ended before the kernel was asked to tell.
void end_with(pid_t parent, int signal) {
  prctl(PR_SET_PDEATHSIG, signal);
  if (getppid() != parent)
    _exit(1);
}

int wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      environment_failed("cannot wait for a process", errno);
  return status;
}

void end_group(int) {
  kill(0, SIGKILL);
}

// False, and errno.
bool redirect(const Command& command) {
  auto onto = [](int file, int wanted) {
    if (file < 0 || dup2(file, wanted) < 0)
      return false;
    if (file > 2)
      close(file);
    return true;
  };
  const int make = O_WRONLY | O_CREAT | O_TRUNC;
  const bool done = onto(open("/dev/null", O_RDONLY), 0) && onto(open(command.out.c_str(), make, 0600), 1) &&
                    (command.error == command.out ? dup2(1, 2) == 2 : onto(open(command.error.c_str(), make, 0600), 2));
  if (!command.temporary.empty())
    setenv("TMPDIR", command.temporary.c_str(), 1);
  return done && (command.folder.empty() || chdir(command.folder.c_str()) == 0);
}

// A program such as a compiler starts others, which nobody tells that rvbc has ended. So they all are one group of
// processes with a leader that is told, and that takes the group along.
[[noreturn]] void lead(const std::string& program, const Command& command, int failure) {
  setpgid(0, 0);
  struct sigaction action {};
  action.sa_handler = end_group;
  sigaction(SIGTERM, &action, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto fail = [&] {
    const int error = errno;
    (void)!write(failure, &error, sizeof error);
    _exit(127);
  };
  const pid_t leader = getpid();
  const pid_t child = fork();
  if (child < 0)
    fail();
  if (child == 0) {
    end_with(leader, SIGKILL);
    std::signal(SIGTERM, SIG_DFL);
    if (!redirect(command))
      fail();
    std::vector<char*> words;
    for (const std::string& word : command.words)
      words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(program.c_str(), words.data());
    fail();
  }
  close(failure);
  const int status = wait_for(child);
  if (WIFEXITED(status))
    _exit(WEXITSTATUS(status));
  struct rlimit no_core {};
  setrlimit(RLIMIT_CORE, &no_core);
  std::signal(WTERMSIG(status), SIG_DFL);
  kill(getpid(), WTERMSIG(status));
  _exit(127);
}

pid_t start(const std::function<void()>& work, int signal) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    end_with(parent, signal);
    work();
    _exit(0);
  }
  return child;
}

} // namespace

pid_t start_child(const std::function<void()>& work) {
  const pid_t child = start(work, SIGKILL);
  return child < 0 ? 0 : child;
}

int run(const Command& command) {
  const std::string program = find_program(command.words[0]);
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0)
    environment_failed("cannot start " + program, errno);
  const pid_t leader = start(
      [&] {
        close(pipe[0]);
        lead(program, command, pipe[1]);
      },
      SIGTERM);
  int error = leader < 0 ? errno : 0;
  close(pipe[1]);
  if (leader > 0)
    while (read(pipe[0], &error, sizeof error) < 0 && errno == EINTR) {
    }
  close(pipe[0]);
  const int status = leader < 0 ? 0 : wait_for(leader);
  if (error != 0)
    environment_failed("cannot start " + program, error);
  return status;
}

std::string how_it_ended(int status) {
  if (WIFEXITED(status))
    return fmt::format("exit code {}", WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return fmt::format("killed by signal {} ({}){}", signal, strsignal(signal),
                     signal == SIGKILL ? ", as the system does when memory is short" : "");
}

std::string find_program(const std::string& name) {
  auto runs = [](const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(path.c_str(), X_OK) == 0;
  };
  auto whole = [](const std::string& path) { // the program may be started in another folder
    if (path[0] == '/')
      return path;
    char* here = getcwd(nullptr, 0);
    if (here == nullptr)
      environment_failed("cannot find the current folder", errno);
    std::string result = std::string(here) + "/" + path;
    std::free(here);
    return result;
  };
  if (name.find('/') != std::string::npos) {
    if (!runs(name))
      throw Failure(Exit::io, "cannot start " + name + ": there is no such program");
    return whole(name);
  }
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  for (size_t begin = 0; begin <= rest.size();) {
    const size_t end = std::min(rest.find(':', begin), rest.size());
    const std::string folder = end == begin ? "." : rest.substr(begin, end - begin);
    if (!name.empty() && runs(folder + "/" + name))
      return whole(folder + "/" + name);
    begin = end + 1;
  }
  throw Failure(Exit::io, "cannot start " + name + ": there is no such program in PATH");
}

} // namespace rvb
