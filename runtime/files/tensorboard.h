// Event files that TensorBoard reads: TFRecords of Event messages (protocol buffers), scalars only.
//   record = length u64 | masked crc32c of the length u32 | bytes | masked crc32c of the bytes u32     little-endian
//   Event  = {wall_time: double = 1, step: int64 = 2, file_version: string = 3, summary: Summary = 5}
//   Summary = {value: {tag: string = 1, simple_value: float = 2} = 1, repeated}
#pragma once

#include "base/files.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rvb::runtime {

uint32_t crc32c(std::string_view bytes); // Castagnoli

using Scalars = std::vector<std::pair<std::string, double>>; // tag and value

std::string version_event(double wall_time);
std::string scalar_event(double wall_time, int64_t step, const Scalars& scalars);
std::string tf_record(const std::string& event);

class EventFile {
public:
  // Begins a new file in `folder`, as TensorBoard expects of every run that begins or goes on. Failure(io).
  void open(const std::string& folder);
  bool is_open() const { return file_.is_open(); }
  void add(int64_t step, const Scalars& scalars); // reaches the file at once

private:
  GrowingFile file_;
};

} // namespace rvb::runtime
