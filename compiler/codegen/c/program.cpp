// The two files: what the header says, and the order of the source's parts.
#include "codegen/c/program.h"

#include "codegen/c/unit.h"

#include <memory>
#include <numeric>

namespace rvb::codegen::c {

namespace {

const char* opening = R"(
#include "{file}"

#include <stdint.h>

/* Products and sums are rounded one by one. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

/* Sums with real weights round once where the native program does (fused multiply-add). 0: twice; without such an
   instruction that is several times as fast, and last bits differ. */
#ifndef @@_FUSED
#define @@_FUSED 1
#endif

/* Sums under signs stand in functions of their own, in which nothing multiplies. */
#if defined(__GNUC__)
#define @@_APART __attribute__((noinline))
#else
#define @@_APART
#endif

)";

const char* streaming = R"(
/* One time step after the other. The arena keeps the membranes between calls: @@_STREAM_BYTES bytes.
   init: 0, or 1 where the arena is null, not aligned or has too few bytes; then nothing is written.
   reset: a new sequence. step: `frame` in, and in `logits` the read-out of the steps since the reset; after the last
   step of a sequence it is what @_run gives for the whole of it. */
#define @@_STREAM_BYTES {stream}
int @_init(void* arena, size_t bytes);
void @_reset(void* arena);
void @_step(void* arena, const float* frame, float* logits);
)";

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  return text.replace(text.find(word), word.size(), by);
}

std::string shape_text(const std::vector<int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string input_text(const Settings& s) {
  std::string text = shape_text(s.input_shape);
  if (s.sequence)
    text = fmt::format("{} frames of {}", s.steps, text);
  text =
      fmt::format("{} floats: {}, in C order, channels first", s.sequence ? "@@_STEPS * @@_INPUT" : "@@_INPUT", text);
  if (s.mean.empty())
    return text;
  return text +
         fmt::format(",\n   normalised as in training: (pixel / 255 - mean) / deviation with mean [{}], deviation [{}]",
                     fmt::join(s.mean, ", "), fmt::join(s.deviation, ", "));
}

std::string header(const Writer& writer, const Settings& s, const Program& program) {
  const int64_t input = std::accumulate(s.input_shape.begin(), s.input_shape.end(), int64_t{1}, std::multiplies<>());
  std::string text = fmt::format(
      R"(/* {0}, deployed by {1} as freestanding C99, spikes in {2}. Nothing is allocated, nothing of the C library is
   needed but memcpy and memset, which compilers put in by themselves.

   Input: {3}. Every number is finite.
   Logits: @@_CLASSES floats; the largest is the answer.
   Flash: @@_FLASH_BYTES bytes of constants, and the code.
   RAM: an arena of the caller's, aligned to @@_ALIGNMENT bytes, for example
     static double arena[(@@_RUN_BYTES + 7) / 8];
   and {4} bytes of stack. Functions share no state: different arenas may be used at the same time. */
#ifndef @@_H
#define @@_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define @@_INPUT {5}
#define @@_STEPS {6}
#define @@_CLASSES {7}
#define @@_ALIGNMENT 8
#define @@_FLASH_BYTES {8}

/* A whole inference. The arena holds nothing before or after: @@_RUN_BYTES bytes. */
#define @@_RUN_BYTES {9}
void @_run(void* arena, const float* input, float* logits);
)",
      s.network, s.compiler, s.spikes, input_text(s), "a few hundred", input, s.steps, s.classes, program.flash_bytes,
      program.run_bytes);
  if (program.stream_bytes != 0)
    text += replaced(streaming, "{stream}", std::to_string(program.stream_bytes));
  return writer.with_prefix(text + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

} // namespace

Program write_program(const ir::Module& module, const Settings& settings) {
  Writer writer(module, settings.library);
  const Unit run(writer, *module.find("infer"), settings.ram);
  Program program;
  program.run_bytes = run.arena_bytes();
  std::string entries = fmt::format("\nvoid @_run(void* arena, const float* input, float* logits) {{\n"
                                    "  unsigned char* const memory = arena;\n  (void)memory;\n{}}}\n",
                                    run.calls());
  if (const ir::Function* step = module.find("step")) {
    const Unit stream(writer, *step, settings.ram);
    program.stream_bytes = stream.arena_bytes();
    entries +=
        fmt::format("\nvoid @_reset(void* arena) {{\n  unsigned char* const memory = arena;\n  (void)memory;\n{}}}\n",
                    stream.resets());
    entries += "\nint @_init(void* arena, size_t bytes) {\n"
               "  if (arena == NULL || bytes < @@_STREAM_BYTES || ((uintptr_t)arena & (@@_ALIGNMENT - 1)) != 0)\n"
               "    return 1;\n  @_reset(arena);\n  return 0;\n}\n";
    entries += fmt::format("\nvoid @_step(void* arena, const float* input, float* logits) {{\n"
                           "  unsigned char* const memory = arena;\n  (void)memory;\n{}}}\n",
                           stream.calls());
  }
  program.flash_bytes = writer.flash_bytes();
  program.header = header(writer, settings, program);
  program.source = fmt::format("/* {}, deployed by {}. See the header. */", settings.network, settings.compiler) +
                   writer.with_prefix(replaced(opening, "{file}", settings.file + ".h")) + writer.constants() +
                   writer.support_functions() + writer.functions() + writer.with_prefix(entries);
  return program;
}

} // namespace rvb::codegen::c
