// The weights of synapses: the real numbers that are trained, and what the synapses see of them.
#pragma once

#include <string>

namespace rvb::layers {

struct Weights {
  // w; sign(w); -1, 0 or +1 as w lies to a threshold
  enum class Kind { real, binary, ternary } kind = Kind::real;
  bool alpha = false;     // times a learned factor for each input channel
  double ste = 1;         // the straight-through window |w| <= ste; not of real weights
  double threshold = 0.7; // of ternary weights: times the mean of |w|
  double gain = 1;        // on the deviation of the initial latent weights; not of real ones
  std::string of;         // the function that the latent weights go through before; empty: none

  bool operator==(const Weights& o) const {
    return kind == o.kind && alpha == o.alpha && ste == o.ste && threshold == o.threshold && gain == o.gain &&
           of == o.of;
  }
  bool real() const { return kind == Kind::real; }
  bool ternary() const { return kind == Kind::ternary; }
  const char* word() const { return real() ? "real" : ternary() ? "ternary" : "binary"; }
  std::string text() const { // binary(alpha, of = f)
    const std::string options =
        (alpha ? "alpha" : "") + std::string(alpha && !of.empty() ? ", " : "") + (of.empty() ? "" : "of = " + of);
    return word() + (options.empty() ? "" : "(" + options + ")");
  }
};

} // namespace rvb::layers
