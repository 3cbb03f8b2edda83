// The HDF5 files of the Spiking Heidelberg Digits and Speech Commands: spikes/times and spikes/units, lists of various
// lengths, and labels. libhdf5 is looked up when such a file is read.
#pragma once

#include "events/events.h"

#include <functional>

namespace rvb::runtime {

std::vector<int64_t> read_hdf5_labels(const std::string& path);
// each(i, recording) for the samples `indices`, ascending. Times are in `time_unit`, "": seconds, as the data sets have
// them. Failure(user) names the file and the data set in it.
void read_hdf5_spikes(const std::string& path, const std::vector<int64_t>& indices, const std::string& time_unit,
                      const std::function<void(size_t i, const Recording& recording)>& each);

} // namespace rvb::runtime
