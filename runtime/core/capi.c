/* rvb.h over rvb_program: copies the user's arrays into memory order and calls the functions "infer" and "step". */
#include "interface/rvb.h"

#include "core/checksum.h"
#include "core/core.h"
#include "core/ports.h"
#include "core/way_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rvb_network {
  const rvb_program* program;
  const rvb_function* infer;
  const rvb_function* step;
  int64_t max_count;
  int threads;
  unsigned char* block; /* big enough for either function */
  float* image;         /* memory order */
  float* logits;
  int32_t state_count;
  struct state {
    int32_t argument, result; /* of `step` */
    float *before, *after;    /* read, and written; then they change places */
  } * states;
  const void** arguments;
  void** results;
  char message[256];
};

const char* rvb_status_text(rvb_status status) {
  switch (status) {
  case RVB_OK: return "ok";
  case RVB_BAD_ARGUMENT: return "a bad argument: null, or a count outside 1 .. max_count";
  case RVB_NOT_DEPLOYED: return "the program's weights are outside: deploy it first";
  case RVB_UNSUPPORTED_CPU: return "this CPU lacks an instruction set that the program was compiled for";
  case RVB_OUT_OF_MEMORY: return "out of memory";
  case RVB_NO_STEP: return "the program was deployed without its step function";
  case RVB_KERNEL_FAILED: return "a kernel failed";
  case RVB_NOT_FINITE: return "a number of the input or of the network's answer is not finite";
  case RVB_DAMAGED: return "the network's data have changed since it was compiled: weights or tables are damaged";
  }
  return "unknown status";
}

const char* rvb_message(const rvb_network* network) {
  return network == NULL ? "no network" : network->message;
}

static rvb_status failed(rvb_network* network, rvb_status status) {
  snprintf(network->message, sizeof network->message, "%s", rvb_status_text(status));
  return status;
}

static int64_t image_elements(const rvb_program* program) {
  return (int64_t)program->channels * program->height * program->width;
}

static int64_t block_bytes(const rvb_function* function, int64_t count) {
  return function == NULL ? 0 : function->static_bytes + count * function->sample_bytes;
}

static float* floats(int64_t count) {
  return rvb_allocate((size_t)count * sizeof(float));
}

/* Whether the functions take and give nothing but what is known here: one input, states, logits. */
static int known(const rvb_function* function) {
  int32_t inputs = 0, logits = 0;
  for (int32_t i = 0; function != NULL && i < function->argument_count; ++i) {
    const rvb_port* port = &function->arguments[i];
    if (port->role == RVB_STATE && rvb_find_port(function->results, function->result_count, RVB_STATE, port->name) < 0)
      return 0;
    if (port->role != RVB_INPUT && port->role != RVB_STATE)
      return 0;
    inputs += port->role == RVB_INPUT;
  }
  for (int32_t i = 0; function != NULL && i < function->result_count; ++i) {
    if (function->results[i].role != RVB_LOGITS && function->results[i].role != RVB_STATE)
      return 0;
    logits += function->results[i].role == RVB_LOGITS;
  }
  return function == NULL || (inputs == 1 && logits == 1);
}

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

static int allocate_states(rvb_network* network) {
  const rvb_function* step = network->step;
  const int32_t most = step == NULL ? 0 : step->argument_count;
  network->states = calloc((size_t)most + 1, sizeof *network->states);
  if (network->states == NULL)
    return 0;
  for (int32_t i = 0; i < most; ++i) {
    const rvb_port* port = &step->arguments[i];
    if (port->role != RVB_STATE)
      continue;
    struct state* state = &network->states[network->state_count++];
    state->argument = i;
    state->result = rvb_find_port(step->results, step->result_count, RVB_STATE, port->name);
    state->before = floats(rvb_port_floats(port, network->max_count));
    state->after = floats(rvb_port_floats(port, network->max_count));
    if (state->before == NULL || state->after == NULL)
      return 0;
  }
  return 1;
}

rvb_status rvb_create(const rvb_program* program, int64_t max_count, int threads, rvb_network** result) {
  if (result == NULL)
    return RVB_BAD_ARGUMENT;
  *result = NULL;
  if (program == NULL || program->version != RVB_PROGRAM_VERSION || max_count < 1 || max_count > INT32_MAX ||
      threads < 0)
    return RVB_BAD_ARGUMENT;
  if (!program->deployed)
    return RVB_NOT_DEPLOYED;
  if (rvb_missing_feature(program->features) != NULL)
    return RVB_UNSUPPORTED_CPU;
  if (rvb_checksum(program) != program->checksum)
    return RVB_DAMAGED;
  if (!known(rvb_find_function(program, "infer")) || !known(rvb_find_function(program, "step")))
    return RVB_BAD_ARGUMENT;
  rvb_network* network = calloc(1, sizeof *network);
  if (network == NULL)
    return RVB_OUT_OF_MEMORY;
  network->program = program;
  network->infer = rvb_find_function(program, "infer");
  network->step = rvb_find_function(program, "step");
  network->max_count = max_count;
  network->threads = threads;
  int64_t frames = program->sequence ? program->steps : 1;
  int64_t infer_bytes = block_bytes(network->infer, max_count), step_bytes = block_bytes(network->step, max_count);
  network->block = rvb_allocate((size_t)(infer_bytes > step_bytes ? infer_bytes : step_bytes) + 64);
  network->image = floats(max_count * frames * image_elements(program));
  network->logits = floats(max_count * program->classes);
  const rvb_function *infer = network->infer, *step = network->step;
  network->arguments =
      calloc((size_t)larger(infer == NULL ? 0 : infer->argument_count, step == NULL ? 0 : step->argument_count) + 1,
             sizeof *network->arguments);
  network->results =
      calloc((size_t)larger(infer == NULL ? 0 : infer->result_count, step == NULL ? 0 : step->result_count) + 1,
             sizeof *network->results);
  if (network->block == NULL || network->image == NULL || network->logits == NULL || network->arguments == NULL ||
      network->results == NULL || !allocate_states(network)) {
    rvb_free(network);
    return RVB_OUT_OF_MEMORY;
  }
  rvb_reset(network);
  snprintf(network->message, sizeof network->message, "%s", rvb_status_text(RVB_OK));
  *result = network;
  return RVB_OK;
}

static int all_finite(const float* values, int64_t count) {
  int finite = 1;
  for (int64_t i = 0; i < count; ++i)
    finite &= values[i] - values[i] == 0; /* an infinity or NaN makes NaN */
  return finite;
}

/* [frames, C, H, W] to [frames, H, W, C]; false when a number is not finite: a neuron would hide it. */
static int to_memory_order(const rvb_program* program, const float* from, float* to, int64_t frames) {
  int64_t channels = program->channels, pixels = (int64_t)program->height * program->width;
  if (!all_finite(from, frames * channels * pixels))
    return 0;
  for (int64_t frame = 0; frame < frames; ++frame, from += channels * pixels, to += channels * pixels)
    for (int64_t channel = 0; channel < channels; ++channel)
      for (int64_t pixel = 0; pixel < pixels; ++pixel)
        to[pixel * channels + channel] = from[channel * pixels + pixel];
  return 1;
}

static rvb_status not_finite(rvb_network* network, const char* what) {
  snprintf(network->message, sizeof network->message, "%s is not finite", what);
  return RVB_NOT_FINITE;
}

static rvb_status call(rvb_network* network, const rvb_function* function, int64_t count, float* logits) {
  const rvb_port *arguments = function->arguments, *results = function->results;
  network->arguments[rvb_find_port(arguments, function->argument_count, RVB_INPUT, NULL)] = network->image;
  network->results[rvb_find_port(results, function->result_count, RVB_LOGITS, NULL)] = network->logits;
  rvb_frame frame = {count, network->arguments, network->results, network->block};
  rvb_set_threads(network->threads);
  rvb_clear_error();
  int code = rvb_call(function->run, &frame);
  if (code == RVB_CODE_OUT_OF_MEMORY)
    return failed(network, RVB_OUT_OF_MEMORY);
  if (code == RVB_BATCH_TOO_LARGE) {
    snprintf(network->message, sizeof network->message,
             "%lld samples at once are too many: a tensor would have more than 2^31 elements", (long long)count);
    return RVB_BAD_ARGUMENT;
  }
  if (code != 0) {
    snprintf(network->message, sizeof network->message, "a kernel failed with code %d: %s", code, rvb_last_error());
    return RVB_KERNEL_FAILED;
  }
  if (!all_finite(network->logits, count * network->program->classes))
    return not_finite(network, "the network's answer (its weights or the input are too large)");
  memcpy(logits, network->logits, (size_t)(count * network->program->classes) * sizeof(float));
  return RVB_OK;
}

rvb_status rvb_run(rvb_network* network, const float* image, int64_t count, float* logits) {
  if (network == NULL)
    return RVB_BAD_ARGUMENT;
  if (image == NULL || logits == NULL || count < 1 || count > network->max_count || network->infer == NULL)
    return failed(network, RVB_BAD_ARGUMENT);
  const rvb_program* program = network->program;
  if (!to_memory_order(program, image, network->image, count * (program->sequence ? program->steps : 1)))
    return not_finite(network, "a number of the input");
  return call(network, network->infer, count, logits);
}

rvb_status rvb_evaluate(const rvb_program* program, const char* function, const rvb_frame* frame, int threads) {
  if (program == NULL || program->version != RVB_PROGRAM_VERSION || function == NULL || frame == NULL ||
      frame->arguments == NULL || frame->results == NULL || frame->block == NULL || frame->batch < 1 || threads < 0)
    return RVB_BAD_ARGUMENT;
  const rvb_function* called = rvb_find_function(program, function);
  if (called == NULL)
    return RVB_BAD_ARGUMENT;
  if (rvb_missing_feature(program->features) != NULL)
    return RVB_UNSUPPORTED_CPU;
  rvb_set_threads(threads);
  rvb_clear_error();
  switch (rvb_call(called->run, frame)) {
  case 0: return RVB_OK;
  case RVB_CODE_OUT_OF_MEMORY: return RVB_OUT_OF_MEMORY;
  case RVB_BATCH_TOO_LARGE: return RVB_BAD_ARGUMENT;
  default: return RVB_KERNEL_FAILED;
  }
}

rvb_status rvb_step(rvb_network* network, const float* frame, int64_t count, float* logits) {
  if (network == NULL)
    return RVB_BAD_ARGUMENT;
  if (network->step == NULL)
    return failed(network, RVB_NO_STEP);
  if (frame == NULL || logits == NULL || count < 1 || count > network->max_count)
    return failed(network, RVB_BAD_ARGUMENT);
  if (!to_memory_order(network->program, frame, network->image, count))
    return not_finite(network, "a number of the input");
  for (int32_t i = 0; i < network->state_count; ++i) {
    /* The streams that this call does not bring keep theirs: the rest is copied before the two change places. */
    struct state* state = &network->states[i];
    const int64_t elements = rvb_port_floats(&network->step->arguments[state->argument], 1);
    if (count < network->max_count)
      memcpy(state->after + count * elements, state->before + count * elements,
             (size_t)((network->max_count - count) * elements) * sizeof(float));
    network->arguments[state->argument] = state->before;
    network->results[state->result] = state->after;
  }
  rvb_status status = call(network, network->step, count, logits);
  if (status != RVB_OK)
    return status;
  for (int32_t i = 0; i < network->state_count; ++i) {
    struct state* state = &network->states[i];
    float* old = state->before;
    state->before = state->after;
    state->after = old;
  }
  return RVB_OK;
}

void rvb_reset(rvb_network* network) {
  if (network == NULL)
    return;
  for (int32_t i = 0; i < network->state_count; ++i)
    rvb_begin_state(&network->step->arguments[network->states[i].argument], network->states[i].before,
                    network->max_count);
}

void rvb_free(rvb_network* network) {
  if (network == NULL)
    return;
  for (int32_t i = 0; network->states != NULL && i < network->state_count; ++i) {
    rvb_release(network->states[i].before);
    rvb_release(network->states[i].after);
  }
  free(network->states);
  free(network->arguments);
  free(network->results);
  rvb_release(network->block);
  rvb_release(network->image);
  rvb_release(network->logits);
  free(network);
}
