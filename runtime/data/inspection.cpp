#include "data/inspection.h"

#include <algorithm>
#include <utility>

namespace rvb::runtime {

void Measure::add(int64_t value) {
  least = count == 0 ? value : std::min(least, value);
  most = count == 0 ? value : std::max(most, value);
  sum += static_cast<double>(value);
  ++count;
}

void Inspection::add_recording(int64_t count, int64_t span) {
  const std::lock_guard<std::mutex> lock(mutex_);
  events.add(count);
  microseconds.add(span);
}

void Inspection::add_picture(int64_t height, int64_t width) {
  const std::lock_guard<std::mutex> lock(mutex_);
  heights.add(height);
  widths.add(width);
}

std::vector<Inspection::Damage> Inspection::damaged() const {
  std::vector<Damage> sorted = damaged_;
  std::sort(sorted.begin(), sorted.end(), [](const Damage& a, const Damage& b) { return a.index < b.index; });
  return sorted;
}

namespace {

class ListedDataset : public Dataset {
public:
  ListedDataset(std::vector<int32_t> labels, std::vector<std::string> class_names, const Provenance& provenance) {
    count_ = static_cast<int64_t>(labels.size());
    labels_ = std::move(labels);
    class_names_ = std::move(class_names);
    provenance_ = provenance;
    provenance_.count = count_;
  }
  void read(int64_t, const Variation*, float*, int64_t) const override {
    throw Failure(Exit::internal, "samples that were listed cannot be read");
  }
};

} // namespace

std::unique_ptr<Dataset> listed(std::vector<int32_t> labels, std::vector<std::string> class_names,
                                const Provenance& provenance) {
  return std::make_unique<ListedDataset>(std::move(labels), std::move(class_names), provenance);
}

} // namespace rvb::runtime
