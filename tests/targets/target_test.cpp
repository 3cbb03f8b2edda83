// The table of instruction sets: names, what `native` is, and that the running CPU can be asked for every feature.
#include "targets/target.h"

#include "core/cpu.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace rvb::targets {

TEST(Targets, NamesAreKnown) {
  std::set<std::string> names;
  for (const std::string& name : target_names()) {
    Target target;
    EXPECT_TRUE(find_target(name, target)) << name;
    EXPECT_TRUE(name == "native" || name == target.name) << name;
    EXPECT_TRUE(names.insert(name).second) << name << " twice";
  }
  for (const Target& row : rows())
    if (!row.other_name.empty()) {
      Target target;
      EXPECT_TRUE(find_target(row.other_name, target));
      EXPECT_EQ(row.name, target.name);
      EXPECT_TRUE(names.insert(row.other_name).second) << row.other_name << " twice";
    }
  Target target;
  EXPECT_FALSE(find_target("pentium", target));
  EXPECT_FALSE(find_target("", target));
}

// The last row that this CPU has all features of.
TEST(Targets, NativeIsTheMostThatRunsHere) {
  Target native;
  EXPECT_TRUE(find_target("native", native));
  EXPECT_EQ(host().name, native.name);
  EXPECT_TRUE(native.runs_here());
  auto row = std::find_if(rows().begin(), rows().end(), [&](const Target& t) { return t.name == native.name; });
  ASSERT_NE(row, rows().end());
  EXPECT_TRUE(std::none_of(row + 1, rows().end(), [](const Target& t) { return t.runs_here(); }));
}

// A feature that the runtime cannot ask for would make every program of the row end with "this machine lacks".
TEST(Targets, TheRuntimeKnowsEveryFeature) {
  for (const Target& row : rows())
    for (const std::string& feature : row.features)
      EXPECT_TRUE(rvb_cpu_has(feature.c_str()) >= 0 || row.architecture != host().architecture)
          << row.name << ": " << feature;
  EXPECT_EQ(-1, rvb_cpu_has("avx9000"));
}

// What programs advise where a feature is missing: a target of this family that asks for less, or none.
TEST(Targets, TheAdviceIsATargetOfTheFamily) {
  for (const Target& row : rows()) {
    if (row.architecture != host().architecture)
      continue;
    for (const std::string& feature : row.features) {
      const char* advice = rvb_lesser_target(row.name.c_str(), feature.c_str());
      Target lesser;
      if (advice == nullptr) {
        EXPECT_EQ(row.name, std::find_if(rows().begin(), rows().end(), [&](const Target& t) {
                              return t.architecture == row.architecture;
                            })->name);
        continue;
      }
      ASSERT_TRUE(find_target(advice, lesser)) << advice;
      EXPECT_EQ(row.architecture, lesser.architecture);
      EXPECT_LT(lesser.features.size(), row.features.size());
    }
  }
}

// Objects in the cache are named by what decides their code: equal rows share them, others never do.
TEST(Targets, CodeTellsRowsApart) {
  std::set<std::string> codes;
  for (const Target& row : rows())
    EXPECT_TRUE(codes.insert(row.code()).second) << row.name;
  Target changed = rows().back();
  changed.tables = "others";
  EXPECT_EQ(0u, codes.count(changed.code()));
}

TEST(Targets, NeverSapphireRapids) {
  for (const Target& row : rows())
    EXPECT_EQ(std::string::npos, row.halide.find("sapphirerapids")) << row.name;
}

} // namespace rvb::targets
