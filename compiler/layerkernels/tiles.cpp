#include "layerkernels/tiles.h"

#include <algorithm>
#include <stdexcept>

namespace rvb::layerkernels {

namespace {

int most(const Shape& shape, int Phase::*extent) {
  int result = 1;
  for (const Phase& p : shape.phases)
    result = std::max(result, p.*extent);
  return result;
}

} // namespace

Tiles choose_tiles(const Shape& shape, const Scheme& scheme) {
  Tiles tiles;
  tiles.lanes = scheme.lanes();
  const int blocks = (shape.outputs + tiles.lanes - 1) / tiles.lanes;
  const int columns = most(shape, &Phase::columns), rows = most(shape, &Phase::rows);
  const Block block = scheme.block(columns, blocks);
  tiles.pixels = block.pixels;
  tiles.vectors = block.vectors;
  // The tables of a strip stay in the L2 cache.
  int64_t fits =
      std::max<int64_t>(1, (scheme.table_cache() / scheme.row_bytes() - shape.kernel_y + 1) / shape.stride_y);
  int strips = static_cast<int>((rows + fits - 1) / fits);
  // One image is work for two threads and more: from half a million synapses (a few microseconds) on.
  constexpr int64_t task_synapses = 4'000'000;
  if (strips < 2 && rows >= 8 && shape.synapses() >= 2 * task_synapses)
    strips = 2;
  tiles.strip = (rows + strips - 1) / strips;
  // A window of three taps that hangs over both ends of a row of eight wastes a twelfth of its taps; of a row of two, a
  // third.
  tiles.across = columns <= 8 && strips == 1 && scheme.across_images();
  if (tiles.across) {
    const Block across = scheme.block(8, blocks);
    tiles.images = across.pixels;
    tiles.across_vectors = across.vectors;
  }
  int all_blocks = (blocks + tiles.vectors - 1) / tiles.vectors;
  if (strips < 2 && all_blocks % 2 == 0 && shape.synapses() >= 2 * task_synapses)
    tiles.parts = 2;
  // A part's prepared weights stay in the L2 cache, too; the last part has what is left over.
  const int64_t block_bytes = scheme.prepared_bytes() * tiles.vectors * tiles.lanes;
  const auto last = [&] { return all_blocks - (tiles.parts - 1) * (all_blocks / tiles.parts); };
  while (tiles.parts < all_blocks && last() * block_bytes > scheme.prepared_cache())
    ++tiles.parts;
  if (scheme.prepared_bytes() != 0 && tiles.across && tiles.across_vectors != tiles.vectors)
    throw std::logic_error("parts of a layer differ");
  return tiles;
}

Frame frame_of(const Shape& shape, const Tiles& tiles) {
  Frame frame;
  int below = 0;
  frame.above = INT32_MAX;
  for (const Phase& p : shape.phases) {
    frame.left = std::max(frame.left, -p.in_x);
    frame.right = std::max(frame.right, (p.columns - 1) * shape.stride_x + p.in_x + p.taps_x - shape.width);
    frame.above = std::min(frame.above, p.in_y);
    below = std::max(below, p.in_y + p.taps_y);
  }
  frame.rows = std::max(1, (tiles.strip - 1) * shape.stride_y + below - frame.above);
  return frame;
}

namespace {

bool gives_membranes(const Layer& layer) {
  if (layer.neuron == nullptr)
    return false;
  const std::vector<ir::Value>& results = layer.neuron->results;
  return std::any_of(results.end() - layer.neuron->integer("states"), results.end(),
                     [&](ir::Value state) { return uses(*layer.function, state) != 0; });
}

} // namespace

Work::Work(const Layer& layer, const Scheme& scheme)
    : layer(layer), shape(shape_of(layer)), tiles(choose_tiles(shape, scheme)), frame(frame_of(shape, tiles)),
      inputs(inputs_of(layer)), outputs(outputs_of(layer)) {
  // A task that gives membranes away has those of one part, whether images are side by side or not.
  if (gives_membranes(layer) && tiles.across &&
      tiles.part_outputs(shape.outputs, tiles.vectors) != tiles.part_outputs(shape.outputs, tiles.across_vectors))
    tiles.parts = 1;
}

int Work::strip_count() const {
  return (most(shape, &Phase::rows) + tiles.strip - 1) / tiles.strip;
}

int64_t Work::strip_elements() const {
  return int64_t{1} * tiles.strip * shape.out_width * shape.outputs * tiles.images_per_task();
}

} // namespace rvb::layerkernels
