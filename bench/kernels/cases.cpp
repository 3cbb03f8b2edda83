#include "cases.h"

namespace {

std::string list(std::initializer_list<int64_t> numbers) {
  std::string text;
  for (int64_t d : numbers)
    text += (text.empty() ? "" : ",") + (d < 0 ? std::string("?") : std::to_string(d));
  return "[" + text + "]";
}

// func @f(%a: A, %b: B) -> (R) { %r = CALL : R   ret(%r) }
std::string function(const std::vector<std::string>& operands, const std::string& call,
                     const std::vector<std::string>& results) {
  std::string parameters, types, names;
  for (size_t i = 0; i < operands.size(); ++i)
    parameters += (i == 0 ? "%" : ", %") + std::string(1, static_cast<char>('a' + i)) + ": " + operands[i];
  for (size_t i = 0; i < results.size(); ++i) {
    types += (i == 0 ? "" : ", ") + results[i];
    names += (i == 0 ? "%r" : ", %r") + std::to_string(i);
  }
  return "func @f(" + parameters + ") -> (" + types + ") {\n  " + names + " = " + call + " : " + types + "\n  ret(" +
         names + ")\n}\n";
}

struct Window {
  int64_t kernel, stride, pad;
};

void add_convolution(std::vector<Case>& cases, int64_t size, int64_t in, int64_t out, Window w, int64_t batch) {
  int64_t o = (size + 2 * w.pad - w.kernel) / w.stride + 1;
  std::string x = "f32" + list({-1, size, size, in}), y = "f32" + list({-1, o, o, out}),
              weights = "f32" + list({w.kernel, w.kernel, in, out}),
              bits = "u32" + list({w.kernel * w.kernel, (in + 31) / 32, out});
  std::string pad = "pad = " + list({w.pad, w.pad}), stride = "stride = " + list({w.stride, w.stride}),
              kernel = "kernel = " + list({w.kernel, w.kernel});
  std::string name = " " + std::to_string(in) + "->" + std::to_string(out) + "@" + std::to_string(size) + "/" +
                     std::to_string(w.stride) + (w.kernel == 3 ? "" : " kernel " + std::to_string(w.kernel));
  std::string tail = " batch " + std::to_string(batch);
  double work = static_cast<double>(o * o * in * out * w.kernel * w.kernel);
  auto add = [&](const std::string& row, const std::string& text) {
    cases.push_back({row, row + name + tail, text, batch, Case::Bound::multiply_adds, work});
  };
  add("conv2d", function({x, weights}, "conv2d(%a, %b) {" + pad + ", " + stride + "}", {y}));
  add("conv2d_input_gradient",
      function({y, weights},
               "conv2d_input_gradient(%a, %b) {" + pad + ", size = " + list({size, size}) + ", " + stride + "}", {x}));
  add("conv2d_weight_gradient",
      function({x, y}, "conv2d_weight_gradient(%a, %b) {" + kernel + ", " + pad + ", " + stride + "}", {weights}));
  Case binary{"binary_conv2d",
              "binary_conv2d" + name + " f32" + tail,
              function({x, bits},
                       "binary_conv2d(%a, %b) {channels = " + list({in, out}) + ", " + kernel + ", " + pad + ", " +
                           stride + "}",
                       {y}),
              batch,
              Case::Bound::lookups,
              work,
              true};
  cases.push_back(binary);
  for (std::string spikes : {"i32", "i16"}) { // fixed point
    Case whole = binary;
    whole.name = "binary_conv2d" + name + " " + spikes + tail;
    whole.text = function({spikes + x.substr(3), bits},
                          "binary_conv2d(%a, %b) {channels = " + list({in, out}) + ", " + kernel + ", " + pad + ", " +
                              stride + "}",
                          {"i32" + y.substr(3)});
    cases.push_back(whole);
  }
  // As training calls it: with alphas; and the way back, through transposed signs.
  binary.name = "binary_conv2d" + name + " f32 alpha" + tail;
  binary.text = function({x, bits, "f32" + list({in})},
                         "binary_conv2d(%a, %b, %c) {channels = " + list({in, out}) + ", " + kernel + ", " + pad +
                             ", " + stride + "}",
                         {y});
  cases.push_back(binary);
  std::string transposed = "u32" + list({w.kernel * w.kernel, (out + 31) / 32, in});
  binary.row = "binary_conv2d_input_gradient";
  binary.name = binary.row + name + tail;
  binary.spikes = false;
  binary.text = function({y, transposed},
                         "binary_conv2d_input_gradient(%a, %b) {channels = " + list({in, out}) + ", " + kernel + ", " +
                             pad + ", size = " + list({size, size}) + ", " + stride + "}",
                         {x});
  cases.push_back(binary);
}

// Channels in groups, as many out as in: depthwise where there are as many groups.
void add_grouped(std::vector<Case>& cases, int64_t size, int64_t channels, int64_t groups, int64_t kernel,
                 int64_t batch) {
  const int64_t pad = kernel / 2, in = channels / groups;
  const std::string x = "f32" + list({-1, size, size, channels}),
                    weights = "f32" + list({kernel, kernel, in, channels}),
                    bits = "u32" + list({kernel * kernel, in, (channels + 31) / 32});
  const std::string group = "groups = " + std::to_string(groups), taps = "kernel = " + list({kernel, kernel}),
                    window = "pad = " + list({pad, pad}), stride = "stride = [1, 1]";
  const std::string tail = " " + std::to_string(channels) + "@" + std::to_string(size) + " groups " +
                           std::to_string(groups) + " kernel " + std::to_string(kernel) + " batch " +
                           std::to_string(batch);
  auto add = [&](const std::string& row, const std::vector<std::string>& operands, const std::string& call,
                 const std::string& result) {
    cases.push_back({row, row + tail, function(operands, row + call, {result}), batch, Case::Bound::multiply_adds,
                     static_cast<double>(size * size * in * channels * kernel * kernel)});
  };
  add("conv2d", {x, weights}, "(%a, %b) {" + group + ", " + window + ", " + stride + "}", x);
  add("conv2d_input_gradient", {x, weights},
      "(%a, %b) {" + group + ", " + window + ", size = " + list({size, size}) + ", " + stride + "}", x);
  add("conv2d_weight_gradient", {x, x}, "(%a, %b) {" + group + ", " + taps + ", " + window + ", " + stride + "}",
      weights);
  add("binary_conv2d", {x, bits},
      "(%a, %b) {channels = " + list({channels, channels}) + ", " + group + ", " + taps + ", " + window + ", " +
          stride + "}",
      x);
}

// The dense kernel and the one of events, on spikes of which a share of the groups is silent.
void add_sparse(std::vector<Case>& cases, int64_t size, int64_t in, int64_t out, int64_t batch) {
  for (std::string spikes : {"f32", "i32", "i16"})
    for (int percent : {0, 20, 30, 50, 80, 95, 99})
      for (const char* kernel : {"dense", "sparse"}) {
        const std::string sums = spikes == "f32" ? "f32" : "i32";
        Case c{"binary_conv2d",
               "binary_conv2d events " + std::to_string(in) + "->" + std::to_string(out) + "@" + std::to_string(size) +
                   " " + spikes + " silent " + std::to_string(percent) + " " + kernel + " batch " +
                   std::to_string(batch),
               function({spikes + list({-1, size, size, in}), "u32" + list({9, (in + 31) / 32, out})},
                        "binary_conv2d(%a, %b) {channels = " + list({in, out}) + ", kernel = [3, 3], pad = [1, 1], " +
                            (kernel[0] == 's' ? "sparse = 1, " : "") + "stride = [1, 1]}",
                        {sums + list({-1, size, size, out})}),
               batch,
               Case::Bound::lookups,
               static_cast<double>(size * size * in * out * 9),
               true};
        c.silent = percent / 100.0;
        cases.push_back(c);
      }
}

void add_linear(std::vector<Case>& cases, int64_t in, int64_t out, int64_t batch) {
  std::string x = "f32" + list({-1, in}), y = "f32" + list({-1, out}), w = "f32" + list({in, out}),
              bits = "u32" + list({1, (in + 31) / 32, out});
  std::string name = " " + std::to_string(in) + "->" + std::to_string(out) + " batch " + std::to_string(batch);
  double work = static_cast<double>(in * out);
  auto add = [&](const std::string& row, const std::string& text) {
    cases.push_back({row, row + name, text, batch, Case::Bound::multiply_adds, work});
  };
  add("linear", function({x, w}, "linear(%a, %b)", {y}));
  add("linear_input_gradient", function({y, w}, "linear_input_gradient(%a, %b)", {x}));
  add("linear_weight_gradient", function({x, y}, "linear_weight_gradient(%a, %b)", {w}));
  cases.push_back({"binary_linear", "binary_linear" + name,
                   function({x, bits}, "binary_linear(%a, %b) {channels = " + list({in, out}) + "}", {y}), batch,
                   Case::Bound::lookups, work, true});
}

// What a residual join of ResNet20 does: scale and bias of BatchNorm, the shortcut, the neuron.
const char* neuron =
    R"(func @f(%x: f32[2,?,16,16,64], %y: f32[2,?,16,16,64], %s: f32[64], %d: f32[64]) -> (f32[2,?,16,16,64], f32[?,16,16,64]) {
  %o, %v = scan(%x, %y, %s, %d, 0.0) {axis = 0, invariants = 2, reverse = 0, states = 1} do (%xt: f32[?,16,16,64], %yt: f32[?,16,16,64], %st: f32[64], %dt: f32[64], %vt: f32[?,16,16,64]) {
    %m = mul(%xt, %st) : f32[?,16,16,64]
    %n = add(%m, %dt) : f32[?,16,16,64]
    %j = add(%n, %yt) : f32[?,16,16,64]
    %l = mul(%vt, 0.25) : f32[?,16,16,64]
    %u = add(%l, %j) : f32[?,16,16,64]
    %f = greater_equal(%u, 0.0) : bool[?,16,16,64]
    %e = select(%f, %u, 0.0) : f32[?,16,16,64]
    %r = select(%f, 0.0, %u) : f32[?,16,16,64]
    yield(%e, %r)
  } : f32[2,?,16,16,64], f32[?,16,16,64]
  ret(%o, %v)
}
)";

void add_passes(std::vector<Case>& cases) {
  std::string x = "f32[?,32,32,64]", half = "f32[?,16,16,64]", c = "f32[64]", one = "f32[?,64]",
              twice = "f32[2,?,32,32,64]", deep = "f32[?,4,4,512]", flat = "f32[?,8192]", logits = "f32[?,10]",
              labels = "i32[?]", window = "{kernel = [2, 2], pad = [0, 0], stride = [2, 2]}",
              back = "{kernel = [2, 2], pad = [0, 0], size = [32, 32], stride = [2, 2]}";
  auto add = [&](const std::string& row, int64_t batch, const std::vector<std::string>& operands,
                 const std::string& call, const std::vector<std::string>& results, const std::string& suffix = "") {
    cases.push_back({row, row + suffix, function(operands, row + call, results), batch});
  };
  cases.push_back({"scan", "scan of a residual join", neuron, 32});
  add("repeat", 16, {x}, "(%a) {times = 2}", {twice});
  add("sum_time", 16, {twice}, "(%a)", {x});
  add("mean_time", 16, {twice}, "(%a)", {x});
  add("split_time", 16, {twice}, "(%a)", {x, x});
  add("stack_time", 16, {x, x}, "(%a, %b)", {twice});
  add("scale", 16, {x, c}, "(%a, %b) {axis = 3}", {x});
  add("dropout_mask", 16, {"i32[2]"}, "(%a) {dims = [-1, 32, 32, 64], operation = 1, rate = 0.5}", {x});
  add("reduce", 16, {twice}, "(%a) {axes = [0, 2, 3], kind = \"sum\"}", {one});
  add("expand", 16, {one}, "(%a) {axes = [1, 2], sizes = [32, 32]}", {x});
  add("random", 16, {"i32[2]"}, "(%a) {dims = [-1, 32, 32, 64], operation = 1}", {x});
  add("index", 16, {}, "() {size = 65536}", {"f32[65536]"});
  add("fill", 16, {}, "() {dims = [-1, 32, 32, 64], value = 0.0}", {x});
  add("reshape", 16, {x}, "(%a) {dims = [-1, 1024, 64]}", {"f32[?,1024,64]"});
  add("permute", 16, {x}, "(%a) {order = [0, 3, 1, 2]}", {"f32[?,64,32,32]"});
  add("concat", 16, {x, x}, "(%a, %b) {axis = 3}", {"f32[?,32,32,128]"});
  add("slice", 16, {x}, "(%a) {axis = 3, begin = 16, size = 32}", {"f32[?,32,32,32]"});
  add("pad", 16, {half}, "(%a) {after = 8, axis = 1, before = 8}", {"f32[?,32,16,64]"});
  cases.push_back(
      {"matmul", "matmul of attention, 196 tokens",
       function({"f32[?,8,196,64]", "f32[?,8,196,64]"}, "matmul(%a, %b) {transpose_b = 1}", {"f32[?,8,196,196]"}), 4,
       Case::Bound::multiply_adds, 8.0 * 196 * 196 * 64});
  add("pack_signs", 1, {"f32[3,3,512,512]"}, "(%a)", {"u32[9,16,512]"});
  add("pack_signs", 1, {"f32[3,3,512,512]"}, "(%a) {transposed = 1}", {"u32[9,16,512]"}, " transposed");
  add("sum", 16, {x}, "(%a) {axis = 3}", {c});
  add("moments", 32, {x}, "(%a) {copies = 1}", {c, c, c});
  add("moments", 32, {deep}, "(%a) {copies = 1}", {"f32[512]", "f32[512]", "f32[512]"}, " 512@4");
  add("centered_sums", 32, {x, x, c}, "(%a, %b, %c)", {c, c});
  add("centered_sums", 32, {deep, deep, "f32[512]"}, "(%a, %b, %c)", {"f32[512]", "f32[512]"}, " 512@4");
  add("avgpool", 32, {x}, "(%a) " + window, {half});
  add("avgpool_gradient", 32, {half}, "(%a) " + back, {x});
  add("maxpool", 32, {x}, "(%a) " + window, {half});
  add("maxpool_gradient", 32, {half, x}, "(%a, %b) " + back, {x});
  add("global_avgpool", 32, {x}, "(%a)", {one});
  add("global_avgpool_gradient", 32, {one}, "(%a) {size = [32, 32]}", {x});
  add("flatten", 32, {deep}, "(%a)", {flat});
  add("unflatten", 32, {flat}, "(%a) {size = [4, 4, 512]}", {deep});
  add("cross_entropy", 128, {logits, labels}, "(%a, %b)", {"f32[]"});
  add("cross_entropy_gradient", 128, {logits, labels}, "(%a, %b)", {logits});
  cases.push_back({"elementwise", "elementwise add", function({x, x}, "add(%a, %b)", {x}), 32});
  cases.push_back({"elementwise", "elementwise add of a bias", function({x, c}, "add(%a, %b)", {x}), 32});
}

} // namespace

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  // The four of issue and design, one image: what a single image of ResNet20 passes, and a layer of VGG16.
  add_convolution(cases, 32, 64, 64, {3, 1, 1}, 1);
  add_convolution(cases, 16, 128, 128, {3, 1, 1}, 1);
  add_convolution(cases, 8, 256, 256, {3, 1, 1}, 1);
  add_convolution(cases, 4, 512, 512, {3, 1, 1}, 1);
  // ResNet20's layers in training.
  add_convolution(cases, 32, 3, 64, {3, 1, 1}, 32);
  add_convolution(cases, 32, 64, 64, {3, 1, 1}, 32);
  add_convolution(cases, 16, 64, 64, {3, 1, 1}, 32);
  add_convolution(cases, 16, 64, 128, {3, 2, 1}, 32);
  add_convolution(cases, 8, 64, 128, {1, 1, 0}, 32);
  add_convolution(cases, 8, 128, 128, {3, 1, 1}, 32);
  add_convolution(cases, 8, 128, 256, {3, 2, 1}, 32);
  add_convolution(cases, 4, 256, 256, {3, 1, 1}, 32);
  add_convolution(cases, 4, 128, 256, {1, 1, 0}, 32);
  add_convolution(cases, 4, 256, 512, {3, 2, 1}, 32);
  add_convolution(cases, 2, 256, 512, {1, 1, 0}, 32);
  add_convolution(cases, 2, 512, 512, {3, 1, 1}, 32);
  // Depthwise ones of ConvNeXt's and MobileNet's sizes, and ResNeXt's groups.
  add_grouped(cases, 56, 96, 96, 7, 8);
  add_grouped(cases, 14, 384, 384, 7, 8);
  add_grouped(cases, 32, 64, 64, 3, 32);
  add_grouped(cases, 28, 128, 32, 3, 8);
  add_grouped(cases, 16, 256, 4, 3, 8);
  add_sparse(cases, 32, 64, 64, 1);
  add_sparse(cases, 16, 128, 128, 1);
  add_sparse(cases, 4, 512, 512, 8);
  add_linear(cases, 512, 10, 32);
  add_linear(cases, 2048, 512, 32);
  add_passes(cases);
  return cases;
}
