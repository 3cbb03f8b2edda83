#include "drawing/trace_figure.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace rvb::runtime {

namespace {

constexpr double width = 1080, margin = 90;
constexpr int64_t raster_rows = 64, membrane_lines = 8, most_maps = 64, most_frames = 10;

class Figure {
public:
  explicit Figure(const Trace& trace)
      : trace_(trace), neurons_(trace.neuron->elements()), image_(trace.neuron->shape.size() == 3),
        channels_(trace.neuron->shape[0]), rows_(image_ ? trace.neuron->shape[1] : 1),
        columns_(image_ ? trace.neuron->shape[2] : 1), scale_(range()) {
    int64_t spikes = std::count_if(trace.spikes, trace.spikes + trace.steps * neurons_, [](float v) { return v != 0; });
    rate_ = static_cast<double>(spikes) / static_cast<double>(trace.steps * neurons_);
    choose_neurons();
  }

  Svg run() {
    shown_maps_ = image_ ? std::min(channels_, most_maps) : 0;
    per_row_ = std::min<int64_t>(16, std::max<int64_t>(1, shown_maps_));
    double map_rows = static_cast<double>((shown_maps_ + per_row_ - 1) / per_row_);
    map_size_ = std::min(110.0, (width - 2 * 40 - 10 * static_cast<double>(per_row_)) / static_cast<double>(per_row_));
    map_height_ = image_ ? map_size_ * static_cast<double>(rows_) / static_cast<double>(columns_) : 0;
    double frames = trace_.frame_count > 0 ? 175 : 0,
           raster = std::clamp(24.0 * static_cast<double>(chosen_.size()), 200.0, 704.0);
    double maps = image_ ? 70 + map_rows * (map_height_ + 20) : 0;
    double body = std::max(raster, 620.0);
    Svg svg(width, 76 + frames + body + 110 + maps);
    svg.text(40, 32, trace_.title, Svg::Anchor::start, "title");
    svg.text(40, 54,
             trace_.subtitle +
                 fmt::format("; {:.2f} % of {} neurons x {} steps spike", 100 * rate_, neurons_, trace_.steps));
    double y = 76;
    if (frames > 0)
      draw_frames(svg, y);
    y += frames;
    draw_raster(svg, margin + 30, y + 26, 430, raster);
    double right = margin + 30 + 430 + 110;
    if (trace_.membranes != nullptr)
      draw_membranes(svg, right, y + 26, 400, 300);
    draw_values(svg, right, y + 26 + (trace_.membranes == nullptr ? 0 : 440), 400, 180);
    if (image_)
      draw_maps(svg, y + body + 100);
    return svg;
  }

private:
  ColorScale range() const {
    auto ends = std::minmax_element(trace_.spikes, trace_.spikes + trace_.steps * neurons_);
    return {*ends.first, *ends.second};
  }

  float spike(int64_t step, int64_t neuron) const { return trace_.spikes[step * neurons_ + neuron]; }

  std::string name(int64_t neuron) const {
    if (!image_)
      return std::to_string(neuron);
    int64_t c = neuron % channels_, x = neuron / channels_ % columns_, y = neuron / channels_ / columns_;
    return fmt::format("{}·{},{}", c, y, x);
  }

  // Of every channel the neuron with the largest sum of absolute spikes; of a vector the 64 largest. The first ones
  // where many are alike.
  void choose_neurons() {
    std::vector<double> activity(static_cast<size_t>(neurons_), 0);
    for (int64_t t = 0; t < trace_.steps; ++t)
      for (int64_t i = 0; i < neurons_; ++i)
        activity[static_cast<size_t>(i)] += std::fabs(spike(t, i));
    if (image_) {
      int64_t shown = std::min(channels_, raster_rows);
      for (int64_t row = 0; row < shown; ++row) {
        int64_t best = row * channels_ / shown;
        for (int64_t i = best; i < neurons_; i += channels_)
          if (activity[static_cast<size_t>(i)] > activity[static_cast<size_t>(best)])
            best = i;
        chosen_.push_back(best);
      }
      return;
    }
    chosen_.resize(static_cast<size_t>(neurons_));
    std::iota(chosen_.begin(), chosen_.end(), 0);
    std::stable_sort(chosen_.begin(), chosen_.end(), [&](int64_t a, int64_t b) {
      return activity[static_cast<size_t>(a)] > activity[static_cast<size_t>(b)];
    });
    chosen_.resize(static_cast<size_t>(std::min(neurons_, raster_rows)));
    std::sort(chosen_.begin(), chosen_.end());
  }

  void draw_frames(Svg& svg, double y) {
    int64_t shown = std::min(trace_.frame_count, most_frames), pixels = trace_.frame_height * trace_.frame_width;
    const float* end = trace_.frames + trace_.frame_count * pixels * trace_.frame_channels;
    auto ends = std::minmax_element(trace_.frames, end);
    double low = *ends.first, span = std::max(1e-12, static_cast<double>(*ends.second) - low);
    svg.text(40, y + 12,
             std::string(trace_.frame_count == 1 ? "input (the same at every step)" : "input, step by step") +
                 (trace_.frame_channels == 2 ? "; blue: channel 0, red: channel 1" : ""),
             Svg::Anchor::start, "head");
    double tall = static_cast<double>(trace_.frame_height) / static_cast<double>(trace_.frame_width);
    double size = std::min(130.0 / std::max(1.0, tall), (width - 80) / static_cast<double>(shown) - 12);
    for (int64_t f = 0; f < shown; ++f) {
      std::vector<Color> picture;
      for (int64_t p = 0; p < pixels; ++p) {
        const float* at = trace_.frames + (f * pixels + p) * trace_.frame_channels;
        auto grey = [&](int64_t c) { return static_cast<uint8_t>(std::lround(255 * (at[c] - low) / span)); };
        if (trace_.frame_channels == 2) // events of the two polarities
          picture.push_back({static_cast<uint8_t>(255 - grey(0)),
                             static_cast<uint8_t>(255 - std::max(grey(0), grey(1))),
                             static_cast<uint8_t>(255 - grey(1))});
        else
          picture.push_back(trace_.frame_channels == 3 ? Color{grey(0), grey(1), grey(2)}
                                                       : Color{grey(0), grey(0), grey(0)});
      }
      double x = 40 + static_cast<double>(f) * (size + 12);
      svg.picture(x, y + 20, size, size * tall, png_uri(picture, trace_.frame_height, trace_.frame_width));
      if (trace_.frame_count > 1)
        svg.text(x, y + 32 + size * tall, fmt::format("t = {}", f + 1), Svg::Anchor::start, "small");
    }
  }

  void draw_raster(Svg& svg, double x, double y, double w, double h) {
    double row = h / static_cast<double>(chosen_.size()), column = w / static_cast<double>(trace_.steps);
    svg.text(x, y - 12,
             image_ ? "spikes of the most active neuron of each channel" : "spikes of the most active neurons",
             Svg::Anchor::start, "head");
    for (size_t i = 0; i < chosen_.size(); ++i) {
      double top = y + row * static_cast<double>(i);
      if (row >= 9)
        svg.text(x - 6, top + row / 2 + 3.5, name(chosen_[i]), Svg::Anchor::end, "small");
      for (int64_t t = 0; t < trace_.steps; ++t)
        if (float value = spike(t, chosen_[i]); value != 0) {
          double left = x + column * static_cast<double>(t);
          svg.rectangle(left + column * 0.06, top + 0.5, column * 0.88, row - 1, scale_(value).text(),
                        fmt::format("neuron {}, step {}: {:.4g}", name(chosen_[i]), t + 1, value));
        }
    }
    for (int64_t t = 0; t <= trace_.steps; ++t)
      svg.line(x + column * static_cast<double>(t), y, x + column * static_cast<double>(t), y + h, "gridline");
    for (int64_t t = 0; t < trace_.steps; ++t)
      if (trace_.steps <= 20 || t % ((trace_.steps + 9) / 10) == 0)
        svg.text(x + column * (static_cast<double>(t) + 0.5), y + h + 16, std::to_string(t + 1), Svg::Anchor::middle,
                 "small");
    svg.line(x, y + h, x + w, y + h);
    svg.line(x, y, x, y + h);
    svg.text(x + w / 2, y + h + 32, "time step", Svg::Anchor::middle);
    svg.vertical_text(x - 74, y + h / 2, image_ ? "neuron (channel·row,column)" : "neuron");
    svg.legend(x + w - 130, y + h + 36, 130, scale_, "value of a spike");
  }

  // Neurons over the whole range of membranes, from the lowest to the highest mean.
  std::vector<int64_t> membrane_neurons() const {
    std::vector<double> mean(static_cast<size_t>(neurons_), 0);
    for (int64_t t = 0; t < trace_.steps; ++t)
      for (int64_t i = 0; i < neurons_; ++i)
        mean[static_cast<size_t>(i)] += trace_.membranes[t * neurons_ + i];
    std::vector<int64_t> order(static_cast<size_t>(neurons_));
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return mean[static_cast<size_t>(a)] > mean[static_cast<size_t>(b)]; });
    int64_t count = std::min(neurons_, membrane_lines);
    std::vector<int64_t> chosen;
    for (int64_t i = 0; i < count; ++i)
      chosen.push_back(order[static_cast<size_t>(count == 1 ? 0 : i * (neurons_ - 1) / (count - 1))]);
    return chosen;
  }

  void draw_membranes(Svg& svg, double x, double y, double w, double h) {
    std::vector<int64_t> chosen = membrane_neurons();
    double low = 0, high = 0;
    for (int64_t t = 0; t < trace_.steps; ++t)
      for (int64_t i : chosen) {
        low = std::min(low, static_cast<double>(trace_.membranes[t * neurons_ + i]));
        high = std::max(high, static_cast<double>(trace_.membranes[t * neurons_ + i]));
      }
    double space = high == low ? 1 : (high - low) * 0.06;
    Plot plot{x, y, w, h, 0.6, static_cast<double>(trace_.steps) + 0.4, low - space, high + space};
    svg.text(x, y - 12, "membranes before reset, neurons from high to low", Svg::Anchor::start, "head");
    plot.draw(svg, "time step", "membrane", true);
    svg.line(x, plot.at_y(0), x + w, plot.at_y(0), "rest");
    for (size_t i = 0; i < chosen.size(); ++i) {
      const char* color = line_colors[i % 8];
      std::vector<std::pair<double, double>> points;
      for (int64_t t = 0; t < trace_.steps; ++t)
        points.emplace_back(plot.at_x(static_cast<double>(t + 1)),
                            plot.at_y(trace_.membranes[t * neurons_ + chosen[i]]));
      svg.path(points, color);
      for (int64_t t = 0; t < trace_.steps; ++t) {
        const auto& [px, py] = points[static_cast<size_t>(t)];
        svg.circle(px, py, 3.5, spike(t, chosen[i]) != 0 ? color : "white", color);
      }
      double key = x + static_cast<double>(i % 4) * w / 4, line = y + h + 54 + 16 * static_cast<double>(i / 4);
      svg.line(key, line - 4, key + 14, line - 4);
      svg.circle(key + 7, line - 4, 3.5, color, color);
      svg.text(key + 20, line, name(chosen[i]), Svg::Anchor::start, "small");
    }
    svg.text(x + w, y + h + 32, "filled: spikes; hollow: silent", Svg::Anchor::end, "small");
  }

  // How the values of spikes are distributed: what a binary neuron would show as one bar.
  void draw_values(Svg& svg, double x, double y, double w, double h) {
    constexpr int64_t bins = 40;
    std::vector<double> count(bins, 0);
    double most = 0, spikes = 0;
    for (int64_t i = 0; i < trace_.steps * neurons_; ++i)
      if (double value = trace_.spikes[i]; value != 0) {
        double place = (value - scale_.low()) / (scale_.high() - scale_.low()) * bins;
        most =
            std::max(most, ++count[static_cast<size_t>(std::clamp<int64_t>(static_cast<int64_t>(place), 0, bins - 1))]);
        ++spikes;
      }
    Plot plot{x, y, w, h, scale_.low(), scale_.high(), 0, spikes == 0 ? 1 : most / spikes * 1.05};
    svg.text(x, y - 12, "values of all spikes of the layer", Svg::Anchor::start, "head");
    plot.draw(svg, "value", "share of spikes", false, true);
    for (int64_t b = 0; b < bins && spikes > 0; ++b) {
      double share = count[static_cast<size_t>(b)] / spikes, top = plot.at_y(share);
      double value = scale_.low() + (scale_.high() - scale_.low()) * (static_cast<double>(b) + 0.5) / bins;
      svg.rectangle(x + w * static_cast<double>(b) / bins + 0.5, top, w / bins - 1, y + h - top, scale_(value).text(),
                    fmt::format("around {:.3g}: {:.2f} %", value, 100 * share));
    }
  }

  void draw_maps(Svg& svg, double y) {
    ColorScale scale = map_scale();
    svg.text(40, y + 12,
             fmt::format("feature maps: mean spike over {} step{}, channels 0 to {}{}", trace_.steps,
                         trace_.steps == 1 ? "" : "s", shown_maps_ - 1,
                         shown_maps_ < channels_ ? fmt::format(" of {}", channels_) : ""),
             Svg::Anchor::start, "head");
    svg.legend(width - 40 - 130, y + 8, 130, scale, "mean spike");
    for (int64_t c = 0; c < shown_maps_; ++c) {
      std::vector<Color> picture;
      for (int64_t p = 0; p < rows_ * columns_; ++p)
        picture.push_back(scale(mean(p * channels_ + c)));
      double x = 40 + static_cast<double>(c % per_row_) * (map_size_ + 10);
      double top = y + 46 + static_cast<double>(c / per_row_) * (map_height_ + 20);
      svg.text(x, top - 3, std::to_string(c), Svg::Anchor::start, "small");
      svg.picture(x, top, map_size_, map_height_, png_uri(picture, rows_, columns_));
    }
  }

  double mean(int64_t neuron) const {
    double sum = 0;
    for (int64_t t = 0; t < trace_.steps; ++t)
      sum += spike(t, neuron);
    return sum / static_cast<double>(trace_.steps);
  }
  ColorScale map_scale() const {
    double low = 0, high = 0;
    for (int64_t i = 0; i < neurons_; ++i) {
      if (i % channels_ >= shown_maps_)
        continue;
      low = std::min(low, mean(i));
      high = std::max(high, mean(i));
    }
    return {low, high};
  }

  const Trace& trace_;
  int64_t neurons_;
  bool image_;
  int64_t channels_, rows_, columns_;
  ColorScale scale_;
  double rate_ = 0, map_size_ = 0, map_height_ = 0;
  int64_t shown_maps_ = 0, per_row_ = 1;
  std::vector<int64_t> chosen_;
};

} // namespace

Svg draw(const Trace& trace) {
  return Figure(trace).run();
}

} // namespace rvb::runtime
