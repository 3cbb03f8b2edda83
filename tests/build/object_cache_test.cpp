// Compiled kernels in the cache: what was stored comes back, and nothing else does.
#include "build/object_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using rvb::build::ObjectCache;

class ObjectCacheTest : public testing::Test {
protected:
  ObjectCacheTest() {
    char name[] = "/tmp/rvb-object-cache-XXXXXX";
    folder_ = mkdtemp(name);
    for (int i = 0; i < 3000; ++i)
      object_ += static_cast<char>(i * i + i / 7);
  }
  ~ObjectCacheTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& symbol) const { return folder_ + "/" + symbol + ".o"; }
  static std::string bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(in)), {});
  }
  static void overwrite(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  // Whatever lies under the name: it is not found, can be replaced, and is found then.
  void expect_made_again() {
    EXPECT_FALSE(cache().find("rvb_a"));
    EXPECT_EQ(cache().keep("rvb_a", object_), "");
    EXPECT_EQ(cache().find("rvb_a"), object_);
  }
  ObjectCache cache() const { return ObjectCache(folder_); }

  std::string folder_, object_;
};

TEST_F(ObjectCacheTest, KeepsObjects) {
  EXPECT_FALSE(cache().find("rvb_a"));
  EXPECT_EQ(cache().keep("rvb_a", object_), "");
  EXPECT_EQ(cache().find("rvb_a"), object_);
  EXPECT_FALSE(cache().find("rvb_b"));
}

TEST_F(ObjectCacheTest, EveryFlippedBitIsSeen) {
  cache().keep("rvb_a", object_);
  std::string stored = bytes(path("rvb_a"));
  for (size_t bit = 0; bit < 8 * stored.size(); ++bit) {
    if (bit >= 800 && bit + 800 < 8 * stored.size() && bit % 61 != 0) // all at both ends, many between
      continue;
    stored[bit / 8] ^= static_cast<char>(1 << bit % 8);
    overwrite(path("rvb_a"), stored);
    EXPECT_FALSE(cache().find("rvb_a")) << "bit " << bit;
    stored[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  overwrite(path("rvb_a"), stored);
  EXPECT_TRUE(cache().find("rvb_a"));
}

TEST_F(ObjectCacheTest, CutOffLongerAndEmptyFilesAreMadeAgain) {
  cache().keep("rvb_a", object_);
  const std::string stored = bytes(path("rvb_a"));
  for (size_t size : {size_t{0}, size_t{3}, size_t{24}, size_t{25}, stored.size() / 2, stored.size() - 1}) {
    overwrite(path("rvb_a"), stored.substr(0, size));
    expect_made_again();
  }
  overwrite(path("rvb_a"), stored + "x");
  expect_made_again();
  overwrite(path("rvb_a"), object_); // without the trailer, as older versions kept it
  expect_made_again();
}

TEST_F(ObjectCacheTest, AnObjectUnderAnotherNameIsMadeAgain) {
  cache().keep("rvb_b", object_);
  fs::rename(path("rvb_b"), path("rvb_a"));
  expect_made_again();
}

TEST_F(ObjectCacheTest, WhatIsNoRegularFileIsReplaced) {
  cache().keep("rvb_b", object_);
  const std::string precious = folder_ + "/precious";
  overwrite(precious, "text");
  ASSERT_EQ(mkfifo(path("rvb_a").c_str(), 0600), 0);
  expect_made_again();
  for (const std::string& target :
       {path("rvb_b"), precious, std::string("/dev/zero"), std::string("/nowhere/at/all")}) {
    fs::remove(path("rvb_a"));
    fs::create_symlink(target, path("rvb_a"));
    expect_made_again();
  }
  EXPECT_EQ(bytes(precious), "text");
  fs::remove(path("rvb_a"));
  fs::create_directory(path("rvb_a"));
  expect_made_again();
  fs::remove(path("rvb_a"));
  fs::create_directory(path("rvb_a"));
  overwrite(path("rvb_a") + "/file", "text"); // may be somebody's: it stays
  EXPECT_FALSE(cache().find("rvb_a"));
  EXPECT_NE(cache().keep("rvb_a", object_), "");
  EXPECT_EQ(bytes(path("rvb_a") + "/file"), "text");
}

TEST_F(ObjectCacheTest, WhatOthersMayHaveWrittenIsMadeAgain) {
  cache().keep("rvb_a", object_);
  chmod(path("rvb_a").c_str(), 0666);
  expect_made_again();
  if (geteuid() != 0)
    return; // only root gives files away
  ASSERT_EQ(chown(path("rvb_a").c_str(), 12345, 12345), 0);
  expect_made_again();
}

TEST_F(ObjectCacheTest, LeftoversGo) {
  cache().keep("rvb_a", object_);
  const pid_t gone = fork();
  if (gone == 0)
    _exit(0);
  int status = 0;
  ASSERT_EQ(waitpid(gone, &status, 0), gone);
  const std::string dead = path("rvb_b") + ".rvb-" + std::to_string(gone) + ".tmp";
  const std::string older = path("rvb_b") + "." + std::to_string(gone) + ".tmp.o",
                    live = path("rvb_b") + ".rvb-" + std::to_string(getpid()) + ".tmp";
  for (const std::string& file : {dead, older, live, folder_ + "/mine.99999999.tmp"})
    overwrite(file, "half");
  cache().tidy();
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_FALSE(fs::exists(older));
  EXPECT_TRUE(fs::exists(live)) << "its process may still write it";
  EXPECT_TRUE(fs::exists(folder_ + "/mine.99999999.tmp")) << "not a kernel's";
  EXPECT_TRUE(cache().find("rvb_a"));
}

TEST_F(ObjectCacheTest, WithoutAFolderNothingIsKept) {
  EXPECT_EQ(ObjectCache("").keep("rvb_a", object_), "");
  EXPECT_FALSE(ObjectCache("").find("rvb_a"));
}

} // namespace
