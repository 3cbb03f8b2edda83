// What a recipe says, as flags, in config.json, in checkpoints and over grids: the program of fake_program.cpp, run as
// a user runs it.
#include "files/npy.h"
#include "files/safetensors.h"
#include "support.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace rvb::runtime {

using nlohmann::json;
using test::Folder;
using test::Outcome;
using test::shell;

namespace {

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

class RecipeOfARun : public ::testing::Test {
protected:
  RecipeOfARun() { test::write_data(folder_.path()); }
  Outcome train(const std::string& run, const std::string& flags) {
    return shell(std::string(RVB_FAKE) + " train --quiet --data " + folder_.path() + " --limit 100 --run-dir " +
                 folder_ / run + " " + flags);
  }
  json plan(const std::string& run) { return json::parse(test::text(folder_ / run + "/config.json"))["plan"]; }
  std::string weights(const std::string& run) { return test::text(folder_ / run + "/last.safetensors"); }
  Folder folder_;
};

TEST_F(RecipeOfARun, FlagsStandInTheConfiguration) {
  Outcome outcome =
      train("a", "--epochs 2 --optimizer 'sgd(nesterov=true)' --momentum 0.5 --schedule 'step(every=1, factor=0.5)' "
                 "--clip 2 --latent-clip 0.75 --rates latents=2,bias=0.5 --decays latents=0 --warmup 1 --average 0.9 "
                 "--augment 'flip(alternating=true),crop=2,mixup'");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  const json p = plan("a");
  EXPECT_EQ(p["optimizer"], "sgd");
  EXPECT_EQ(p["nesterov"], true);
  EXPECT_EQ(p["momentum"], 0.5);
  EXPECT_EQ(p["rate"], 0.02); // the recipe's
  EXPECT_EQ(p["schedule"], json({{"name", "step"}, {"every", 1}, {"factor", 0.5}}));
  EXPECT_EQ(p["clip"], 2);
  EXPECT_EQ(p["latent_clip"], 0.75);
  EXPECT_EQ(p["rates"]["latents"], 2);
  EXPECT_EQ(p["rates"]["batchnorm"], 1);
  EXPECT_EQ(p["decays"], json({{"latents", 0}}));
  EXPECT_EQ(p["warmup"], 1);
  EXPECT_EQ(p["augment"][0], json({{"name", "flip"}, {"alternating", true}}));
  EXPECT_EQ(p["augment"][1], json({{"name", "crop"}, {"padding", 2}}));
  const Safetensors last = read_safetensors(folder_ / "a/last.safetensors");
  for (float value : last.find("conv.weight")->values)
    EXPECT_LE(std::abs(value), 0.75f);
}

// Mixed batches, averages, a schedule by steps, alternating flips: stopped anywhere, with any number of threads.
TEST_F(RecipeOfARun, EverythingResumesBitForBit) {
  const std::string flags =
      "--epochs 3 --batch 16 --optimizer rmsprop --schedule one_cycle --average 0.9 --clip 1 --seed 4 "
      "--augment 'flip(alternating=true),rotation,mixup,cutmix'";
  ASSERT_EQ(train("whole", flags + " --threads 1").exit, 0);
  ASSERT_EQ(train("parts", flags + " --threads 2 --steps 5").exit, 0);
  ASSERT_EQ(train("parts", "--resume --threads 1 --steps 14").exit, 0);
  ASSERT_EQ(train("parts", "--resume --threads 2").exit, 0);
  for (const char* name : {"last", "best", "tested"})
    EXPECT_EQ(test::text(folder_ / "whole/" + name + ".safetensors") ==
                  test::text(folder_ / "parts/" + name + ".safetensors"),
              true)
        << name;
}

// Checkpoints of programs that knew fewer settings, and called the option of an augmentation `amount`.
TEST_F(RecipeOfARun, OlderCheckpointsGoOn) {
  const std::string flags = "--epochs 3 --batch 16 --augment flip,crop=2";
  ASSERT_EQ(train("whole", flags).exit, 0);
  ASSERT_EQ(train("parts", flags + " --steps 9").exit, 0);
  const std::string path = folder_ / "parts/last.safetensors";
  Safetensors file = read_safetensors(path);
  for (auto& [key, text] : file.metadata)
    if (key == "rvb.training") {
      json training = json::parse(text);
      json& plan = training["plan"];
      const json now = plan;
      plan = json::object();
      for (const char* kept : {"epochs", "batch", "limit", "seed", "optimizer", "rate", "momentum", "weight_decay",
                               "shuffle", "data", "input", "labels", "partition", "frames", "resize"})
        plan[kept] = now[kept];
      plan["schedule"] = "cosine";
      plan["augment"] = json::array({{{"name", "flip"}, {"amount", 0.0}}, {{"name", "crop"}, {"amount", 2.0}}});
      training["state"].erase("flips_of");
      text = training.dump();
    }
  write_safetensors(path, file);
  Outcome outcome = train("parts", "--resume");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("flags change the plan"), std::string::npos) << outcome.err;
  EXPECT_EQ(weights("whole") == weights("parts"), true);
}

TEST_F(RecipeOfARun, MistakesNameWhatIsKnown) {
  const auto refused = [&](const std::string& flags, const std::string& part) {
    const Outcome outcome = train("none", flags);
    EXPECT_EQ(outcome.exit, 2) << flags << outcome.err;
    EXPECT_HAS(outcome.err, part);
  };
  refused("--optimizer rmsprob", "expected sgd, adam, adamw, rmsprop, bop");
  refused("--optimizer rmsprob", "did you mean `rmsprop`?");
  refused("--optimizer 'sgd(nesterow=true)'", "did you mean `nesterov`?");
  refused("--optimizer 'sgd(nesterov=1)'", "`nesterov` is true or false");
  refused("--optimizer 'sgd(momentum=1)'", "`momentum` is a number from 0 to 0.999999");
  refused("--optimizer adam --momentum 0.5", "--momentum is of sgd, rmsprop, not of adam");
  refused("--schedule 'step(every=0)'", "`every` is an integer from 1 to 1000000");
  refused("--schedule 'step(every=2'", "expected step(every = 30, factor = 0.1)");
  refused("--rates latent=2", "did you mean `latents`?");
  refused("--rates latents", "`latents` is a number from 0");
  refused("--epochs 2 --warmup 2", "--warmup is 2");
  refused("--clip -1", "--clip is `-1`");
  refused("--augment drop", "drop needs a sequence of frames");
  refused("--augment polarity", "two channels");
}

// Flips and latents outside of the window, by layer, counted again from the weights.
TEST_F(RecipeOfARun, EpochsSayWhatSignsDo) {
  ASSERT_EQ(shell(std::string(RVB_FAKE) + " init --seed 3 -o " + folder_ / "w.safetensors").exit, 0);
  ASSERT_EQ(train("a", "--epochs 1 --batch 100 --rates latents=1500 --weights " + folder_ / "w.safetensors").exit, 0);
  const std::vector<float> before = read_safetensors(folder_ / "w.safetensors").find("conv.weight")->values;
  const std::vector<float> after = read_safetensors(folder_ / "a/last.safetensors").find("conv.weight")->values;
  int flips = 0, outside = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    flips += (before[i] >= 0) != (after[i] >= 0) ? 1 : 0;
    outside += std::fabs(after[i]) > 0.5f ? 1 : 0;
  }
  ASSERT_EQ(before.size(), 18u);
  const std::string lines = test::text(folder_ / "a/metrics.jsonl");
  const json epoch = json::parse(lines.substr(lines.rfind('\n', lines.size() - 2) + 1));
  EXPECT_DOUBLE_EQ(epoch["layers"]["conv.weight"]["flips"], flips / 18.0);
  EXPECT_DOUBLE_EQ(epoch["layers"]["conv.weight"]["outside"], outside / 18.0);
  EXPECT_DOUBLE_EQ(epoch["flips"], flips / 18.0);
  EXPECT_DOUBLE_EQ(epoch["outside"], outside / 18.0);
  EXPECT_EQ(epoch["layers"].size(), 1u);
  EXPECT_GT(outside, 0);
}

TEST_F(RecipeOfARun, TestAugmentTakesTheMeanOfBothImages) {
  std::vector<float> images(6 * 784), mirrored(images.size()), labels(6);
  for (size_t i = 0; i < images.size(); ++i)
    images[i] = static_cast<float>((i * 29) % 101) / 50 - 1;
  for (size_t row = 0; row < 6 * 28; ++row)
    std::reverse_copy(images.begin() + static_cast<std::ptrdiff_t>(row * 28),
                      images.begin() + static_cast<std::ptrdiff_t>(row * 28 + 28),
                      mirrored.begin() + static_cast<std::ptrdiff_t>(row * 28));
  write_npy(folder_ / "x.npy", {6, 1, 28, 28}, images.data());
  write_npy(folder_ / "m.npy", {6, 1, 28, 28}, mirrored.data());
  std::string bytes = print_npy({6}, labels.data());
  bytes.replace(bytes.find("<f4"), 3, "<i4");
  write_file(folder_ / "y.npy", bytes);
  const std::string program = RVB_FAKE, w = folder_ / "w.safetensors";
  ASSERT_EQ(shell(program + " init -o " + w).exit, 0);
  const auto logits = [&](const std::string& x, const std::string& flags) {
    const Outcome outcome = shell(program + " eval --batch 4 --weights " + w + " --input " + folder_ / x +
                                  " --labels " + folder_ / "y.npy" + " -o " + folder_ / "l.npy " + flags);
    EXPECT_EQ(outcome.exit, 0) << outcome.err;
    return read_npy(folder_ / "l.npy").values;
  };
  const std::vector<float> plain = logits("x.npy", ""), other = logits("m.npy", "");
  const std::vector<float> both = logits("x.npy", "--test-augment flip");
  EXPECT_NE(plain, both);
  for (size_t i = 0; i < both.size(); ++i)
    EXPECT_EQ(both[i], (plain[i] + other[i]) / 2);
}

TEST_F(RecipeOfARun, SweepsRunGridsAndGoOn) {
  const std::string sweep = std::string(RVB_FAKE) + " sweep --run-dir " + folder_ / "s" + " --data " + folder_.path() +
                            " --limit 100 --epochs 2 ";
  Outcome outcome = shell(sweep + "--grid lr=0.1,0.02 --grid seed=1..2");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_HAS(outcome.err, "run 4 of 4: lr=0.02,seed=2");
  EXPECT_HAS(outcome.out, "over seeds");
  // A run is what `train` makes of these flags.
  ASSERT_EQ(train("alone", "--epochs 2 --lr 0.02 --seed 2").exit, 0);
  EXPECT_EQ(test::text(folder_ / "s/lr=0.02,seed=2/last.safetensors") == weights("alone"), true);
  json summary = json::parse(test::text(folder_ / "s/sweep.json"));
  EXPECT_EQ(summary["schema"], "rvb.sweep/1");
  ASSERT_EQ(summary["runs"].size(), 4u);
  EXPECT_EQ(summary["runs"][1]["settings"], json({{"lr", "0.1"}, {"seed", "2"}}));
  EXPECT_EQ(summary["runs"][3]["last"]["epoch"], 2);
  ASSERT_EQ(summary["groups"].size(), 2u);
  const double a = summary["runs"][0]["last"]["best_accuracy"], b = summary["runs"][1]["last"]["best_accuracy"];
  EXPECT_NEAR(summary["groups"][0]["mean"].get<double>(), (a + b) / 2, 1e-12);
  EXPECT_NEAR(summary["groups"][0]["deviation"].get<double>(), std::abs(a - b) / std::sqrt(2.0), 1e-12);
  EXPECT_HAS(test::text(folder_ / "s/sweep.html"), "lr=0.02,seed=2");

  // Again: what is complete is left alone, what was stopped goes on, and the grid may grow.
  const std::string stopped = folder_ / "s/lr=0.1,seed=1", whole = test::text(stopped + "/last.safetensors");
  ASSERT_EQ(shell("rm -r " + stopped).exit, 0);
  ASSERT_EQ(train("s/lr=0.1,seed=1", "--epochs 2 --lr 0.1 --seed 1 --steps 3").exit, 0);
  outcome = shell(sweep + "--grid lr=0.1,0.02 --grid seed=1..3 --json");
  ASSERT_EQ(outcome.exit, 0) << outcome.err;
  EXPECT_HAS(outcome.err, "run 1 of 6");
  EXPECT_HAS(outcome.err, "run 3 of 6: lr=0.1,seed=3");
  EXPECT_EQ(outcome.err.find("run 2 of 6"), std::string::npos) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out)["runs"].size(), 6u);
  EXPECT_EQ(test::text(stopped + "/last.safetensors") == whole, true);

  const auto refused = [&](const std::string& flags, const std::string& part) {
    const Outcome bad = shell(sweep + flags);
    EXPECT_EQ(bad.exit, 2) << bad.err;
    EXPECT_HAS(bad.err, part);
  };
  refused("", "--grid NAME=A,B is needed");
  refused("--grid lr", "expected a flag of train");
  refused("--grid rl=1,2", "no flag `rl`");
  refused("--grid lr=1,1", "`1` twice");
  refused("--grid seed=3..1", "no range of integers");
  refused("--grid lr=x", "--lr is `x`"); // what the first run says
  refused("--grid lr=0.1 --clip 1", "a sweep with other flags");
}

} // namespace
} // namespace rvb::runtime
