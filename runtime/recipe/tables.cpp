#include "recipe/tables.h"

namespace rvb::recipe {

namespace {

// Options by name: rows of different tables have options of the same names.
#define REAL(name, initial, least, most) {#name, Kind::real, initial, least, most},
#define WHOLE(name, initial, least, most) {#name, Kind::whole, initial, least, most},
#define FLAG(name) {#name, Kind::flag, 0, 0, 1},

#define OPTIMIZER(name, memory, options) constexpr Option optimizer_##name[] = {options{}};
#include "recipe/optimizers.def"
#undef OPTIMIZER
#define SCHEDULE(name, options) constexpr Option schedule_##name[] = {options{}};
#include "recipe/schedules.def"
#undef SCHEDULE
#define LOSS(name, options) constexpr Option loss_##name[] = {options{}};
#include "recipe/losses.def"
#undef LOSS
#define AUGMENTATION(name, stage, draw, needs, options) constexpr Option augmentation_##name[] = {options{}};
#include "recipe/augmentations.def"
#undef AUGMENTATION

constexpr Row optimizer_rows[] = {
#define OPTIMIZER(name, memory, options) {#name, optimizer_##name, memory},
#include "recipe/optimizers.def"
#undef OPTIMIZER
};
constexpr Row schedule_rows[] = {
#define SCHEDULE(name, options) {#name, schedule_##name},
#include "recipe/schedules.def"
#undef SCHEDULE
};
constexpr Row loss_rows[] = {
#define LOSS(name, options) {#name, loss_##name},
#include "recipe/losses.def"
#undef LOSS
};
constexpr Row augmentation_rows[] = {
#define AUGMENTATION(name, stage, draw, needs, options) {#name, augmentation_##name, "", needs},
#include "recipe/augmentations.def"
#undef AUGMENTATION
};

constexpr Option rate_options[] = {
#define KIND(name, meaning) {#name, Kind::real, 1, 0, 1e6},
#include "recipe/kinds.def"
#undef KIND
    {}};
constexpr Option decay_options[] = {
#define KIND(name, meaning) {#name, Kind::real, -1, 0, 1e6},
#include "recipe/kinds.def"
#undef KIND
    {}};

template <int count> constexpr Table table_of(const char* setting, const Row (&rows)[count]) {
  return {setting, rows, count};
}

} // namespace

constexpr Table optimizers = table_of("optimizer", optimizer_rows);
constexpr Table schedules = table_of("schedule", schedule_rows);
constexpr Table losses = table_of("loss", loss_rows);
constexpr Table augmentations = table_of("augment", augmentation_rows);

constexpr Row rates_row = {"rates", rate_options};
constexpr Row decays_row = {"decays", decay_options};

} // namespace rvb::recipe
