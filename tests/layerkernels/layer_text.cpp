#include "layer_text.h"

namespace rvb::layerkernels {

using std::string;
using std::to_string;

namespace {

string type(const string& element, const string& lead, std::initializer_list<int64_t> dims) {
  return element + "[" + (lead.empty() ? "" : lead + ", ") + list(dims) + "]";
}

} // namespace

string list(std::initializer_list<int64_t> numbers) {
  string text;
  for (int64_t n : numbers)
    text += (text.empty() ? "" : ", ") + to_string(n);
  return text;
}

string Convolution::input(const string& element) const {
  return type(element, lead, {h, w, in});
}
string Convolution::output(const string& element) const {
  return type(element, lead, {out_height(), out_width(), out});
}
string Convolution::input_slice(const string& element) const {
  return type(element, lead == "?" ? "" : "?", {h, w, in});
}
string Convolution::output_slice(const string& element) const {
  return type(element, lead == "?" ? "" : "?", {out_height(), out_width(), out});
}
string Convolution::bits() const {
  return type("u32", "", {kernel * kernel, (in + 31) / 32, out});
}
string Convolution::synapses(const string& sums, bool sparse) const {
  return "  %r = binary_conv2d(%x, %b) {channels = [" + list({in, out}) + "], kernel = [" + list({kernel, kernel}) +
         "], pad = [" + list({pad, pad}) + "]" + (sparse ? ", sparse = 1" : "") + ", stride = [" +
         list({stride, stride}) + "]} : " + output(sums) + "\n";
}

std::ostream& operator<<(std::ostream& out, const Convolution& c) {
  return out << c.h << "x" << c.w << "x" << c.in << " to " << c.out << ", kernel " << c.kernel << ", stride "
             << c.stride << ", pad " << c.pad << ", batch " << c.batch;
}

std::vector<Convolution> convolutions() {
  return {{5, 7, 1, 8, 3, 1, 1, 2},
          {5, 7, 3, 13, 3, 1, 1, 1},
          {5, 7, 8, 3, 3, 2, 1, 5},
          {7, 5, 13, 33, 3, 3, 0, 2},
          {5, 7, 33, 64, 3, 1, 1, 2},
          {6, 6, 64, 8, 1, 1, 0, 2},
          {7, 7, 64, 33, 1, 2, 0, 5},
          {9, 5, 8, 16, 5, 1, 2, 1},
          {4, 4, 64, 64, 3, 1, 1, 13},
          {14, 14, 32, 200, 3, 1, 1, 2, "2,?"},
          {3, 3, 1, 1, 3, 1, 1, 1},
          {2, 2, 128, 256, 3, 1, 1, 9, "2,?"},
          {5, 6, 3, 8, 4, 3, 2, 2, "3,?"},
          {5, 7, 40, 24, 3, 1, 2, 1},
          {33, 32, 64, 64, 3, 1, 1, 1, "2,?"},
          {40, 9, 36, 100, 3, 2, 1, 2, "2,?"}};
}

string sums_text(const Convolution& c, const string& spikes) {
  const string sums = spikes == "f32" ? "f32" : "i32";
  return sums_text(c.input(spikes), c.bits(), c.output(sums), c.synapses(sums));
}

string alpha_text(const Convolution& c) {
  string alpha = c.synapses("f32");
  alpha.replace(alpha.find("%b)"), 3, "%b, %a)");
  return "func @f(%x: " + c.input("f32") + ", %b: " + c.bits() + ", %a: f32[" + to_string(c.in) + "]) -> (" +
         c.output("f32") + ") {\n" + alpha + "  ret(%r)\n}\n";
}

std::vector<string> input_gradient_texts(const Convolution& c) {
  const string x = c.input("f32"), y = c.output("f32");
  string transposed = "u32[" + list({c.kernel * c.kernel, (c.out + 31) / 32, c.in}) + "]";
  string synapse = "  %r = binary_conv2d_input_gradient(%x, %b) {channels = [" + list({c.in, c.out}) + "], kernel = [" +
                   list({c.kernel, c.kernel}) + "], pad = [" + list({c.pad, c.pad}) + "], size = [" + list({c.h, c.w}) +
                   "], stride = [" + list({c.stride, c.stride}) + "]} : " + x + "\n";
  string ci = to_string(c.in), inside = c.input_slice("f32");
  return {sums_text(y, transposed, x, synapse),
          "func @f(%x: " + y + ", %b: " + transposed + ", %a: f32[" + ci + "], %m: " + x + ") -> (" + x + ") {\n" +
              synapse + "  %o = scan(%r, %m, %a) {axis = 0, invariants = 1} do (%rt: " + inside + ", %mt: " + inside +
              ", %at: f32[" + ci + "]) {\n    %s = mul(%rt, %at) : " + inside + "\n    %h = greater(%mt, 0.0) : bool" +
              inside.substr(3) + "\n    %e = select(%h, %s, 0.0) : " + inside + "\n    yield(%e)\n  } : " + x +
              "\n  ret(%o)\n}\n"};
}

string whole_numbers_text(const Convolution& c, const string& spikes) {
  const string bits_of = spikes.substr(1), y = c.output("f32"), slice = c.output_slice("f32"), bits = c.bits();
  const string xi = c.input(spikes), yi = c.output("i32"), ei = c.output(spikes), co = to_string(c.out),
               synapse = c.synapses("i32");
  return "func @f(%x: " + xi + ", %b: " + bits + ", %g: f32[" + co + "], %s: " + y + ", %j: " + yi + ") -> (" + y +
         ", " + ei + ") {\n" + synapse +
         "  %o, %p = scan(%s, %r, %j, %g) {axis = 0, invariants = 1} do (%st: " + slice + ", %rt: i32" +
         slice.substr(3) + ", %jt: i32" + slice.substr(3) + ", %gt: f32[" + co +
         "]) {\n    %q = dequantize(%rt) {scale = 0.0009765625} : " + slice +
         "\n    %k = dequantize(%jt) {scale = 0.00048828125} : " + slice + "\n    %m = mul(%q, %gt) : " + slice +
         "\n    %u = add(%m, %st) : " + slice + "\n    %n = add(%u, %k) : " + slice +
         "\n    %e = max(%n, 0.0) : " + slice + "\n    %z = quantize(%e) {bits = " + bits_of +
         ", limit = 1023, scale = 8.0} : i" + bits_of + slice.substr(3) + "\n    yield(%e, %z)\n  } : " + y + ", " +
         ei + "\n  ret(%o, %p)\n}\n";
}

string whole_neuron_text(const Convolution& c, const string& spikes) {
  const string x = c.input("f32"), y = c.output("f32"), slice = c.output_slice("f32"), bits = c.bits(),
               bits_of = spikes.substr(1);
  const bool time = c.lead != "?";
  const string i = "i32" + slice.substr(3), seq = "i32" + y.substr(3), co = to_string(c.out),
               state = time ? ", 0.0" : "";
  const string shift = bits_of == "16" ? "11" : "20";
  return "func @f(%x: i" + bits_of + x.substr(3) + ", %b: " + bits + ", %g: i32[" + co + "], %s: " + seq + ") -> (i" +
         bits_of + y.substr(3) + ", " + seq + ", f32" + y.substr(3) + (time ? ", " + i : "") + ") {\n" +
         c.synapses("i32") + "  %o, %p, %n" + (time ? ", %z" : "") + " = scan(%s, %r, %g" + state +
         ") {axis = 0, invariants = 1" + (time ? ", states = 1" : "") + "} do (%st: " + i + ", %rt: " + i +
         ", %gt: i32[" + co + "]" + (time ? ", %v: " + i : "") +
         ") {\n    %k = rescale(%rt, -1234567.0) {shift = " + shift + "} : " + i +
         "\n    %m = rescale(%st, %gt) {shift = 1} : " + i + "\n    %h = add(%k, %m) : " + i +
         (time ? "\n    %l = rescale(%v, 1.0) {shift = 2} : " + i + "\n    %u = sub(%h, %l) : " + i
               : "\n    %u = max(%h, -2000000.0) : " + i) +
         "\n    %a = abs(%u) : " + i + "\n    %f = greater(%a, 70000.0) : bool" + slice.substr(3) +
         "\n    %e = select(%f, %u, 0.0) : " + i + "\n    %j = min(%e, 1000000.0) : " + i +
         "\n    %q = saturate(%j) {bits = " + bits_of + ", limit = 1023} : i" + bits_of + slice.substr(3) +
         "\n    %d = dequantize(%j) {scale = 0.0001} : f32" + slice.substr(3) +
         (time ? "\n    %w = select(%f, 0.0, %u) : " + i : "") + "\n    yield(%q, %j, %d" + (time ? ", %w" : "") +
         ")\n  } : i" + bits_of + y.substr(3) + ", " + seq + ", f32" + y.substr(3) + (time ? ", " + i : "") +
         "\n  ret(%o, %p, %n" + (time ? ", %z" : "") + ")\n}\n";
}

string residual_text(const Convolution& c) {
  const string x = c.input("f32"), y = c.output("f32"), slice = c.output_slice("f32"), bits = c.bits(),
               synapses = c.synapses("f32"), co = to_string(c.out);
  return "func @f(%x: " + x + ", %b: " + bits + ", %g: f32[" + co + "], %d: f32[" + co + "], %s: " + y + ") -> (" + y +
         ", " + y + ") {\n" + synapses +
         "  %o, %p = scan(%s, %r, %g, %d) {axis = 0, invariants = 2} do (%st: " + slice + ", %rt: " + slice +
         ", %gt: f32[" + co + "], %dt: f32[" + co + "]) {\n" + "    %m = mul(%rt, %gt) : " + slice +
         "\n    %a = add(%m, %dt) : " + slice + "\n    %u = add(%a, %st) : " + slice +
         "\n    %e = max(%u, 0.0) : " + slice + "\n    %q = mul(%e, %gt) : " + slice +
         "\n    yield(%e, %q)\n  } : " + y + ", " + y + "\n  ret(%o, %p)\n}\n";
}

string membrane_text(const Convolution& c, bool given) {
  const string x = c.input("f32"), y = c.output("f32"), slice = c.output_slice("f32"), bits = c.bits(),
               synapses = c.synapses("f32");
  string initial = given ? "%v" : "0.25";
  return "func @f(%x: " + x + ", %b: " + bits + (given ? ", %v: " + slice : "") + ") -> (" + y + ", " + slice +
         ") {\n" + synapses + "  %o, %w = scan(%r, " + initial + ") {axis = 0, states = 1} do (%rt: " + slice +
         ", %vt: " + slice + ") {\n" + "    %l = mul(%vt, 0.25) : " + slice + "\n    %u = add(%l, %rt) : " + slice +
         "\n    %f = greater_equal(%u, 0.5) : bool" + slice.substr(3) + "\n    %e = select(%f, %u, 0.0) : " + slice +
         "\n    %n = select(%f, 0.0, %u) : " + slice + "\n    yield(%e, %n)\n  } : " + y + ", " + slice +
         "\n  ret(%o, %w)\n}\n";
}

string sums_text(const string& x, const string& bits, const string& sums, const string& synapses) {
  return "func @f(%x: " + x + ", %b: " + bits + ") -> (" + sums + ") {\n" + synapses + "  ret(%r)\n}\n";
}

string linear_text(int64_t in, int64_t out, const string& lead, const string& spikes, bool sparse) {
  const string sums = type(spikes == "f32" ? "f32" : "i32", lead, {out});
  return sums_text(type(spikes, lead, {in}), type("u32", "", {1, (in + 31) / 32, out}), sums,
                   "  %r = binary_linear(%x, %b) {channels = [" + list({in, out}) + "]" +
                       (sparse ? ", sparse = 1" : "") + "} : " + sums + "\n");
}

} // namespace rvb::layerkernels
