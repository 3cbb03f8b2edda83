// A layer's tasks. A task is a strip of rows of one image, or several small images, for some of the outputs, through
// all time steps:
//
//   membranes to their initial values
//   for every step
//     tables of the rows that the strip's windows meet
//     for every phase, row and tile of pixels, for every block of outputs
//       sums; neuron
//   membranes out, where somebody reads them
//
// The tables stay in the L2 cache, those of a tile's windows mostly in the L1 cache while the blocks pass over them.
#include "layerkernels/task.h"

namespace rvb::layerkernels {

// One block of outputs after the other on the pixels of a tile.
void Task::tile(const Place& place, const Phase& phase, llvm::Value* row, llvm::Value* column, int pixels,
                bool across) {
  const int vectors = across ? tiles_.across_vectors : tiles_.vectors;
  llvm::Value* y = plus(times(row, shape_.stride_y), phase.in_y);
  llvm::Value* x = plus(times(column, shape_.stride_x), phase.in_x);
  // Taps inside the image: all that are not are zeros, and left out where the whole tile shares them.
  auto clip = [&](llvm::Value* begin, int taps, int extent, llvm::Value*& from, llvm::Value*& count) {
    from = larger(number(0), b_.CreateNeg(begin));
    llvm::Value* to = smaller(number(taps), b_.CreateSub(number(extent), begin));
    count = larger(number(0), b_.CreateSub(to, from));
  };
  llvm::Value *tap_y = nullptr, *rows = nullptr, *tap_x = number(0), *columns = number(phase.taps_x);
  clip(y, phase.taps_y, shape_.height, tap_y, rows);
  if (across)
    clip(x, phase.taps_x, shape_.width, tap_x, columns);
  llvm::Value* table_row = b_.CreateSub(b_.CreateAdd(y, tap_y), place.top);
  llvm::Value* table_column = plus(b_.CreateAdd(x, tap_x), frame_.left);
  llvm::Value* tables = synapses_.first_tap(place.tables, table_row, table_column);
  llvm::Value* tap = b_.CreateAdd(times(plus(times(tap_y, phase.tap_step_y), phase.tap_y), shape_.kernel_x),
                                  plus(times(tap_x, phase.tap_step_x), phase.tap_x));
  const WeightBytes weight = synapses_.weight_bytes();
  llvm::Value* bits = bytes_on(place.weights != nullptr ? place.weights : array(place, 1), times(tap, weight.tap));
  auto results_at = [&](llvm::Value* image_row) {
    llvm::Value* line = plus(times(image_row, shape_.step_y), phase.y0);
    llvm::Value* pixel = b_.CreateAdd(times(line, shape_.out_width), plus(times(column, shape_.step_x), phase.x0));
    return times(pixel, shape_.outputs);
  };
  llvm::Value* at = b_.CreateAdd(times(place.image, work_.result_elements()), results_at(row));
  llvm::Value* state_at = results_at(b_.CreateSub(row, place.first_row));
  const int64_t stride = across ? work_.result_elements() : int64_t{1} * shape_.step_x * shape_.outputs;

  const Windows windows{place.tables,
                        table_row,
                        x,
                        tables,
                        rows,
                        columns,
                        number(phase.tap_step_y * shape_.kernel_x * weight.tap),
                        number(phase.tap_step_x * weight.tap)};

  auto block = [&](llvm::Value* channel, int v, bool ends) {
    llvm::Value* first = b_.CreateAdd(at, channel);
    const bool straight = layer_.neuron == nullptr;
    llvm::Value* out = straight ? bytes_on(array(place, work_.inputs.size()), times(first, 4)) : place.sums;
    llvm::Value* out_stride = number(straight ? 4 * stride : int64_t{4} * v * lanes_);
    synapses_.sum({pixels, v, across, ends}, windows, {bytes_on(bits, times(channel, weight.output)), out, out_stride});
    if (!straight)
      b_.CreateCall(neuron_.on(v, ends), {place.sums, place.arrays, first, place.state, b_.CreateAdd(state_at, channel),
                                          channel, number(pixels), number(stride)});
  };
  const int width = vectors * lanes_;
  const int whole = shape_.outputs / width;
  const int rest = shape_.outputs - whole * width;
  llvm::Value *begin = number(0), *end = number(int64_t{1} * whole * width);
  llvm::Value* last_part = b_.CreateICmpEQ(place.part, number(tiles_.parts - 1));
  if (tiles_.parts > 1) {
    const int64_t share = tiles_.part_outputs(shape_.outputs, vectors);
    begin = times(place.part, share);
    end = b_.CreateSelect(last_part, end, b_.CreateAdd(begin, number(share)));
  }
  if (whole > 0)
    loop(
        begin, end, [&](llvm::Value* channel) { block(channel, vectors, false); }, width);
  if (rest > 0)
    when(last_part,
         [&] { block(number(int64_t{1} * whole * width), (rest + lanes_ - 1) / lanes_, rest % lanes_ != 0); });
}

void Task::row_of_results(const Place& place, const Phase& phase, llvm::Value* row) {
  const int count = (phase.columns + tiles_.pixels - 1) / tiles_.pixels;
  const int longer = phase.columns % count, shorter = phase.columns / count;
  auto tiles = [&](int from, int to, int pixels) {
    if (from < to)
      loop(
          number(from), number(to), [&](llvm::Value* column) { tile(place, phase, row, column, pixels, false); },
          pixels);
  };
  tiles(0, longer * (shorter + 1), shorter + 1);
  tiles(longer * (shorter + 1), phase.columns, shorter);
}

// Of `pixels` pixels, the outputs that this task computes: the others' membranes are in other tasks.
void Task::copy_own_outputs(llvm::Value* to, llvm::Value* from, llvm::Value* pixels) {
  const Outputs own = outputs_of(now_.strip.part);
  auto copy = [&](llvm::Value* first, llvm::Value* count) {
    b_.CreateMemCpy(bytes_on(to, times(first, 4)), llvm::MaybeAlign(4), bytes_on(from, times(first, 4)),
                    llvm::MaybeAlign(4), times(count, 4));
  };
  if (tiles_.parts == 1) {
    copy(number(0), times(pixels, shape_.outputs));
    return;
  }
  loop(number(0), pixels, [&](llvm::Value* pixel) {
    copy(b_.CreateAdd(times(pixel, shape_.outputs), own.first), b_.CreateSub(own.end, own.first));
  });
}

// The strip's membranes before the first step, or out of it after the last.
void Task::states_at_rest(const Place& place, bool begin) {
  const ir::Op& op = *layer_.neuron;
  const int64_t states = op.integer("states");
  const int64_t count = static_cast<int64_t>(op.operands.size());
  const Phase& phase = shape_.phases[0];
  const int64_t line = int64_t{1} * shape_.out_width * shape_.outputs;
  llvm::Value* rows = smaller(number(tiles_.strip), b_.CreateSub(number(phase.rows), place.first_row));
  llvm::Value* at = b_.CreateAdd(times(place.image, work_.result_elements()), times(place.first_row, line));
  size_t input = work_.inputs.size();
  for (int64_t i = count - 1; i >= count - states; --i)
    input -= !op.operands[static_cast<size_t>(i)].is_literal();
  for (int64_t k = 0; k < states; ++k) {
    const ir::Operand& initial = op.operands[static_cast<size_t>(count - states + k)];
    llvm::Value* membranes = bytes_on(place.state, 4 * k * work_.strip_elements());
    auto array_at = [&](size_t index) { return bytes_on(array(place, index), times(at, 4)); };
    llvm::Value* bytes = times(rows, 4 * line);
    if (!begin) {
      const size_t result = op.results.size() - static_cast<size_t>(states - k);
      if (uses(*layer_.function, op.results[result]) != 0)
        copy_own_outputs(array_at(work_.inputs.size() + result), membranes, times(rows, shape_.out_width));
    } else if (initial.is_literal()) {
      const ir::Value inside = op.body[0].parameters[static_cast<size_t>(count - states + k)];
      const bool whole = layer_.function->type(inside).element == ir::Element::i32;
      llvm::Constant* value =
          whole ? llvm::ConstantInt::getSigned(i32_, static_cast<int64_t>(initial.number))
                : static_cast<llvm::Constant*>(llvm::ConstantFP::get(f32_, static_cast<float>(initial.number)));
      loop(number(0), times(rows, line), [&](llvm::Value* i) { store(value, bytes_on(membranes, times(i, 4))); });
    } else {
      b_.CreateMemCpy(membranes, llvm::MaybeAlign(4), array_at(input++), llvm::MaybeAlign(4), bytes);
    }
  }
}

// All images of the task from `first` on.
void Task::each_image(llvm::Value* step, llvm::Value* first, const std::function<void(const Place&)>& body) {
  loop(first, now_.count, [&](llvm::Value* i) {
    Place own = now_.strip;
    own.tables = bytes_on(now_.scratch, times(i, synapses_.image_bytes()));
    own.image = b_.CreateAdd(b_.CreateMul(step, now_.samples), b_.CreateAdd(now_.first_sample, i));
    if (states() > 0)
      own.state = bytes_on(now_.membranes, times(i, 4 * work_.strip_elements() / tiles_.images_per_task()));
    body(own);
  });
}

void Task::each_row(const Place& place, const std::function<void(const Phase&, llvm::Value*)>& body) {
  for (const Phase& phase : shape_.phases)
    loop(place.first_row, smaller(number(phase.rows), plus(place.first_row, tiles_.strip)),
         [&](llvm::Value* row) { body(phase, row); });
}

// What the task's number says about its place.
void Task::find_place() {
  const size_t slots = work_.inputs.size() + work_.outputs.size();
  Place& strip = now_.strip;
  strip.arrays = b_.CreatePointerCast(task_->getArg(2), pointer_->getPointerTo());
  now_.samples = b_.CreatePtrToInt(array(strip, slots), i64_);
  llvm::Value* index = b_.CreateSExt(task_->getArg(1), i64_);
  const int images = tiles_.images_per_task(), strips = work_.strip_count();
  strip.part = b_.CreateURem(index, number(tiles_.parts));
  index = b_.CreateUDiv(index, number(tiles_.parts));
  strip.first_row = times(b_.CreateURem(index, number(strips)), tiles_.strip);
  now_.first_sample = times(b_.CreateUDiv(index, number(strips)), images);
  now_.count = smaller(number(images), b_.CreateSub(now_.samples, now_.first_sample));
  strip.top = plus(times(strip.first_row, shape_.stride_y), frame_.above);
  const int tile_floats = std::max(tiles_.pixels * tiles_.vectors, tiles_.images * tiles_.across_vectors) * lanes_;
  auto* tile_sums = b_.CreateAlloca(llvm::ArrayType::get(f32_, static_cast<uint64_t>(tile_floats)));
  tile_sums->setAlignment(llvm::Align(64));
  strip.sums = b_.CreatePointerCast(tile_sums, pointer_);
  strip.state = llvm::ConstantPointerNull::get(pointer_);
}

// Scratch for tables and membranes, or an end of the task.
void Task::allocate() {
  const int64_t tables_bytes = synapses_.image_bytes() * tiles_.images_per_task();
  llvm::FunctionCallee allocate =
      module_.getOrInsertFunction("halide_malloc", llvm::FunctionType::get(pointer_, {pointer_, i64_}, false));
  llvm::FunctionCallee complain =
      module_.getOrInsertFunction("halide_error", llvm::FunctionType::get(b_.getVoidTy(), {pointer_, pointer_}, false));
  llvm::Constant* nobody = llvm::ConstantPointerNull::get(pointer_);
  const int64_t prepared = prepared_bytes();
  now_.scratch =
      b_.CreateCall(allocate, {nobody, number(tables_bytes + prepared + 4 * states() * work_.strip_elements())});
  auto* out_of_memory = llvm::BasicBlock::Create(context_, "out_of_memory", task_);
  auto* work = llvm::BasicBlock::Create(context_, "work", task_);
  b_.CreateCondBr(b_.CreateICmpEQ(now_.scratch, nobody), out_of_memory, work);
  b_.SetInsertPoint(out_of_memory);
  b_.CreateCall(complain, {nobody, b_.CreateGlobalStringPtr("out of memory in a layer's kernel")});
  b_.CreateRet(b_.getInt32(static_cast<uint32_t>(-11))); // as Halide's kernels: halide_error_code_out_of_memory
  b_.SetInsertPoint(work);
  now_.prepared = bytes_on(now_.scratch, tables_bytes);
  now_.membranes = states() > 0 ? bytes_on(now_.scratch, tables_bytes + prepared) : nobody;
}

// Of the largest part, which is the last one.
int64_t Task::prepared_bytes() const {
  if (!synapses_.prepares())
    return 0;
  const int outputs = shape_.outputs - (tiles_.parts - 1) * tiles_.part_outputs(shape_.outputs, tiles_.vectors);
  return (outputs + lanes_ - 1) / lanes_ * lanes_ * synapses_.weight_bytes().output;
}

void Task::prepare_weights() {
  if (!synapses_.prepares())
    return;
  const Outputs own = outputs_of(now_.strip.part);
  synapses_.prepare(array(now_.strip, 1), now_.prepared, own.first, own.end);
  now_.strip.weights = bytes_on(now_.prepared, b_.CreateNeg(times(own.first, synapses_.weight_bytes().output)));
}

Task::Outputs Task::outputs_of(llvm::Value* part) {
  const int64_t share = tiles_.part_outputs(shape_.outputs, tiles_.vectors);
  llvm::Value* first = times(part, share);
  llvm::Value* last = b_.CreateICmpEQ(part, number(tiles_.parts - 1));
  return {first, b_.CreateSelect(last, number(shape_.outputs), plus(first, share))};
}

// The tables of all rows that the strip's windows meet.
void Task::fill_tables(llvm::Value* step) {
  llvm::Value* from = larger(number(0), now_.strip.top);
  llvm::Value* to = smaller(number(shape_.height), plus(now_.strip.top, frame_.rows));
  each_image(step, number(0), [&](const Place& own) {
    const int64_t image_bytes = ir::bytes_of(shape_.spikes) * shape_.height * shape_.width * shape_.channels;
    llvm::Value* image = bytes_on(array(own, 0), times(own.image, image_bytes));
    llvm::Value* scale = layer_.synapse->operands.size() > 2
                             ? array(own, 2)
                             : static_cast<llvm::Value*>(llvm::ConstantPointerNull::get(pointer_));
    llvm::Value *table_row = b_.CreateSub(from, own.top), *rows = b_.CreateSub(to, from);
    synapses_.fill({image, scale, own.tables, table_row, from, rows});
  });
}

// Several images side by side: all that a task has, or half of that. Returns how many are done; what is left comes one
// after the other. More variants would be little faster and much longer.
llvm::Value* Task::side_by_side(llvm::Value* step) {
  if (!tiles_.across)
    return number(0);
  const int images = tiles_.images_per_task(), half = images / 2;
  Place own = now_.strip;
  own.tables = now_.scratch;
  own.image = b_.CreateAdd(b_.CreateMul(step, now_.samples), now_.first_sample);
  own.state = now_.membranes;
  auto of = [&](int count) {
    each_row(own, [&](const Phase& phase, llvm::Value* row) {
      loop(number(0), number(phase.columns), [&](llvm::Value* column) { tile(own, phase, row, column, count, true); });
    });
  };
  llvm::Value* all = b_.CreateICmpEQ(now_.count, number(images));
  when(all, [&] { of(images); });
  llvm::Value* enough = b_.getFalse();
  if (half >= 3) {
    llvm::Value* enough_images = b_.CreateICmpSGE(now_.count, number(half));
    enough = b_.CreateAnd(b_.CreateNot(all), enough_images);
    when(enough, [&] { of(half); });
  }
  return b_.CreateSelect(all, now_.count, b_.CreateSelect(enough, number(half), number(0)));
}

// int task(context, index, closure): closure holds the arrays' addresses, then the number of samples.
llvm::Function* Task::build() {
  task_ = function("task", {pointer_, i32_, pointer_}, false);
  llvm::FunctionCallee release =
      module_.getOrInsertFunction("halide_free", llvm::FunctionType::get(b_.getVoidTy(), {pointer_, pointer_}, false));
  find_place();
  allocate();
  prepare_weights();
  if (states() > 0)
    each_image(number(0), number(0), [&](const Place& own) { states_at_rest(own, true); });
  loop(number(0), number(shape_.steps), [&](llvm::Value* step) {
    fill_tables(step);
    each_image(step, side_by_side(step), [&](const Place& own) {
      each_row(own, [&](const Phase& phase, llvm::Value* row) { row_of_results(own, phase, row); });
    });
  });
  if (states() > 0)
    each_image(number(0), number(0), [&](const Place& own) { states_at_rest(own, false); });
  b_.CreateCall(release, {llvm::ConstantPointerNull::get(pointer_), now_.scratch});
  b_.CreateRet(b_.getInt32(0));
  return task_;
}

} // namespace rvb::layerkernels
