// Whole programs: the hand-written network of fake_program.cpp with the real runtime, run as a user runs it.
#include "files/npy.h"
#include "files/safetensors.h"
#include "support.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <thread>

namespace rvb::runtime {

using nlohmann::json;
using test::Folder;
using test::Outcome;
using test::shell;

namespace {

const std::string program = RVB_FAKE, deployed = RVB_FAKE_DEPLOYED;

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

void refused(const std::string& line, int exit, const std::string& part) {
  Outcome outcome = shell(line);
  EXPECT_EQ(outcome.exit, exit) << line << "\n" << outcome.err;
  EXPECT_HAS(outcome.err, part);
  EXPECT_EQ(outcome.out, "") << line;
}

// metrics.jsonl without what the clock says
std::string metrics(const std::string& folder) {
  std::string result, line;
  for (char c : test::text(folder + "/metrics.jsonl")) {
    if (c != '\n') {
      line += c;
      continue;
    }
    json object = json::parse(line);
    object.erase("images_per_second");
    result += object.dump() + "\n";
    line.clear();
  }
  return result;
}

void same_run(const std::string& a, const std::string& b) {
  std::vector<std::string> names = files_in(a);
  EXPECT_EQ(names, files_in(b));
  for (const std::string& name : names)
    if (name.find(".safetensors") != std::string::npos) {
      EXPECT_EQ(test::text(a + "/" + name) == test::text(b + "/" + name), true) << name;
    }
  EXPECT_EQ(metrics(a), metrics(b));
}

class Program : public ::testing::Test {
protected:
  Program() { test::write_data(folder_.path()); }
  std::string train(const std::string& run, const std::string& flags = "") {
    return program + " train --data " + folder_.path() + " --run-dir " + folder_ / run + " " + flags +
           (flags.find("--log-every") == std::string::npos ? " --log-every 3" : "");
  }
  Folder folder_;
};

TEST_F(Program, LearnsAndEvaluates) {
  Outcome outcome = shell(train("a", "--epochs 6 --min-acc 0.9"));
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_HAS(outcome.out, "epoch 6/6  loss ");
  EXPECT_HAS(outcome.err, "step 9/10");
  json config = json::parse(test::text(folder_ / "a/config.json"));
  EXPECT_EQ(config["plan"]["batch"], 32);
  EXPECT_EQ(config["train_samples"], 300);

  outcome = shell(program + " eval --json --data " + folder_.path() + " --weights " + folder_ / "a/best.safetensors");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  json result = json::parse(outcome.out);
  EXPECT_EQ(result["count"], 70);
  EXPECT_GE(result["accuracy"].get<double>(), 0.9);
  EXPECT_EQ(result["accuracy"].get<double>(), result["correct"].get<int>() / 70.0);
  int sum = 0;
  for (const json& row : result["confusion"])
    for (const json& cell : row)
      sum += cell.get<int>();
  EXPECT_EQ(sum, 70);
  // the same numbers stand in the metrics, and do not depend on the batch
  std::string last = metrics(folder_ / "a");
  json epoch = json::parse(last.substr(last.rfind('\n', last.size() - 2) + 1));
  EXPECT_EQ(epoch["kind"], "epoch");
  Outcome odd = shell(program + " eval --json --batch 7 --data " + folder_.path() + " --weights " +
                      folder_ / "a/best.safetensors");
  EXPECT_EQ(json::parse(odd.out)["correct"], result["correct"]);
  EXPECT_EQ(json::parse(odd.out)["loss"], result["loss"]);
  ASSERT_EQ(shell(program + " init -o " + folder_ / "w.safetensors").exit, 0);
  refused(program + " eval --min-acc 0.9 --data " + folder_.path() + " --weights " +
              folder_ / "w.safetensors >/dev/null",
          3, "below --min-acc 0.9");
  outcome =
      shell(program + " eval --limit 20 --data " + folder_.path() + " --weights " + folder_ / "a/best.safetensors");
  EXPECT_HAS(outcome.out, "of 20)");
  EXPECT_HAS(outcome.out, "confusion");
}

TEST_F(Program, SameBitsWithAnyNumberOfThreads) {
  ASSERT_EQ(shell(train("one", "--threads 1")).exit, 0);
  ASSERT_EQ(shell(train("two", "--threads 2")).exit, 0);
  ASSERT_EQ(shell("RVB_THREADS=3 " + train("three")).exit, 0);
  same_run(folder_ / "one", folder_ / "two");
  same_run(folder_ / "one", folder_ / "three");
}

TEST_F(Program, ResumesBitForBit) {
  ASSERT_EQ(shell(train("whole")).exit, 0);
  // in the middle of an epoch, between two groups of the log, at an epoch's end; with 1 and with 2 threads
  ASSERT_EQ(shell(train("parts", "--steps 4 --threads 1")).exit, 0);
  ASSERT_EQ(shell(train("parts", "--steps 10 --resume --threads 2")).exit, 0);
  ASSERT_EQ(shell(train("parts", "--steps 21 --resume --threads 1")).exit, 0);
  ASSERT_EQ(shell(train("parts", "--resume")).exit, 0);
  same_run(folder_ / "whole", folder_ / "parts");
  Outcome outcome = shell(train("parts", "--resume"));
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_HAS(outcome.err, "is complete");
  same_run(folder_ / "whole", folder_ / "parts");
}

// Starts the training, sends the signal when the log has `lines` lines, returns the exit code (128 + signal when
// killed).
int stop_at(const std::string& command, const std::string& log, int lines, int signal) {
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  for (;;) {
    if (waitpid(child, &status, WNOHANG) == child)
      return WEXITSTATUS(status); // finished before the signal
    if (file_exists(log)) {
      std::string text = test::text(log);
      if (std::count(text.begin(), text.end(), '\n') >= lines)
        break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, signal);
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(Program, SignalsSaveAndResumeBitForBit) {
  std::string flags = "--epochs 40 --log-every 1 --limit 100 ";
  ASSERT_EQ(shell(train("whole", flags)).exit, 0);
  for (int threads : {1, 2}) {
    std::string run = "run" + std::to_string(threads), resume = flags + "--threads " + std::to_string(threads) + " ";
    EXPECT_EQ(stop_at(train(run, resume), folder_ / run + "/metrics.jsonl", 20, SIGINT), 130);
    EXPECT_EQ(stop_at(train(run, resume + "--resume"), folder_ / run + "/metrics.jsonl", 60, SIGTERM), 130);
    EXPECT_EQ(stop_at(train(run, resume + "--resume --save-every 7"), folder_ / run + "/metrics.jsonl", 110, SIGKILL),
              128 + SIGKILL);
    write_file(folder_ / run + "/last.safetensors.99999999.tmp", "half of a fi"); // what a kill may leave
    ASSERT_EQ(shell(train(run, resume + "--resume")).exit, 0);
    same_run(folder_ / "whole", folder_ / run);
  }
}

TEST_F(Program, LosesNothing) {
  ASSERT_EQ(shell(train("a", "--epochs 1 --quiet")).exit, 0);
  std::string before = test::text(folder_ / "a/last.safetensors");
  refused(train("a"), 2, "is there already");
  EXPECT_EQ(test::text(folder_ / "a/last.safetensors"), before);
  refused(train("new", "--resume"), 5, "last.safetensors is missing");
  // A file system that is full: no file may grow beyond a few kilobytes.
  Outcome outcome = shell("trap '' XFSZ; ulimit -f 8; " + train("a", "--resume --epochs 4 --quiet"));
  EXPECT_EQ(outcome.exit, 5) << outcome.err;
  EXPECT_HAS(outcome.err, "cannot write");
  EXPECT_EQ(test::text(folder_ / "a/last.safetensors"), before);
  ASSERT_EQ(shell(train("a", "--resume --epochs 4 --quiet")).exit, 0);
  // What a program that was killed at the very end could not remove any more.
  write_file(folder_ / "a/optimizer-000000001.safetensors", "the older one");
  ASSERT_EQ(shell(train("a", "--resume --quiet")).exit, 0);
  EXPECT_FALSE(file_exists(folder_ / "a/optimizer-000000001.safetensors"));
  refused(program + " init -o /dev/full", 5, "/dev/full");
  EXPECT_EQ(shell(program + " info >/dev/full").exit, 5);
  // A damaged checkpoint is refused and left alone.
  std::string path = folder_ / "a/last.safetensors", good = test::text(path);
  write_file(path, good.substr(0, good.size() - 9));
  refused(train("a", "--resume --epochs 8"), 1, "truncated");
  write_file(path, good);
  for (const std::string& name : files_in(folder_ / "a"))
    if (name.rfind("optimizer-", 0) == 0)
      remove_file(folder_ / "a" + "/" + name);
  refused(train("a", "--resume --epochs 8"), 5, "optimizer-");
}

TEST_F(Program, DivergenceStopsAndKeepsTheCheckpoint) {
  ASSERT_EQ(shell(train("a", "--epochs 2 --quiet")).exit, 0);
  std::string before = test::text(folder_ / "a/last.safetensors");
  Outcome outcome = shell(train("a", "--epochs 9 --quiet --resume --lr 1e6 --weight-decay 1e6"));
  EXPECT_EQ(outcome.exit, 1);
  EXPECT_HAS(outcome.err, "has diverged");
  EXPECT_HAS(outcome.err, "a/last.safetensors");
  EXPECT_EQ(test::text(folder_ / "a/last.safetensors"), before);
}

TEST_F(Program, ArraysInferenceAndGradient) {
  std::string w = folder_ / "w.safetensors", x = folder_ / "x.npy", y = folder_ / "y.npy";
  ASSERT_EQ(shell(program + " init --seed 5 -o " + w).exit, 0);
  std::vector<float> images(6 * 784), labels(6);
  for (size_t i = 0; i < images.size(); ++i)
    images[i] = static_cast<float>((i * 29) % 101) / 50 - 1;
  write_npy(x, {6, 1, 28, 28}, images.data());
  std::string bytes = print_npy({6}, labels.data()); // as int32: the zeros stay zeros
  bytes.replace(bytes.find("<f4"), 3, "<i4");
  write_file(y, bytes);
  std::string xy = " --weights " + w + " --input " + x + " --labels " + y;

  Outcome outcome = shell(program + " infer --weights " + w + " " + x + " --output " + folder_ / "l.npy");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  NpyArray logits = read_npy(folder_ / "l.npy");
  EXPECT_EQ(logits.shape, (std::vector<int64_t>{6, 10}));
  Safetensors weights = read_safetensors(w);
  const std::vector<float>& fc = weights.find("fc.weight")->values; // [10, 784]
  for (size_t n = 0; n < 6; ++n)
    for (size_t k = 0; k < 10; ++k) {
      double sum = 0;
      for (size_t i = 0; i < 784; ++i)
        sum += static_cast<double>(images[n * 784 + i]) * fc[k * 784 + i];
      EXPECT_NEAR(logits.values[n * 10 + k], sum, 1e-4);
    }
  outcome =
      shell("cat " + x + " | " + program + " infer --weights " + w + " --output - --input /dev/stdin"); // a pipe, once
  EXPECT_EQ(outcome.out, test::text(folder_ / "l.npy"));
  outcome = shell(program + " infer --json --top 2 --weights " + w + " --input " + x);
  json top = json::parse(outcome.out);
  ASSERT_EQ(top["samples"].size(), 6u);
  EXPECT_EQ(top["samples"][3].size(), 2u);
  EXPECT_GE(top["samples"][3][0]["probability"], top["samples"][3][1]["probability"]);

  outcome = shell(program + " gradient --json -o " + folder_ / "g.safetensors" + xy);
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  double loss = json::parse(outcome.out)["loss"];
  Safetensors gradients = read_safetensors(folder_ / "g.safetensors");
  ASSERT_EQ(gradients.tensors.size(), 3u); // not the running mean
  EXPECT_EQ(gradients.find("conv.weight")->shape, (std::vector<int64_t>{2, 1, 3, 3}));
  for (size_t i = 0; i < 18; ++i)
    EXPECT_FLOAT_EQ(gradients.find("conv.weight")->values[i], 0.1f * weights.find("conv.weight")->values[i]);

  // The first steps of training: the loss of step 1 is that of the initial weights; step 2 follows from the gradient.
  outcome = shell(program + " train --no-shuffle --no-augment --log-every 1 --steps 2 --schedule constant --run-dir " +
                  folder_ / "r" + xy);
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_HAS(outcome.err, "step 1/1");
  std::string lines = metrics(folder_ / "r");
  json first = json::parse(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first["step"], 1);
  EXPECT_EQ(first["loss"].get<double>(), loss);
  Safetensors trained = read_safetensors(folder_ / "r/last.safetensors");
  EXPECT_NE(trained.find("norm.running_mean")->values[0], 0);
  // --weights of a run that goes on from a checkpoint's weights
  EXPECT_EQ(
      shell(program + " eval --json --input " + x + " --labels " + y + " --weights " + folder_ / "r/last.safetensors")
          .exit,
      0);

  std::string decisions = " --input " + x + " --labels " + y + " --weights " + w;
  outcome = shell(program + " eval --json --compare " + folder_ / "l.npy" + decisions);
  EXPECT_EQ(json::parse(outcome.out)["comparison"]["decisions_differ"], 0);
  for (float& value : logits.values)
    value = -value;
  write_npy(folder_ / "l.npy", {6, 10}, logits.values.data());
  outcome = shell(program + " eval --json --compare " + folder_ / "l.npy" + decisions);
  EXPECT_EQ(json::parse(outcome.out)["comparison"]["decisions_differ"], 6);
  refused(program + " infer --weights " + w + " --input " + y, 1, "[N, 1, 28, 28]");
  refused(program + " eval --weights " + w + " --input " + x, 2, "--labels");
  bytes.back() = 1; // a label of 2^24
  write_file(y, bytes);
  refused(program + " eval --input " + x + " --labels " + y + " --weights " + w, 1, "classes 0 to 9");
}

TEST_F(Program, WeightsThatDoNotFit) {
  std::string w = folder_ / "w.safetensors", eval = program + " eval --data " + folder_.path() + " --weights " + w;
  refused(eval, 5, "w.safetensors");
  ASSERT_EQ(shell(program + " init -o " + w).exit, 0);
  Safetensors good = read_safetensors(w), bad = good;
  bad.tensors.erase(bad.tensors.begin());
  write_safetensors(w, bad);
  refused(eval, 4, "is missing");
  bad = good;
  bad.tensors.push_back({"optimizer.x", {1}, {0}});
  write_safetensors(w, bad);
  refused(eval, 4, "`optimizer.x` [1] is not a parameter");
  bad = good;
  bad.tensors[1].values[3] = NAN;
  write_safetensors(w, bad);
  refused(eval, 1, "not finite (nan)");
  write_file(w, "garbage");
  refused(eval, 1, "not a valid safetensors file");
  refused(program + " eval --data /nowhere --weights " + w, 1, "not a valid");
  write_safetensors(w, good);
  refused(program + " eval --data /nowhere --weights " + w, 5, "/nowhere");
  EXPECT_EQ(shell(eval).exit, 0);
}

TEST_F(Program, UsageMistakes) {
  refused(program + " trian", 2, "did you mean `train`?");
  refused(program + " train --epoch 3", 2, "did you mean `--epochs`?");
  refused(program + " train --epochs three", 2, "--epochs");
  refused(program + " train --batch 0", 2, "--batch");
  refused(program + " train", 2, "--data DIR");
  refused(program + " eval --data " + folder_.path(), 2, "--weights");
  refused(program + " train --threads many --data .", 2, "--threads is `many`");
  refused("RVB_THREADS=0 " + program + " info", 2, "RVB_THREADS is `0`");
  refused(program, 2, "train");
  refused(std::string(RVB_FAKE_FUTURE) + " bench", 4, "`avx9000`");
  refused(std::string(RVB_FAKE_FUTURE) + " bench", 4, "--target=x86-64"); // it was compiled for generic
  EXPECT_EQ(shell(std::string(RVB_FAKE_FUTURE) + " info").exit, 0);       // can still say what it is
  Outcome help = shell(program + " train --help");
  EXPECT_EQ(help.exit, 0);
  EXPECT_HAS(help.out, "--resume");
  refused(program + " train --epochs", 2, "--epochs needs a value");
  refused(program + " train --resume=yes", 2, "takes no value");
  refused(program + " eval x.npy", 2, "unexpected argument `x.npy`");
  refused(program + " bench -b 1,x", 2, "--batch is `x`");
  EXPECT_EQ(shell(program + " bench -b 2 -t 1 --format=csv -r 3").exit, 0);
  EXPECT_HAS(shell(program + " --help-all").out, "--weight-decay");
  EXPECT_HAS(shell(program + " --version").out, "rvbc test");
  EXPECT_HAS(shell(program + " --color=always train").err, "\033[1;31m");
  EXPECT_EQ(shell("NO_COLOR=1 " + program + " train").err.find("\033"), std::string::npos);
}

TEST_F(Program, BenchAndInfo) {
  Outcome outcome = shell(program + " bench --json --batch 1,4 --threads 1,2 --repeats 12");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  json bench = json::parse(outcome.out);
  EXPECT_EQ(bench["schema"], "rvb.bench/1");
  ASSERT_EQ(bench["rows"].size(), 4u);
  for (const json& row : bench["rows"]) {
    EXPECT_GE(row["repeats"], 12);
    EXPECT_GT(row["median_ms"], 0);
    EXPECT_LE(row["min_ms"], row["median_ms"]);
    EXPECT_NEAR(row["images_per_second"].get<double>() * row["median_ms"].get<double>() / 1000,
                row["batch"].get<double>(), 1e-6);
  }
  outcome = shell(program + " bench --train --batch 8 --threads 1");
  EXPECT_HAS(outcome.out, "training step");
  EXPECT_HAS(shell(program + " bench --format csv").out, "command,model");
  json info = json::parse(shell(program + " info --json").out);
  EXPECT_EQ(info["arena"]["infer"]["batch_1_bytes"], 128);
  EXPECT_EQ(info["source_hash"], "0123456789abcdef");
  EXPECT_HAS(shell(program + " info").out, "images [1, 28, 28], T = 2, 10 classes");
}

TEST_F(Program, Deployed) {
  Outcome outcome = shell(deployed + " eval --json --data " + folder_.path());
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out)["count"], 70);
  EXPECT_EQ(shell(deployed + " bench --batch 1 --threads 1").exit, 0);
  EXPECT_HAS(shell(deployed + " info").out, "deployed");
  refused(deployed + " train", 2, "unknown command");
  refused(deployed + " eval --weights x", 2, "unknown option `--weights`");
  outcome = shell(deployed + " --verify-addonly");
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_HAS(outcome.out, "verified: 0 multiplies in 1 kernels of 1 binary layers");
  outcome = shell(std::string(RVB_FAKE_MULTIPLIES) + " --verify-addonly --json");
  EXPECT_EQ(outcome.exit, 3);
  EXPECT_EQ(json::parse(outcome.out)["multiplies"], 2);
}

} // namespace
} // namespace rvb::runtime
