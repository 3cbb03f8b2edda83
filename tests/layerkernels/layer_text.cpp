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
