#include "data/partition.h"

#include "base/failure.h"
#include "base/files.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <unordered_map>

namespace rvb::runtime {

namespace {

std::string name_of(const std::vector<std::string>& names, int64_t index) {
  return names.empty() ? std::to_string(index) : names[static_cast<size_t>(index)];
}

// The last number in a name before its ending: 17 of airplane/cifar10_airplane_17.aedat. -1: there is none.
int64_t number_in(const std::string& name) {
  size_t end = name.find('.', name.rfind('/') == std::string::npos ? 0 : name.rfind('/'));
  size_t last = end == std::string::npos ? name.size() : end, first = last;
  while (first > 0 && name[first - 1] >= '0' && name[first - 1] <= '9')
    --first;
  return first == last || last - first > 9 ? -1 : std::atoll(name.substr(first, last - first).c_str());
}

std::vector<bool> tests_by_random(const Partition& partition, size_t count) {
  std::vector<int64_t> order = permutation(partition.seed, 0, static_cast<int64_t>(count), Draw::partition);
  auto tests = static_cast<size_t>(std::llround(partition.fraction * static_cast<double>(count)));
  std::vector<bool> test(count, false);
  for (size_t i = 0; i < tests; ++i)
    test[static_cast<size_t>(order[i])] = true;
  return test;
}

std::vector<bool> first_hundred(const std::vector<std::string>& names, const std::vector<int32_t>& labels) {
  std::vector<bool> test(labels.size(), false);
  std::unordered_map<int32_t, int64_t> seen; // for samples that have no names: their place in the class
  for (size_t i = 0; i < labels.size(); ++i) {
    int64_t number = names.empty() ? seen[labels[i]]++ : number_in(names[i]);
    if (number < 0)
      throw Failure(Exit::user, "--partition first-hundred: the name of " + names[i] + " does not end in a number");
    test[i] = number < 100;
  }
  return test;
}

std::vector<int64_t> by_file(const Partition& partition, Split split, const std::vector<std::string>& names,
                             size_t count) {
  std::unordered_map<std::string, int64_t> known;
  for (size_t i = 0; i < count; ++i)
    known[name_of(names, static_cast<int64_t>(i))] = static_cast<int64_t>(i);
  Bytes bytes = read_file(partition.path, "a partition: lines `train NAME` and `test NAME`");
  std::vector<char> taken(count, 0);
  std::vector<int64_t> chosen;
  std::string text(bytes.begin(), bytes.end());
  int64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.empty() || line[0] == '#')
      continue;
    auto fail = [&](const std::string& what) {
      throw Failure(Exit::user, partition.path + ":" + std::to_string(number) + ": " + what);
    };
    size_t space = line.find_first_of(" \t");
    std::string part = line.substr(0, space), name;
    if (size_t begin = line.find_first_not_of(" \t", space); space != std::string::npos && begin != std::string::npos)
      name = line.substr(begin);
    if ((part != "train" && part != "test") || name.empty())
      fail("expected `train NAME` or `test NAME`, not `" + line.substr(0, 80) + "`");
    auto found = known.find(name);
    if (found == known.end())
      fail("there is no sample `" + name + "`; one is called `" + name_of(names, 0) + "`");
    if (taken[static_cast<size_t>(found->second)]++ != 0)
      fail("`" + name + "` stands in two lines");
    if (part == split_name(split))
      chosen.push_back(found->second);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

} // namespace

Partition parse_partition(const std::string& text) {
  Partition result;
  if (text.empty() || text == "official")
    return result;
  if (text == "first-hundred") {
    result.kind = Partition::Kind::first_hundred;
    return result;
  }
  if (text.rfind("file:", 0) == 0 && text.size() > 5) {
    result.kind = Partition::Kind::file;
    result.path = text.substr(5);
    return result;
  }
  if (text.rfind("random:", 0) == 0) {
    result.kind = Partition::Kind::random;
    const char* at = text.c_str() + 7;
    char* end = nullptr;
    result.fraction = std::strtod(at, &end);
    bool good = end != at && result.fraction > 0 && result.fraction < 1;
    if (good && *end == ':' && end[1] >= '0' && end[1] <= '9')
      result.seed = std::strtoull(end + 1, &end, 10);
    if (good && *end == 0)
      return result;
  }
  throw Failure(Exit::usage, "--partition is `" + text +
                                 "`; expected official, random:FRACTION:SEED (such as random:0.2:1), first-hundred or "
                                 "file:PATH");
}

std::vector<int64_t> choose(const Partition& partition, Split split, const std::vector<std::string>& names,
                            const std::vector<int32_t>& labels) {
  if (partition.kind == Partition::Kind::file)
    return by_file(partition, split, names, labels.size());
  std::vector<bool> test = partition.kind == Partition::Kind::random ? tests_by_random(partition, labels.size())
                                                                     : first_hundred(names, labels);
  std::vector<int64_t> chosen;
  for (size_t i = 0; i < labels.size(); ++i)
    if (test[i] == (split == Split::test))
      chosen.push_back(static_cast<int64_t>(i));
  return chosen;
}

} // namespace rvb::runtime
