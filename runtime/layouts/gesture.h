// DVS128-Gesture: long recordings of many gestures, cut by tables of labels; lists name the recordings of each part.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

extern const char* const gesture_expected;
bool gesture_present(const std::string& folder);
std::unique_ptr<Dataset> open_gesture(const DataSettings& settings, Split split, const Manifest& manifest);

} // namespace rvb::runtime
