/* A deployed network inside a C program.

     rvbc deploy fashion.rvb --weights W.safetensors --emit=lib,header -o fashion
     cc embed.c fashion.a -fopenmp -lm -o embed
     ./embed images.f32 logits.f32 streamed.f32

   images.f32 holds float32 images, one after the other, normalised as in training. logits.f32 gets the logits of whole
   inferences; streamed.f32 those of the same images shown step by step, as a camera would: the same after the last. */
#include "fashion.h"

#include <stdio.h>
#include <stdlib.h>

static int complain(const char* what, const char* why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

static int write_floats(const char* path, const float* values, size_t count) {
  FILE* file = fopen(path, "wb");
  if (file == NULL || fwrite(values, sizeof(float), count, file) != count)
    return complain(path, "cannot be written");
  return fclose(file) == 0 ? 0 : complain(path, "cannot be written");
}

int main(int argc, char** argv) {
  if (argc != 4)
    return complain("usage", "embed IMAGES.f32 LOGITS.f32 STREAMED.f32");
  const rvb_program* program = rvb_program_Fashion();
  size_t pixels = (size_t)(program->channels * program->height * program->width);
  size_t classes = (size_t)program->classes;

  FILE* file = fopen(argv[1], "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0)
    return complain(argv[1], "cannot be read");
  size_t bytes = (size_t)ftell(file), count = bytes / (pixels * sizeof(float));
  rewind(file);
  float* images = malloc(count * pixels * sizeof(float));
  float* logits = malloc(count * classes * sizeof(float));
  float* streamed = malloc(count * classes * sizeof(float));
  if (count == 0 || bytes % (pixels * sizeof(float)) != 0 || images == NULL || logits == NULL || streamed == NULL ||
      fread(images, sizeof(float), count * pixels, file) != count * pixels)
    return complain(argv[1], "holds no whole images");
  fclose(file);

  rvb_network* network = NULL;
  rvb_status status = rvb_create(program, (int64_t)count, 0, &network);
  if (status != RVB_OK)
    return complain("rvb_create", rvb_status_text(status));
  if (rvb_run(network, images, (int64_t)count, logits) != RVB_OK)
    return complain("rvb_run", rvb_message(network));
  int failed = write_floats(argv[2], logits, count * classes);

  rvb_reset(network);
  for (int step = 0; step < program->steps; ++step)
    if (rvb_step(network, images, (int64_t)count, streamed) != RVB_OK)
      return complain("rvb_step", rvb_message(network));
  failed |= write_floats(argv[3], streamed, count * classes);
  rvb_free(network);
  free(images);
  free(logits);
  free(streamed);
  return failed;
}
