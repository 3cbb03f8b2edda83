// How kernels see tensors: dense buffers, the innermost dimension first, neighbouring dimensions taken together.
#pragma once

#include "kernels/kernels.h"

namespace rvb::kernels {

// The product of type.dims[from, to): proportional to the batch when the batch is among them.
Extent product(const ir::Type& type, int from, int to);
View view_of(const ir::Type& type, std::vector<Extent> dims);

View image_view(const ir::Type& type);                   // [..., H, W, C] as [C, W, H, N]
View grouped_view(const ir::Type& type, int64_t groups); // [..., H, W, C] as [C / groups, groups, W, H, N]
View pixel_view(const ir::Type& type);                   // [..., C] as [C, P]
View weight_view(const ir::Type& type);                  // every dimension for itself, reversed
View axis_view(const ir::Type& type, int64_t axis);      // [inner, n, outer], n the axis

} // namespace rvb::kernels
