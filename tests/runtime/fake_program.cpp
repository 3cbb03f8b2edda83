// A compiled program written by hand, so that the runtime is tested without the compiler: logistic regression on
// [1, 28, 28] images. Its pieces stand for what real networks have: a weight whose memory order is not its disk order,
// a running statistic, a parameter without decay, parallel loops, scratch memory, a block of static and sample bytes.
//
// FAKE_DEPLOYED: weights inside, functions infer and step. FAKE_FEATURE: a CPU feature that is asked for.
#include "core/checksum.h"
#include "core/core.h"
#include "interface/program.h"

#include <cmath>
#include <cstring>

namespace {

constexpr int64_t features = 784, classes = 10;

const int64_t of_image[] = {RVB_BATCH, 28, 28, 1}, of_logits[] = {RVB_BATCH, classes};
const rvb_port image = {"image", RVB_INPUT, RVB_F32, 4, 0, of_image},
               logits = {"logits", RVB_LOGITS, RVB_F32, 2, 0, of_logits};

#ifndef FAKE_FEATURE
#define FAKE_FEATURE "sse2"
#endif
#ifndef FAKE_MULTIPLIES
#define FAKE_MULTIPLIES "0"
#endif

struct Linear {
  const float *x, *mean, *weight, *bias; // mean [1], weight [in, out]
  float* logits;
  int64_t inputs;
};

int linear_task(void*, int sample, uint8_t* closure) {
  const Linear& call = *reinterpret_cast<const Linear*>(closure);
  auto* sum = static_cast<float*>(halide_malloc(nullptr, classes * sizeof(float)));
  if (sum == nullptr)
    return -11;
  std::memcpy(sum, call.bias, classes * sizeof(float));
  const float* x = call.x + sample * call.inputs;
  for (int64_t i = 0; i < call.inputs; ++i)
    for (int64_t k = 0; k < classes; ++k)
      sum[k] += (x[i] - *call.mean) * call.weight[i * classes + k];
  std::memcpy(call.logits + sample * classes, sum, classes * sizeof(float));
  halide_free(nullptr, sum);
  return 0;
}

int linear(const Linear& call, int64_t batch) {
  Linear copy = call;
  return halide_do_par_for(nullptr, linear_task, 0, static_cast<int>(batch), reinterpret_cast<uint8_t*>(&copy));
}

#ifdef FAKE_DEPLOYED

struct Weights {
  float weight[features * classes], bias[classes], mean = 0;
  Weights() {
    for (int64_t i = 0; i < features * classes; ++i)
      weight[i] = static_cast<float>((i * 7919) % 13 - 6) / 64;
    for (int64_t k = 0; k < classes; ++k)
      bias[k] = static_cast<float>(k) / 16;
  }
};
const Weights weights;
const int64_t of_features[] = {RVB_BATCH, features};

int infer(const rvb_frame* frame) {
  return linear({static_cast<const float*>(frame->arguments[0]), &weights.mean, weights.weight, weights.bias,
                 static_cast<float*>(frame->results[0]), features},
                frame->batch);
}

// u = (u - 0.5) / 4 + x; logits of u. The neurons begin at 0.5.
int step(const rvb_frame* frame) {
  auto* x = static_cast<const float*>(frame->arguments[0]);
  auto* old = static_cast<const float*>(frame->arguments[1]);
  auto* u = static_cast<float*>(frame->results[1]);
  for (int64_t i = 0; i < frame->batch * features; ++i)
    u[i] = 0.25f * old[i] - 0.125f + x[i];
  return linear({u, &weights.mean, weights.weight, weights.bias, static_cast<float*>(frame->results[0]), features},
                frame->batch);
}

const char* const manifest = R"({"schema": "rvb.manifest/2", "name": "Fake", "source_hash": "0123456789abcdef",
 "compiler": "rvbc test", "target": "generic", "features": ["sse2"], "deployed": true,
 "input": {"name": "image", "shape": [1, 28, 28], "sequence": false, "steps": 2}, "classes": 10, "constants": {"T": 2},
 "layers": [{"path": "fc", "kind": "linear", "shape": [10], "weights": "binary", "bytes": 980, "multiply_adds": 0, "additions": 7840}],
 "parameters": [],
 "functions": {"infer": {"static_bytes": 64, "sample_bytes": 64},
               "step": {"static_bytes": 64, "sample_bytes": 64}},
 "recipe": {"loss": "cross_entropy", "epochs": 3, "batch": 32, "mean": [0.5], "deviation": [0.25]},
 "deployment": {"weights_hash": "fedcba9876543210", "weight_bytes": 31400, "binary_bytes": 980, "synaptic_multiplies": )" FAKE_MULTIPLIES
                             R"(,
   "verification": {"kernels": [{"symbol": "rvb_fc", "layer": "fc", "instructions": 120, "multiplies": )" FAKE_MULTIPLIES
                             R"(}], "multiplies": )" FAKE_MULTIPLIES R"(}}})";

const rvb_port arguments[] = {image, {"0", RVB_STATE, RVB_F32, 2, 0.5f, of_features}};
const rvb_port results[] = {logits, {"0", RVB_STATE, RVB_F32, 2, 0, of_features}};
const rvb_function functions[] = {{"infer", infer, 64, 64, 1, 1, arguments, results},
                                  {"step", step, 64, 64, 2, 2, arguments, results}};
constexpr int32_t deployed = 1;

#else

struct Gradient {
  const float *logits, *labels_as_bytes;
  float *loss, *slope;
  int64_t batch;
};

int softmax_task(void*, int sample, uint8_t* closure) {
  const Gradient& call = *reinterpret_cast<const Gradient*>(closure);
  const float* z = call.logits + sample * classes;
  int32_t label;
  std::memcpy(&label, call.labels_as_bytes + sample, sizeof label);
  float top = z[0], sum = 0;
  for (int64_t k = 1; k < classes; ++k)
    top = z[k] > top ? z[k] : top;
  for (int64_t k = 0; k < classes; ++k)
    sum += std::exp(z[k] - top);
  call.loss[sample] = std::log(sum) + top - z[label];
  for (int64_t k = 0; k < classes; ++k)
    call.slope[sample * classes + k] =
        (std::exp(z[k] - top) / sum - (k == label ? 1.0f : 0.0f)) / static_cast<float>(call.batch);
  return 0;
}

// arguments: image, mean, weight, bias, conv
int infer(const rvb_frame* frame) {
  auto argument = [&](int i) { return static_cast<const float*>(frame->arguments[i]); };
  return linear({argument(0), argument(1), argument(2), argument(3), static_cast<float*>(frame->results[0]), features},
                frame->batch);
}

// arguments: image, labels, weight, bias, conv; results: loss, logits, batch mean, gradients of weight, bias, conv.
// The mean of the batch counts as a constant. The loss has 0.05 times the sum of the squares of conv.
int gradient(const rvb_frame* frame) {
  auto argument = [&](int i) { return static_cast<const float*>(frame->arguments[i]); };
  auto result = [&](int i) { return static_cast<float*>(frame->results[i]); };
  int64_t batch = frame->batch;
  double sum = 0;
  for (int64_t i = 0; i < batch * features; ++i)
    sum += argument(0)[i];
  *result(2) = static_cast<float>(sum / static_cast<double>(batch * features));
  if (int code = linear({argument(0), result(2), argument(2), argument(3), result(1), features}, batch))
    return code;
  auto* losses = reinterpret_cast<float*>(frame->block + 64);
  Gradient call{result(1), argument(1), losses, losses + batch, batch};
  if (int code =
          halide_do_par_for(nullptr, softmax_task, 0, static_cast<int>(batch), reinterpret_cast<uint8_t*>(&call)))
    return code;
  float loss = 0;
  for (int64_t n = 0; n < batch; ++n)
    loss += losses[n];
  loss /= static_cast<float>(batch);
  std::memset(result(3), 0, features * classes * sizeof(float));
  std::memset(result(4), 0, classes * sizeof(float));
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t k = 0; k < classes; ++k) {
      float slope = call.slope[n * classes + k];
      result(4)[k] += slope;
      for (int64_t i = 0; i < features; ++i)
        result(3)[i * classes + k] += slope * (argument(0)[n * features + i] - *result(2));
    }
  for (int64_t i = 0; i < 18; ++i) {
    loss += 0.05f * argument(4)[i] * argument(4)[i];
    result(5)[i] = 0.1f * argument(4)[i];
  }
  *result(0) = loss;
  return 0;
}

const char* const manifest = R"({"schema": "rvb.manifest/2", "name": "Fake", "source_hash": "0123456789abcdef",
 "compiler": "rvbc test", "target": "generic", "features": ["sse2"], "deployed": false,
 "input": {"name": "image", "shape": [1, 28, 28], "sequence": false, "steps": 2}, "classes": 10, "constants": {"T": 2},
 "layers": [{"path": "fc", "kind": "linear", "shape": [10], "weights": "real", "bytes": 31400, "multiply_adds": 7840, "additions": 0}],
 "parameters": [
  {"name": "norm.running_mean", "role": "running_mean", "shape": [1], "order": [0], "trainable": false, "decays": false,
   "binary": false, "momentum": 0.1, "initializer": {"kind": "constant", "value": 0}},
  {"name": "fc.weight", "role": "weight", "shape": [10, 784], "order": [1, 0], "trainable": true, "decays": true,
   "binary": false, "momentum": 0.1, "initializer": {"kind": "normal", "value": 0.03}},
  {"name": "fc.bias", "role": "bias", "shape": [10], "order": [0], "trainable": true, "decays": false,
   "binary": false, "momentum": 0.1, "initializer": {"kind": "constant", "value": 0}},
  {"name": "conv.weight", "role": "weight", "shape": [2, 1, 3, 3], "order": [2, 3, 1, 0], "trainable": true, "decays": false,
   "binary": true, "window": 0.5, "momentum": 0.1, "initializer": {"kind": "normal", "value": 0.5}}],
 "functions": {"infer": {"static_bytes": 64, "sample_bytes": 64},
  "gradient": {"static_bytes": 64, "sample_bytes": 64}},
 "recipe": {"loss": "cross_entropy", "optimizer": "sgd", "rate": 0.02, "momentum": 0.9, "weight_decay": 1e-3, "schedule": "cosine",
            "epochs": 3, "batch": 32, "augment": [{"name": "flip", "amount": 0}], "mean": [0.5], "deviation": [0.25]}})";

const int64_t of_one[] = {1}, of_weight[] = {features, classes}, of_bias[] = {classes}, of_conv[] = {3, 3, 1, 2},
              of_labels[] = {RVB_BATCH};
constexpr rvb_port of(rvb_role role, const char* name, int32_t rank, const int64_t* dims) {
  return {name, role, RVB_F32, rank, 0, dims};
}
const rvb_port infer_arguments[] = {
    image, of(RVB_PARAMETER, "norm.running_mean", 1, of_one), of(RVB_PARAMETER, "fc.weight", 2, of_weight),
    of(RVB_PARAMETER, "fc.bias", 1, of_bias), of(RVB_PARAMETER, "conv.weight", 4, of_conv)};
const rvb_port gradient_arguments[] = {image,
                                       {"labels", RVB_LABELS, RVB_I32, 1, 0, of_labels},
                                       of(RVB_PARAMETER, "fc.weight", 2, of_weight),
                                       of(RVB_PARAMETER, "fc.bias", 1, of_bias),
                                       of(RVB_PARAMETER, "conv.weight", 4, of_conv)};
const rvb_port gradient_results[] = {of(RVB_LOSS, "loss", 0, nullptr),
                                     logits,
                                     of(RVB_STATISTIC, "norm.running_mean", 1, of_one),
                                     of(RVB_GRADIENT, "fc.weight", 2, of_weight),
                                     of(RVB_GRADIENT, "fc.bias", 1, of_bias),
                                     of(RVB_GRADIENT, "conv.weight", 4, of_conv)};
const rvb_function functions[] = {{"infer", infer, 64, 64, 5, 1, infer_arguments, &logits},
                                  {"gradient", gradient, 64, 64, 5, 6, gradient_arguments, gradient_results}};
constexpr int32_t deployed = 0;

#endif

const char* const needed[] = {FAKE_FEATURE, nullptr};

rvb_program sealed(rvb_program program) {
  program.checksum = rvb_checksum(&program);
  return program;
}

} // namespace

extern "C" const rvb_program rvb_compiled_program =
    sealed({RVB_PROGRAM_VERSION, deployed, 0, 2, 1, 28, 28, classes, 2, functions, needed, manifest, nullptr, 0, 0});
