// Whole programs as processes: missing descriptors, full disks, refused threads, signals.
#include "files/npy.h"
#include "support.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>

namespace rvb::runtime {

using test::Folder;
using test::Outcome;
using test::shell;

namespace {

const std::string program = RVB_FAKE, deployed = RVB_FAKE_DEPLOYED, misfortune = "LD_PRELOAD=" RVB_MISFORTUNE " ";

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

class Process : public ::testing::Test {
protected:
  Process() {
    test::write_data(folder_.path());
    std::vector<float> image(784, 0.5f);
    write_npy(folder_ / "x.npy", {1, 1, 28, 28}, image.data());
  }
  std::string train(const std::string& run, const std::string& flags = "") {
    return program + " train --data " + folder_.path() + " --run-dir " + folder_ / run + " " + flags;
  }
  std::string infer() { return deployed + " infer --input " + folder_ / "x.npy"; }
  std::vector<std::string> temporaries(const std::string& folder) {
    std::vector<std::string> found;
    for (const std::string& name : files_in(folder_ / folder))
      if (name.find(".tmp") != std::string::npos)
        found.push_back(name);
    return found;
  }
  Folder folder_;
};

TEST_F(Process, MissingDescriptorsTakeNoFile) {
  ASSERT_EQ(shell(train("whole", "--epochs 2 --log-every 1")).exit, 0);
  const std::string wanted = test::text(folder_ / "whole/last.safetensors");
  for (const std::string closed : {"<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"}) {
    const std::string run = "run" + std::to_string(closed.size());
    EXPECT_EQ(shell(train(run, "--epochs 2 --log-every 1 " + closed)).exit, 0) << closed;
    EXPECT_EQ(test::text(folder_ / run + "/last.safetensors") == wanted, true) << closed;
    const std::string metrics = test::text(folder_ / run + "/metrics.jsonl");
    EXPECT_EQ(metrics.substr(0, 8), "{\"kind\":") << closed;
    EXPECT_EQ(metrics.find("training Fake"), std::string::npos) << closed;
    shell("rm -r " + folder_ / run);
  }
  EXPECT_EQ(shell(program + " nonsense 2>/dev/full").exit, 2);
  EXPECT_EQ(shell(program + " nonsense 2>&-").exit, 2);
  // A reader of the messages that goes away does not stop the work; one of the results does, with a message.
  EXPECT_EQ(shell("( " + train("gone", "--epochs 2 --log-every 1") + " 2>&3; echo $? >" + folder_ / "code" +
                  " ) 3>&1 >/dev/null | true")
                .exit,
            0);
  EXPECT_EQ(test::text(folder_ / "code"), "0\n");
  shell("mkfifo " + folder_ / "pipe");
  Outcome outcome =
      shell("true <" + folder_ / "pipe" + " & exec 9>" + folder_ / "pipe" + "; wait; " + infer() + " >&9");
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_HAS(outcome.err, "cannot write to standard output: Broken pipe");
  shell("rm -r " + folder_ / "gone");
  outcome = shell("true <" + folder_ / "pipe" + " & exec 9>" + folder_ / "pipe" + "; wait; " +
                  train("gone", "--epochs 2 --log-every 1") + " >&9");
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_EQ(shell(train("gone", "--epochs 2 --log-every 1 --resume")).exit, 0); // the first epoch was saved
  EXPECT_EQ(test::text(folder_ / "gone/last.safetensors") == wanted, true);
}

TEST_F(Process, WhatIsNoFileIsWrittenThrough) {
  const std::string x = folder_ / "out";
  shell("ln -s " + x + " " + folder_ / "link; echo before >" + x);
  shell("ln -s /proc/self/fd/1 " + folder_ / "stdout"); // as /dev/stdout, which a mistake must not replace
  EXPECT_EQ(
      shell("echo first >" + x + "; ( echo second; " + infer() + " -o " + folder_ / "stdout" + "; echo last ) >>" + x)
          .exit,
      0);
  std::string text = test::text(x);
  EXPECT_EQ(text.substr(0, 13), "first\nsecond\n");
  EXPECT_HAS(text, "NUMPY");
  EXPECT_EQ(text.substr(text.size() - 5), "last\n");
  EXPECT_EQ(shell(infer() + " -o " + folder_ / "link").exit, 0); // the link stays, its file is replaced
  struct stat status;
  ASSERT_EQ(lstat((folder_ / "link").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  EXPECT_EQ(test::text(x).substr(1, 5), "NUMPY");
  EXPECT_EQ(shell("mkfifo " + folder_ / "pipe; cat " + folder_ / "pipe >" + folder_ / "copy & " + infer() + " -o " +
                  folder_ / "pipe && wait")
                .exit,
            0);
  EXPECT_EQ(test::text(folder_ / "copy"), test::text(x));
  ASSERT_EQ(lstat((folder_ / "pipe").c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
  shell("chmod 600 " + x + "; " + infer() + " -o " + x);
  ASSERT_EQ(stat(x.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  Outcome outcome = shell(infer() + " -o /dev/full");
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_HAS(outcome.err, "cannot write /dev/full: No space left on device");
}

// Each call that a training makes fails once; what was saved before stays whole, and the run goes on from there.
TEST_F(Process, FailuresOfTheDiskNameTheFileAndLoseNoCheckpoint) {
  ASSERT_EQ(shell(train("a", "--epochs 1 --quiet --limit 64")).exit, 0);
  ASSERT_EQ(shell("cp -r " + folder_ / "a" + " " + folder_ / "whole; " + train("whole", "--epochs 2 --resume")).exit,
            0);
  const std::string wanted = test::text(folder_ / "whole/last.safetensors");
  const std::vector<std::pair<std::string, int>> faults = {{"open", EMFILE}, {"write", ENOSPC},  {"write", EIO},
                                                           {"fsync", EIO},   {"rename", ENOSPC}, {"close", EIO}};
  for (const auto& [call, error] : faults) {
    int failures = 0, harmless = 0;
    for (int at = 1; harmless < (call == "close" ? 12 : 2) && at < 60; ++at) {
      const std::string fault =
          "RVB_FAIL=" + call + ":" + std::to_string(error) + ":" + std::to_string(at) + " " + misfortune;
      shell("rm -rf " + folder_ / "b; cp -r " + folder_ / "a" + " " + folder_ / "b");
      Outcome outcome = shell(fault + train("b", "--epochs 2 --resume --quiet"));
      harmless = outcome.exit == 0 ? harmless + 1 : 0; // what is closed after it was read, or never comes
      if (outcome.exit != 0) {
        ++failures;
        EXPECT_EQ(outcome.exit, 5) << fault << outcome.err;
        EXPECT_HAS(outcome.err, std::strerror(error));
        EXPECT_HAS(outcome.err, folder_.path());
      }
      EXPECT_TRUE(temporaries("b").empty()) << fault;
      if (outcome.exit != 0)
        shell(train("b", "--epochs 2 --resume --quiet"));
      EXPECT_EQ(test::text(folder_ / "b/last.safetensors") == wanted, true) << fault;
    }
    EXPECT_GT(failures, 2) << call;
  }
  for (const std::string call : {"open", "write", "fsync", "rename", "close", "mkdir"}) {
    Outcome outcome =
        shell("RVB_FAIL=" + call + ":4:1:2 " + misfortune + train("c" + call, "--epochs 2 --quiet --limit 64"));
    EXPECT_EQ(outcome.exit, call == "mkdir" ? 5 : 0) << call << outcome.err; // mkdir is never interrupted
  }
  EXPECT_EQ(test::text(folder_ / "cwrite/last.safetensors") == wanted, true);
}

TEST_F(Process, TheReasonIsThatOfTheFailure) {
  Outcome outcome = shell("RVB_FAIL=mkdir:13:1:9 " + misfortune + train("new"));
  EXPECT_EQ(outcome.exit, 5);
  EXPECT_HAS(outcome.err, "cannot make the folder");
  EXPECT_HAS(outcome.err, "Permission denied");
  outcome = shell("ulimit -f 4; " + program + " init -o " + folder_ / "w.safetensors");
  EXPECT_EQ(outcome.exit, 5) << outcome.err;
  EXPECT_HAS(outcome.err, "w.safetensors: File too large");
  EXPECT_FALSE(file_exists(folder_ / "w.safetensors"));
}

TEST_F(Process, LeftoversOfTheKilledGo) {
  EXPECT_EQ(shell("RVB_KILL=rename:2 " + misfortune + train("a", "--epochs 1")).exit, 128 + SIGKILL);
  EXPECT_EQ(temporaries("a").size(), 1u);
  EXPECT_EQ(shell(train("a", "--epochs 1")).exit, 0); // there is no checkpoint yet: the run begins anew
  EXPECT_TRUE(temporaries("a").empty());
  // Killed between the checkpoint and the removal of what the one before had: the run is complete, and it goes now.
  shell("touch " + folder_ / "a/optimizer-000000003.safetensors");
  EXPECT_EQ(shell(train("a", "--epochs 1 --resume")).exit, 0);
  EXPECT_FALSE(file_exists(folder_ / "a/optimizer-000000003.safetensors"));
  make_folder(folder_ / "out");
  EXPECT_EQ(shell("RVB_KILL=rename:1 " + misfortune + program + " init -o " + folder_ / "out/a").exit, 128 + SIGKILL);
  shell("echo mine >" + folder_ / "out/mine.2024.tmp");
  EXPECT_EQ(temporaries("out").size(), 2u);
  EXPECT_EQ(shell(program + " init -o " + folder_ / "out/b").exit, 0);
  EXPECT_EQ(temporaries("out"), std::vector<std::string>{"mine.2024.tmp"});
}

TEST_F(Process, ThreadsThatCannotStartAreFewer) {
  ASSERT_EQ(shell(train("whole", "--epochs 1 --threads 4")).exit, 0);
  for (int most : {0, 1, 2, 3}) {
    const std::string fewer = "RVB_THREADS_AT_MOST=" + std::to_string(most) + " " + misfortune;
    const std::string run = "run" + std::to_string(most);
    Outcome outcome = shell(fewer + train(run, "--epochs 1 --threads 4"));
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    EXPECT_HAS(outcome.err, "threads");
    EXPECT_HAS(outcome.err, "cannot be started (Resource temporarily unavailable)");
    EXPECT_EQ(test::text(folder_ / run + "/last.safetensors") == test::text(folder_ / "whole/last.safetensors"), true);
    outcome = shell(fewer + deployed + " bench --batch 4 --threads 4,2,1,4 --repeats 3 --seconds 0");
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
  }
}

TEST_F(Process, TooLittleMemoryIsSaid) {
#if !defined(__SANITIZE_ADDRESS__)
  ASSERT_EQ(shell(program + " init -o " + folder_ / "w").exit, 0);
  const std::string weights = " --weights " + folder_ / "w";
  const std::vector<std::string> lines = {
      train("run", "--epochs 1 --threads 2 --quiet"), program + " eval --threads 2 --data " + folder_.path() + weights,
      infer() + " --threads 2", deployed + " bench --batch 2 --threads 2 --repeats 1 --seconds 0", deployed + " info"};
  for (const std::string& line : lines) {
    bool worked = false;
    // Below some megabytes the system's loader does not come to the program.
    for (int kilobytes = 7000; !worked && kilobytes < 400000; kilobytes += kilobytes / 5) {
      shell("rm -rf " + folder_ / "run");
      Outcome outcome = shell("ulimit -v " + std::to_string(kilobytes) + "; timeout 60 " + line);
      worked = outcome.exit == 0;
      if (worked || outcome.exit == 127) // 127: of the loader, or of timeout
        continue;
      EXPECT_EQ(outcome.exit, 5) << kilobytes << " " << line << "\n" << outcome.err;
      EXPECT_TRUE(outcome.err.find("memory") != std::string::npos || outcome.err.find("thread") != std::string::npos)
          << kilobytes << outcome.err;
    }
    EXPECT_TRUE(worked) << line;
  }
#endif
}

// Starts the training, sends the signal when a step is in its log; its exit code, 128 + signal when killed. `ignored`:
// what was ignored when it began, as nohup and background jobs do.
int stop(const std::string& command, const std::string& run, int signal, int ignored) {
  const pid_t child = fork();
  if (child == 0) {
    const int null = open("/dev/null", O_RDWR);
    for (int file : {0, 1, 2})
      dup2(null, file);
    for (int each : {SIGINT, SIGTERM, SIGHUP})
      ::signal(each, each == ignored ? SIG_IGN : SIG_DFL);
    execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  while (!file_exists(run + "/metrics.jsonl") || test::text(run + "/metrics.jsonl").size() < 300) {
    if (waitpid(child, &status, WNOHANG) == child)
      return -1;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, signal);
  if (ignored == signal) { // it goes on; something else ends it
    const size_t before = test::text(run + "/metrics.jsonl").size();
    while (test::text(run + "/metrics.jsonl").size() < before + 1000 && waitpid(child, &status, WNOHANG) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    kill(child, SIGTERM);
  }
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(Process, SignalsSave) {
  int number = 0;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const std::string run = "run" + std::to_string(++number);
    EXPECT_EQ(stop(train(run, "--epochs 1000000 --log-every 1"), folder_ / run, signal, 0), 130) << signal;
    EXPECT_TRUE(file_exists(folder_ / run + "/last.safetensors"));
  }
  for (int signal : {SIGINT, SIGHUP}) {
    const std::string run = "ignored" + std::to_string(++number);
    EXPECT_EQ(stop(train(run, "--epochs 1000000 --log-every 1"), folder_ / run, signal, signal), 130) << signal;
    EXPECT_GT(test::text(folder_ / run + "/metrics.jsonl").size(), 1300u) << signal;
  }
}

} // namespace
} // namespace rvb::runtime
