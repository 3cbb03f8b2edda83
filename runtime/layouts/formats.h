// Where samples come from: the table of folder layouts, and single pictures.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

struct Format {
  const char* name;
  const char* expected;                       // its files, for messages
  bool (*present)(const std::string& folder); // one of them is there
  std::unique_ptr<Dataset> (*open)(const DataSettings& settings, Split split, const Manifest& manifest);
};
extern const Format formats[];
extern const int format_count;
// What the folder has in a form that is not read, and the one that is; "" when nothing is known.
std::string elsewhere(const std::string& folder);

// A folder in one of the formats; pixels become (x / 255 - mean) / deviation by the recipe, counts of events (x - mean)
// / deviation. Failure(io) lists what was expected when the folder holds no known data; Failure(user) when the data
// does not fit the network.
std::unique_ptr<Dataset> open_folder(const DataSettings& settings, Split split, const Manifest& manifest);

// One picture, prepared as those of a folder are; `resized` says that it was not taken as it is.
std::unique_ptr<Dataset> open_picture(const std::string& path, const std::string& labels, const DataSettings& settings,
                                      const Manifest& manifest, bool& resized);

} // namespace rvb::runtime
