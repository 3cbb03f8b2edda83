// What kernels call, random numbers, parameters, the optimiser.
#include "base/failure.h"
#include "base/files.h"
#include "base/random.h"
#include "core/core.h"
#include "core/ports.h"
#include "evaluation/scores.h"
#include "network/function.h"
#include "network/parameters.h"
#include "optimizers/optimizer.h"
#include "support.h"
#include "training/schedules.h"

#include <atomic>
#include <cmath>
#include <set>
#include <thread>

extern "C" int halide_error_out_of_memory(void* context);
extern "C" int halide_error_bad_type(void* context, const char* name, uint32_t given, uint32_t correct);

namespace rvb::runtime {
namespace {

TEST(Threads, EveryTaskRunsOnceAndErrorsComeBack) {
  for (int threads : {1, 2, 5}) {
    rvb_set_threads(threads);
    std::vector<std::atomic<int>> runs(1000);
    auto task = [](void*, int i, uint8_t* closure) {
      return (*reinterpret_cast<std::vector<std::atomic<int>>*>(closure))[static_cast<size_t>(i - 7)]++, 0;
    };
    EXPECT_EQ(halide_do_par_for(nullptr, task, 7, 1000, reinterpret_cast<uint8_t*>(&runs)), 0);
    for (auto& count : runs)
      EXPECT_EQ(count, 1);
    rvb_clear_error();
    auto fails = [](void*, int i, uint8_t*) { return i == 600 ? halide_error_out_of_memory(nullptr) : 0; };
    EXPECT_EQ(halide_do_par_for(nullptr, fails, 0, 1000, nullptr), -11);
    EXPECT_STREQ(rvb_last_error(), "out of memory");
    EXPECT_EQ(halide_do_par_for(nullptr, task, 0, 0, nullptr), 0);
  }
  rvb_set_threads(0);
  EXPECT_EQ(rvb_threads(), rvb_available_threads());
}

TEST(Threads, LoopsInLoops) {
  rvb_set_threads(2);
  std::atomic<int> count{0};
  auto inner = [](void*, int, uint8_t* closure) { return ++*reinterpret_cast<std::atomic<int>*>(closure), 0; };
  struct Outer {
    rvb_task inner;
    uint8_t* count;
  } outer{inner, reinterpret_cast<uint8_t*>(&count)};
  auto task = [](void*, int, uint8_t* closure) {
    auto* outer = reinterpret_cast<Outer*>(closure);
    return halide_do_par_for(nullptr, outer->inner, 0, 30, outer->count);
  };
  EXPECT_EQ(halide_do_par_for(nullptr, task, 0, 20, reinterpret_cast<uint8_t*>(&outer)), 0);
  EXPECT_EQ(count, 600);
  rvb_set_threads(0);
}

// A tree as /proc and the cgroup file systems show it to a process.
class Machine {
public:
  void file(const std::string& path, const std::string& text) {
    make_folder(root_.path() + path.substr(0, path.rfind('/')));
    write_file(root_.path() + path, text);
  }
  void process(const std::string& mountinfo, const std::string& cgroup) {
    file("/proc/self/mountinfo", "22 1 0:20 / / rw - ext4 /dev/sda1 rw\n" + mountinfo);
    file("/proc/self/cgroup", cgroup);
  }
  int quota() const { return rvb_cpu_quota(root_.path().c_str()); }

private:
  test::Folder root_;
};

TEST(Cpus, QuotaOfVersion2IsTheLeastOfAllGroupsAbove) {
  Machine machine;
  EXPECT_EQ(machine.quota(), 0); // no /proc at all
  machine.process("30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
                  "0::/user.slice/job.scope\n");
  EXPECT_EQ(machine.quota(), 0); // no controller
  machine.file("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  EXPECT_EQ(machine.quota(), 0);
  machine.file("/sys/fs/cgroup/user.slice/cpu.max", "350000 100000\n");
  EXPECT_EQ(machine.quota(), 4); // rounded up
  machine.file("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "20000 100000\n");
  EXPECT_EQ(machine.quota(), 1);
  machine.file("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "800000 100000\n");
  EXPECT_EQ(machine.quota(), 4); // the group above has less
  machine.file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(machine.quota(), 2);
  machine.file("/sys/fs/cgroup/cpu.max", "nonsense\n");
  EXPECT_EQ(machine.quota(), 4);
}

TEST(Cpus, QuotaOfVersion1AndOfContainers) {
  Machine machine;
  machine.process("30 22 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                  "31 22 0:27 / /sys/fs/cgroup/cpu\\040here rw - cgroup cgroup rw,cpu,cpuacct\n",
                  "5:memory:/a\n4:cpu,cpuacct:/a/b\n0::/\n");
  const std::string mount = "/sys/fs/cgroup/cpu here";
  machine.file(mount + "/a/b/cpu.cfs_quota_us", "-1\n");
  machine.file(mount + "/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(machine.quota(), 0);
  machine.file(mount + "/a/cpu.cfs_quota_us", "150000\n");
  machine.file(mount + "/a/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(machine.quota(), 3);
  // A container that shares the host's name space: its group is the top of what is mounted.
  machine.process("31 22 0:27 /docker/12 /cpu rw - cgroup cgroup rw,cpu\n", "4:cpu:/docker/12/inner\n");
  machine.file("/cpu/cpu.cfs_quota_us", "250000\n");
  machine.file("/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(machine.quota(), 3);
  machine.file("/cpu/inner/cpu.cfs_quota_us", "100000\n");
  machine.file("/cpu/inner/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(machine.quota(), 1);
  // A group outside of the process's name space
  machine.process("30 22 0:26 / /two rw - cgroup2 cgroup2 rw\n", "0::/../other\n");
  machine.file("/two/cpu.max", "600000 100000\n");
  EXPECT_EQ(machine.quota(), 6);
}

TEST(Memory, AlignedAndReused) {
  std::set<void*> first;
  for (int round = 0; round < 3; ++round) {
    std::vector<void*> blocks;
    for (size_t bytes : {size_t{1}, size_t{100}, size_t{4096}, size_t{1} << 20}) {
      void* block = halide_malloc(nullptr, bytes);
      ASSERT_NE(block, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
      std::memset(block, 1, bytes);
      blocks.push_back(block);
    }
    if (round == 0)
      first.insert(blocks.begin(), blocks.end());
    EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()), first); // nothing new after the first round
    for (void* block : blocks)
      halide_free(nullptr, block);
  }
  std::vector<void*> many;
  for (int i = 0; i < 100; ++i)
    many.push_back(halide_malloc(nullptr, 64));
  std::thread([&] { // freed where they were not taken
    for (void* block : many)
      halide_free(nullptr, block);
  })
      .join();
  halide_free(nullptr, nullptr);
  EXPECT_EQ(halide_malloc(nullptr, SIZE_MAX), nullptr);
}

TEST(Errors, SayWhatAndReturnHalidesCode) {
  EXPECT_EQ(halide_error_bad_type(nullptr, "x", 1, 2), -3);
  EXPECT_STREQ(rvb_last_error(), "x has type 1 instead of 2");
  rvb_clear_error();
  EXPECT_STREQ(rvb_last_error(), "");
}

TEST(Cpu, UnknownFeaturesAreMissing) {
  const char* none[] = {nullptr};
  const char* sse2[] = {"sse2", nullptr};
  const char* future[] = {"sse2", "avx9000", nullptr};
  EXPECT_EQ(rvb_missing_feature(none), nullptr);
  EXPECT_EQ(rvb_missing_feature(sse2), nullptr);
  EXPECT_STREQ(rvb_missing_feature(future), "avx9000");
  EXPECT_EQ(rvb_missing_feature(nullptr), nullptr);
}

// The known answers that come with Random123 (kat_vectors, philox4x32 10).
TEST(Ports, AreFoundByRoleAndNameAndMeasured) {
  const int64_t image[] = {2, RVB_BATCH, 5}, words[] = {RVB_BATCH, 3};
  const rvb_port ports[] = {{"image", RVB_INPUT, RVB_F32, 3, 0, image},
                            {"0", RVB_STATE, RVB_F32, 2, -0.5f, words},
                            {"1", RVB_STATE, RVB_I32, 2, 7, words},
                            {"unit", RVB_RANGE, RVB_I16, 2, 0, words},
                            {"loss", RVB_LOSS, RVB_F32, 0, 0, nullptr}};
  EXPECT_EQ(rvb_find_port(ports, 5, RVB_STATE, nullptr), 1);
  EXPECT_EQ(rvb_find_port(ports, 5, RVB_STATE, "1"), 2);
  EXPECT_EQ(rvb_find_port(ports, 5, RVB_INPUT, "0"), -1);
  EXPECT_EQ(rvb_port_elements(&ports[0], 4), 40);
  EXPECT_EQ(rvb_port_floats(&ports[0], 4), 40);
  EXPECT_EQ(rvb_port_floats(&ports[3], 3), 5); // 9 of 2 bytes
  EXPECT_EQ(rvb_port_elements(&ports[4], 4), 1);
  float reals[6];
  int32_t integers[6];
  rvb_begin_state(&ports[1], reals, 2);
  rvb_begin_state(&ports[2], integers, 2);
  EXPECT_EQ(reals[5], -0.5f);
  EXPECT_EQ(integers[5], 7);
}

// What a program says of its functions is looked up by role and name, wherever it stands; what nobody gives is refused.
int joined(const rvb_frame* frame) {
  const auto* left = static_cast<const float*>(frame->arguments[3]);
  const auto* right = static_cast<const float*>(frame->arguments[1]);
  const auto* before = static_cast<const float*>(frame->arguments[0]);
  for (int64_t i = 0; i < 2 * frame->batch; ++i) {
    static_cast<float*>(frame->results[2])[i] = left[i] - right[i];
    static_cast<float*>(frame->results[1])[i] = left[i];
    static_cast<float*>(frame->results[0])[i] = before[i] + left[i] * static_cast<const float*>(frame->arguments[2])[0];
  }
  return 0;
}

TEST(Ports, OfAFunctionWithTwoInputsAndTwoOutputsInAnyOrder) {
  const int64_t pairs[] = {RVB_BATCH, 2}, one[] = {1};
  const rvb_port state{"0", RVB_STATE, RVB_F32, 2, 0.5f, pairs};
  rvb_port arguments[] = {state,
                          {"right", RVB_INPUT, RVB_F32, 2, 0, pairs},
                          {"w", RVB_PARAMETER, RVB_F32, 1, 0, one},
                          {"left", RVB_INPUT, RVB_F32, 2, 0, pairs}};
  const rvb_port results[] = {
      state, {"second", RVB_LOGITS, RVB_F32, 2, 0, pairs}, {"logits", RVB_LOGITS, RVB_F32, 2, 0, pairs}};
  const rvb_function functions[] = {{"step", joined, 0, 0, 4, 3, arguments, results}};
  rvb_program program{};
  program.function_count = 1;
  program.functions = functions;
  Manifest manifest;
  Parameter w;
  w.name = "w";
  w.shape = {1};
  w.order = {0};
  manifest.parameters = {w};
  ParameterSet parameters(manifest.parameters);
  parameters[0][0] = 10;
  Function step(program, manifest, "step", 2, &parameters);
  EXPECT_EQ(step.input("middle"), nullptr);
  for (int i = 0; i < 4; ++i) {
    step.input("left")[i] = static_cast<float>(i + 1);
    step.input("right")[i] = 1;
  }
  step.reset_states();
  step.run(2);
  EXPECT_EQ(step.result(RVB_LOGITS, "logits")[3], 3);
  EXPECT_EQ(step.result(RVB_LOGITS, "second")[3], 4);
  EXPECT_EQ(step.result(RVB_STATE, "0")[3], 40.5f);
  step.advance_states();
  step.run(2);
  EXPECT_EQ(step.result(RVB_STATE, "0")[3], 80.5f);
  EXPECT_EQ(step.result(RVB_GRADIENT, "w"), nullptr);
  arguments[2].name = "v";
  EXPECT_THROW(Function(program, manifest, "step", 2, &parameters), Failure);
  arguments[2].name = "w";
  arguments[0].name = "1"; // which no result returns
  EXPECT_THROW(Function(program, manifest, "step", 2, &parameters), Failure);
}

TEST(Random, KnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (RandomBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t all = 0xffffffff;
  EXPECT_EQ(philox({all, all, all, all}, {all, all}), (RandomBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (RandomBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, NormalAndPermutation) {
  std::vector<float> values(100001);
  fill_normal({3, 0, 0, Draw::initial_weights}, values.data(), static_cast<int64_t>(values.size()));
  double sum = 0, squares = 0;
  for (float value : values) {
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / 100001, 0, 0.015);     // 4.7 standard errors
  EXPECT_NEAR(squares / 100001, 1, 0.021); // 4.7 standard errors
  auto a = permutation(1, 0, 1000), b = permutation(1, 1, 1000);
  EXPECT_NE(a, b);
  EXPECT_EQ(a, permutation(1, 0, 1000));
  EXPECT_EQ(std::set<int64_t>(a.begin(), a.end()).size(), 1000u);
  // Uniform: over many seeds every sample comes first about equally often.
  std::vector<int> firsts(5);
  for (uint64_t seed = 0; seed < 5000; ++seed)
    ++firsts[static_cast<size_t>(permutation(seed, 0, 5)[0])];
  for (int count : firsts)
    EXPECT_NEAR(count, 1000, 150);
}

Parameter parameter(const std::string& name, Shape shape, std::vector<int> order) {
  Parameter p;
  p.name = name;
  p.shape = shape;
  p.order = order;
  for (int64_t extent : shape)
    p.elements *= extent;
  return p;
}

TEST(Parameters, MemoryOrderAndBack) {
  Parameter conv = parameter("c.weight", {2, 3, 1, 2}, {2, 3, 1, 0}); // disk [Co,Ci,Kh,Kw], memory [Kh,Kw,Ci,Co]
  std::vector<float> disk(12), memory(12), back(12);
  for (size_t i = 0; i < 12; ++i)
    disk[i] = static_cast<float>(i);
  disk_to_memory(conv, disk.data(), memory.data());
  // memory[kw][ci][co] = disk[co][ci][kw] = 6 co + 2 ci + kw
  EXPECT_EQ(memory, (std::vector<float>{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11}));
  memory_to_disk(conv, memory.data(), back.data());
  EXPECT_EQ(back, disk);
}

TEST(Parameters, LoadingSaysEverythingThatIsWrong) {
  std::vector<Parameter> list{parameter("a", {2}, {0}), parameter("b", {1, 2}, {1, 0}), parameter("c", {1}, {0})};
  ParameterSet set(list);
  Safetensors file{
      {{"a", {2}, {1, 2}}, {"b", {2, 1}, {3, 4}}, {"d", {1}, {5}}, {"x.num_batches_tracked", {}, {}, "I64"}}, {}};
  try {
    set.load(file, "w.safetensors");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, Exit::mismatch);
    EXPECT_STREQ(failure.what(), "w.safetensors: these weights do not fit the network:\n"
                                 "  `b` has shape [2, 1], expected [1, 2]\n"
                                 "  `c` is missing, expected shape [1]\n"
                                 "  `d` [1] is not a parameter of this network");
  }
  file.tensors = {{"a", {2}, {1, 2}}, {"b", {1, 2}, {3, 4}}, {"c", {1}, {INFINITY}}};
  try {
    set.load(file, "w.safetensors");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, Exit::user);
    EXPECT_STREQ(failure.what(), "w.safetensors: these weights are damaged:\n  `c` element 0 is not finite (inf)");
  }
  list[2].role = "running_variance";
  file.tensors[2].values = {-1};
  try {
    set.load(file, "w.safetensors");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, Exit::user);
    EXPECT_STREQ(failure.what(), "w.safetensors: these weights are damaged:\n"
                                 "  `c` element 0 of a variance is negative");
  }
}

TEST(Optimizer, SgdSparesWhatDoesNotDecay) {
  std::vector<Parameter> list{parameter("w", {1}, {0}), parameter("b", {1}, {0}), parameter("s", {1}, {0})};
  list[0].decays = true;
  ParameterSet weights(list);
  weights[0][0] = weights[1][0] = weights[2][0] = 1;
  Recipe settings;
  settings.optimizer.set("momentum", 0.5);
  settings.optimizer.set("weight_decay", 0.25);
  Optimizer sgd(list, settings);
  float gradient = 0.5f;
  sgd.step(weights, {&gradient, &gradient, nullptr}, 0.5, 1);
  EXPECT_EQ(weights[0][0], 1 - 0.5f * 0.75f);
  EXPECT_EQ(weights[1][0], 0.75f);
  EXPECT_EQ(weights[2][0], 1);
  sgd.step(weights, {&gradient, &gradient, nullptr}, 0.5, 2);
  EXPECT_EQ(weights[1][0], 0.75f - 0.5f * (0.25f + 0.5f));
  Recipe recipe;
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {0, 8, 0, 80}), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {4, 8, 40, 80}), 0.05);
  recipe.schedule = recipe::Choice(recipe::schedules, "constant");
  EXPECT_DOUBLE_EQ(learning_rate(recipe, {4, 8, 40, 80}), 0.1);
}

// The first step of Adam is rate * sign(g), whatever the size of g; AdamW's decay stands apart from that.
TEST(Optimizer, AdamTakesStepsOfTheRate) {
  std::vector<Parameter> list{parameter("w", {1}, {0}), parameter("b", {1}, {0})};
  list[0].decays = true;
  const float small = 1e-3f, large = -1e3f;
  for (const char* name : {"adam", "adamw"}) {
    ParameterSet weights(list);
    weights[0][0] = weights[1][0] = 1;
    Recipe settings;
    settings.optimizer = recipe::Choice(recipe::optimizers, name);
    settings.optimizer.set("weight_decay", 0.5);
    Optimizer adam(list, settings);
    adam.step(weights, {&small, &large}, 0.125, 1);
    EXPECT_NEAR(weights[0][0], name == std::string("adam") ? 1 - 0.125 : 1 - 0.125 * 0.5 - 0.125, 1e-5) << name;
    EXPECT_NEAR(weights[1][0], 1 + 0.125, 1e-5) << name;
    EXPECT_EQ(adam.tensors().size(), 4u);
  }
}

TEST(Scores, CountsAndFirstOfEquals) {
  Manifest manifest;
  manifest.classes = 3;
  Scores scores(manifest);
  float logits[] = {1, 1, 0, 0, 0, 5};
  int32_t labels[] = {1, 2};
  scores.add(logits, labels, 2);
  EXPECT_EQ(scores.correct, 1); // equal logits: the first one
  EXPECT_EQ(scores.confusion[1 * 3 + 0], 1);
  EXPECT_NEAR(scores.loss_sum, std::log(2 + std::exp(-1.0)) + std::log(1 + 2 * std::exp(-5.0)), 1e-12);
}

TEST(Scores, ErrorsOfNumbers) {
  Manifest manifest;
  manifest.classes = 2;
  manifest.regression = true;
  Scores scores(manifest);
  // The first number is known but for 1 in the last sample, the second is always 5.
  const float returned[] = {1, 5, 2, 6, 3, 5, 5, 4}, wanted[] = {1, 5, 2, 5, 3, 5, 4, 5};
  int32_t words[8];
  std::memcpy(words, wanted, sizeof words);
  for (int64_t first : {0, 3}) // in two batches
    scores.add(returned + 2 * first, words + 2 * first, first == 0 ? 3 : 1);
  const Errors& errors = *scores.errors;
  EXPECT_EQ(errors.count(), 4);
  EXPECT_DOUBLE_EQ(errors.squared(0), 0.25);
  EXPECT_DOUBLE_EQ(errors.absolute(1), 0.5);
  EXPECT_DOUBLE_EQ(errors.squared(), 0.375);
  EXPECT_DOUBLE_EQ(errors.explained(0), 1 - 1.0 / 5); // 1, 2, 3, 4 have squares of 5 around their mean
  EXPECT_TRUE(std::isnan(errors.explained(1)));
}

TEST(Files, OldContentsSurviveAFailedWrite) {
  test::Folder folder;
  write_file(folder / "a", "old");
  write_file(folder / "a", "new");
  EXPECT_EQ(test::text(folder / "a"), "new");
  EXPECT_EQ(files_in(folder.path()).size(), 1u);
  EXPECT_THROW(write_file("/dev/full", std::string(100000, 'x')), Failure);
  EXPECT_THROW(write_file(folder / "none/a", "x"), Failure);
  EXPECT_THROW(read_file(folder.path(), "a file"), Failure);
  make_folder(folder / "x/y/z");
  EXPECT_TRUE(folder_exists(folder / "x/y/z"));
  EXPECT_THROW(make_folder(folder / "a/b"), Failure);
}

} // namespace
} // namespace rvb::runtime
