// Feeds mutated files to LLVMFuzzerTestOneInput, the same ones on every machine for the same seed: a fuzzer for
// compilers that bring none. With clang, -fsanitize=fuzzer links the same function against libFuzzer instead.
//
//   fuzz_NAME [--runs N] [--seed S] [--only I] FILE|FOLDER...
//
// A crash, a sanitizer's report or a run of more than ten seconds ends the program; the input is then in
// fuzz-NAME.failed in the working directory, and --only repeats it alone.
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
// Present when a sanitizer is linked: it ends the program without a signal.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

constexpr size_t usual_input = 1 << 16, largest_input = 1 << 22;
constexpr unsigned seconds_a_run = 10;

class Mutator {
public:
  Mutator(const std::vector<std::string>& corpus, uint64_t seed) : corpus_(corpus), state_(seed) {}

  std::string next() {
    std::string text = corpus_[below(corpus_.size())];
    for (size_t i = 1 + below(1 + below(8)); i > 0; --i)
      mutate(text);
    if (text.size() > usual_input)
      text.resize(usual_input);
    if (below(64) == 0)
      grow(text);
    return text;
  }

private:
  uint64_t random() { // SplitMix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  size_t below(size_t n) { return n == 0 ? 0 : static_cast<size_t>(random() % n); }

  // A piece of some file of the corpus: half the time a word, half the time any span.
  std::string piece() {
    const std::string& source = corpus_[below(corpus_.size())];
    if (source.empty())
      return "";
    size_t begin = below(source.size()), end = begin;
    if (below(2)) {
      end = std::min(source.size(), begin + 1 + below(1 + below(200)));
    } else {
      auto is_word = [&](size_t i) { return std::isalnum(static_cast<unsigned char>(source[i])) || source[i] == '_'; };
      while (begin > 0 && is_word(begin - 1))
        --begin;
      while (end < source.size() && is_word(end))
        ++end;
      end = std::max(end, begin + 1);
    }
    return source.substr(begin, end - begin);
  }

  // Some inputs are beyond what fits into 16 bits, and what a reader takes at once: a piece of the text repeated.
  void grow(std::string& text) {
    const size_t size = usual_input + below((usual_input << below(7)) + 1), at = below(text.size());
    const std::string span = text.substr(at, 1 + below(1 + below(2000)));
    if (span.empty())
      return;
    std::string middle;
    middle.reserve(size + span.size());
    while (middle.size() < size)
      middle += span;
    text.insert(at, middle);
    text.resize(std::min(text.size(), largest_input));
    if (below(2)) // headers say how large the rest is
      write_integer(text, below(64));
  }

  void mutate(std::string& text) {
    static const char* const numbers[] = {
        "0",    "-1",  "1",     "2147483648", "9223372036854775807", "-9223372036854775808", "1e9", "inf",
        "-0.0", "nan", "65536", "1e-400"};
    size_t at = below(text.size() + 1), length = std::min(text.size() - at, 1 + below(1 + below(64)));
    switch (below(12)) {
    case 0: // a bit
      if (at < text.size())
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
      return;
    case 1: // a byte
      if (at < text.size())
        text[at] = static_cast<char>(random());
      return;
    case 2: text.erase(at, length); return;
    case 3: text.insert(below(text.size() + 1), text.substr(at, length)); return;
    case 4: text.insert(at, piece()); return;
    case 5: text.replace(at, length, piece()); return;
    case 6: text.insert(at, numbers[below(std::size(numbers))]); return;
    case 7: text.resize(at); return;
    case 8: // another number in place of one
      for (size_t i = 0; i < text.size(); ++i)
        if (std::isdigit(static_cast<unsigned char>(text[(at + i) % text.size()]))) {
          text.replace((at + i) % text.size(), 1,
                       below(2) ? numbers[below(std::size(numbers))] : std::to_string(below(10)));
          return;
        }
      return;
    case 9:
    case 10: write_integer(text, at); return;
    default: // the end of another file
      const std::string& other = corpus_[below(corpus_.size())];
      text = text.substr(0, at) + other.substr(below(other.size() + 1));
    }
  }

  // Overwrites 2, 4 or 8 bytes, in either order, with a number at which sizes and offsets go wrong.
  void write_integer(std::string& text, size_t at) {
    static const uint64_t edges[] = {0,         1,          0x7f,
                                     0x80,      0xff,       0x7fff,
                                     0x8000,    0xffff,     0x7fffffff,
                                     1u << 31,  0xffffffff, uint64_t{1} << 32,
                                     INT64_MAX, UINT64_MAX, uint64_t{1} << 63};
    size_t width = size_t{2} << below(3);
    if (text.size() < width)
      return;
    at = std::min(at, text.size() - width);
    if (below(2))
      at = std::min(at & ~size_t{3}, text.size() - width); // headers are aligned
    uint64_t value = below(3) == 0 ? text.size() - below(16) : edges[below(std::size(edges))];
    bool big = below(2);
    for (size_t i = 0; i < width; ++i)
      text[at + (big ? width - 1 - i : i)] = static_cast<char>(value >> (8 * i));
  }

  const std::vector<std::string>& corpus_;
  uint64_t state_;
};

std::string failed_path, current;

uint64_t current_run;

// Only what a signal handler may do: the bytes that are at fault go to a file.
void keep_input() {
  int file = open(failed_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || write(file, current.data(), current.size()) < 0 || close(file) < 0)
    return;
  char line[256];
  int length = std::snprintf(line, sizeof line, "input %llu failed or took more than %u s; it is in %s\n",
                             static_cast<unsigned long long>(current_run), seconds_a_run, failed_path.c_str());
  if (write(STDERR_FILENO, line, static_cast<size_t>(length)) < 0)
    return;
}

void on_signal(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int usage() {
  std::fprintf(stderr, "usage: fuzz [--runs N] [--seed S] [--only I] FILE|FOLDER...\n");
  return 2;
}

} // namespace

int main(int argc, char** argv) {
  uint64_t runs = 100000, seed = 1, only = UINT64_MAX;
  std::vector<std::string> corpus;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    if (word.rfind("--", 0) == 0) {
      if (i + 1 == argc)
        return usage();
      uint64_t value = std::strtoull(argv[++i], nullptr, 10);
      if (word == "--runs")
        runs = value;
      else if (word == "--seed")
        seed = value;
      else if (word == "--only")
        only = value;
      else
        return usage();
      continue;
    }
    std::error_code missing;
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(word, missing)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(word))
        if (entry.is_regular_file())
          files.push_back(entry.path());
    } else if (std::filesystem::exists(word, missing))
      files.push_back(word);
    std::sort(files.begin(), files.end());
    for (const auto& file : files)
      corpus.push_back(read(file));
  }
  if (corpus.empty())
    return usage();
  failed_path = std::filesystem::path(argv[0]).filename().string() + ".failed";
  std::filesystem::remove(failed_path);
  for (int signal : {SIGALRM, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL})
    std::signal(signal, on_signal);
  if (__sanitizer_set_death_callback != nullptr)
    __sanitizer_set_death_callback(keep_input);
  auto feed = [](const std::string& text) {
    current = text;
    // A copy of exactly this size on the heap: a read past the end is seen by the address sanitizer.
    std::vector<uint8_t> bytes(text.begin(), text.end());
    alarm(seconds_a_run);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    alarm(0);
  };
  for (const std::string& text : corpus) // unchanged first
    feed(text);
  // Every input depends on the seed and its number alone, so that one can be repeated without those before it.
  for (uint64_t run = 0; run < runs; ++run) {
    if (only != UINT64_MAX && run != only)
      continue;
    current_run = run;
    feed(Mutator(corpus, seed * 0x100000001b3u + run).next());
  }
  std::printf("%s: %llu inputs, nothing found\n", std::filesystem::path(argv[0]).filename().c_str(),
              static_cast<unsigned long long>(only == UINT64_MAX ? runs : 1));
  return 0;
}
