#include "data/loader.h"

#include "base/messages.h"
#include "core/core.h"

#include <algorithm>
#include <cstring>

namespace rvb::runtime {

namespace {

constexpr int64_t ahead = 2; // batches
constexpr int most_threads = 8;

// Every epoch has a loader, and would say the same.
void tell_once(const std::string& text) {
  static bool told = false;
  if (!told)
    tell_text(text);
  told = true;
}

} // namespace

Loader::Loader(const Dataset& dataset, const Manifest& manifest, std::vector<int64_t> order, int64_t batch,
               std::optional<Variation> variation, int64_t first_batch)
    : dataset_(dataset), manifest_(manifest), order_(std::move(order)), batch_(batch),
      batches_((static_cast<int64_t>(order_.size()) + batch - 1) / batch), variation_(std::move(variation)),
      slots_(static_cast<size_t>(std::max<int64_t>(1, std::min(ahead, batches_ - first_batch)))), filling_(first_batch),
      taking_(first_batch) {
  int64_t frames = manifest.sequence ? manifest.steps : 1;
  int64_t most = std::min(batch, static_cast<int64_t>(order_.size()));
  for (size_t i = 0; i < slots_.size(); ++i) {
    slots_[i].image.resize(static_cast<size_t>(frames * most * manifest.pixels()));
    int64_t number = first_batch + static_cast<int64_t>(i);
    slots_[static_cast<size_t>(number) % slots_.size()].missing = number < batches_ ? size_of(number) : 0;
  }
  int count = first_batch < batches_ ? std::min(rvb_threads(), most_threads) : 0;
  threads_.reserve(static_cast<size_t>(count));
  try {
    while (static_cast<int>(threads_.size()) < count)
      threads_.emplace_back([this] { work(); });
  } catch (const std::exception& error) { // the system has no more threads, or no memory for one
    tell_once(fmt::format("note: {} threads that read ahead cannot be started ({}): going on with {}\n", count,
                          error.what(), threads_.size()));
  }
}

Loader::~Loader() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

int64_t Loader::size_of(int64_t batch) const {
  return std::min(batch_, static_cast<int64_t>(order_.size()) - batch * batch_);
}

void Loader::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    room_.wait(lock, [this] {
      return stop_ || filling_ >= batches_ || filling_ < taking_ + static_cast<int64_t>(slots_.size());
    });
    if (stop_ || filling_ >= batches_)
      return;
    fetch(lock);
  }
}

// Some samples at once: the lock costs as much as a small one.
void Loader::fetch(std::unique_lock<std::mutex>& lock) {
  const int64_t pixels = manifest_.pixels();
  const int64_t batch = filling_, size = size_of(batch), first = sample_;
  const int64_t last = std::min(size, first + std::max<int64_t>(1, std::min<int64_t>(8, size / 16)));
  sample_ = last;
  if (last == size) {
    ++filling_;
    sample_ = 0;
  }
  Slot& slot = slots_[static_cast<size_t>(batch) % slots_.size()];
  lock.unlock();
  int64_t failed = -1;
  std::exception_ptr failure;
  for (int64_t i = first; i < last && !failure; ++i)
    try {
      dataset_.read(order_[static_cast<size_t>(batch * batch_ + i)], variation_ ? &*variation_ : nullptr,
                    slot.image.data() + i * pixels, size * pixels);
    } catch (...) {
      failed = i;
      failure = std::current_exception();
    }
  lock.lock();
  if (failure && (!slot.failure || failed < slot.failed)) {
    slot.failure = failure;
    slot.failed = failed;
  }
  slot.missing -= last - first;
  if (slot.missing == 0)
    ready_.notify_all();
}

int64_t Loader::next(float* image, int32_t* labels) {
  if (taking_ >= batches_)
    return 0;
  const int64_t batch = taking_, size = size_of(batch);
  Slot& slot = slots_[static_cast<size_t>(batch) % slots_.size()];
  {
    std::unique_lock<std::mutex> lock(mutex_);
    while (threads_.empty() && slot.missing > 0) // there is no other thread that could
      fetch(lock);
    ready_.wait(lock, [&] { return slot.missing == 0; });
    if (slot.failure)
      std::rethrow_exception(slot.failure);
  }
  int64_t frames = manifest_.sequence ? manifest_.steps : 1;
  std::memcpy(image, slot.image.data(), static_cast<size_t>(frames * size * manifest_.pixels()) * sizeof(float));
  for (int64_t i = 0; labels != nullptr && i < size; ++i)
    dataset_.answer(order_[static_cast<size_t>(batch * batch_ + i)], labels + i * dataset_.answer_size());
  {
    std::lock_guard<std::mutex> lock(mutex_);
    int64_t later = batch + static_cast<int64_t>(slots_.size());
    slot.missing = later < batches_ ? size_of(later) : 0;
    ++taking_;
  }
  room_.notify_all();
  return size;
}

} // namespace rvb::runtime
