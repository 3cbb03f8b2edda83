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
#include "codegen/layer_builder.h"

#include <algorithm>

namespace rvb::codegen {

// Everything that is known where a tile is computed.
struct LayerBuilder::Place {
  llvm::Value* arrays = nullptr;    // host pointers, inputs then outputs
  llvm::Value* tables = nullptr;    // of the image, or of the first of several
  llvm::Value* top = nullptr;       // the image row of the tables' first row; may be negative
  llvm::Value* image = nullptr;     // number in tensors of all steps
  llvm::Value* state = nullptr;     // membranes of the strip, of that image; null: none
  llvm::Value* first_row = nullptr; // of the strip
  llvm::Value* part = nullptr;
  llvm::Value* sums = nullptr; // the block's sums on their way to the neuron
  bool across = false;
};

LayerBuilder::LayerBuilder(const Layer& layer, const kernels::Target& target)
    : layer_(layer), target_(target), shape_(shape_of(layer)), tiles_(choose_tiles(shape_, target)),
      lanes_(tiles_.lanes), wide_(tiles_.lanes == 16),
      spikes_(layer.function->type(layer.synapse->operands[0].value).element), real_(spikes_ == ir::Element::f32),
      sparse_(shape_.sparse), narrow_(wide_ && spikes_ == ir::Element::i16 && !sparse_),
      bytes_(!wide_ && spikes_ == ir::Element::i16 && !sparse_), inputs_(inputs_of(layer)), outputs_(outputs_of(layer)),
      module_("rvb_layer", context_), b_(context_) {
  i8_ = b_.getInt8Ty();
  i16_ = b_.getInt16Ty();
  i32_ = b_.getInt32Ty();
  i64_ = b_.getInt64Ty();
  f32_ = b_.getFloatTy();
  pointer_ = b_.getInt8PtrTy();
  floats_ = llvm::FixedVectorType::get(f32_, static_cast<unsigned>(lanes_));
  ints_ = llvm::FixedVectorType::get(i32_, static_cast<unsigned>(lanes_));
  sum_ = real_ ? floats_ : ints_;
  table_ = narrow_ ? llvm::FixedVectorType::get(i16_, 32) : sum_;
  int below = 0;
  above_ = INT32_MAX;
  for (const Phase& p : shape_.phases) {
    left_ = std::max(left_, -p.in_x);
    right_ = std::max(right_, (p.columns - 1) * shape_.stride_x + p.in_x + p.taps_x - shape_.width);
    above_ = std::min(above_, p.in_y);
    below = std::max(below, p.in_y + p.taps_y);
  }
  table_rows_ = std::max(1, (tiles_.strip - 1) * shape_.stride_y + below - above_);
  strip_elements_ = int64_t{1} * tiles_.strip * shape_.out_width * shape_.outputs * images_per_task();
}

int LayerBuilder::strip_count() const {
  int rows = 0;
  for (const Phase& p : shape_.phases)
    rows = std::max(rows, p.rows);
  return (rows + tiles_.strip - 1) / tiles_.strip;
}

bool LayerBuilder::is_read(ir::Value value) const {
  return uses(*layer_.function, value) != 0;
}

// One block of outputs after the other on the pixels of a tile.
void LayerBuilder::tile(const Place& place, const Phase& phase, llvm::Value* row, llvm::Value* column, int pixels,
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
  llvm::Value* table_column = plus(b_.CreateAdd(x, tap_x), left_);
  llvm::Value* tables =
      bytes_on(bytes_on(place.tables, times(table_row, row_bytes())), times(table_column, pixel_bytes()));
  llvm::Value* tap = b_.CreateAdd(times(plus(times(tap_y, phase.tap_step_y), phase.tap_y), shape_.kernel_x),
                                  plus(times(tap_x, phase.tap_step_x), phase.tap_x));
  auto array = [&](size_t index) {
    return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, place.arrays, number(static_cast<int64_t>(index))));
  };
  llvm::Value* bits = bytes_on(array(1), times(tap, tap_bytes()));
  auto results_at = [&](llvm::Value* image_row) {
    llvm::Value* line = plus(times(image_row, shape_.step_y), phase.y0);
    llvm::Value* pixel = b_.CreateAdd(times(line, shape_.out_width), plus(times(column, shape_.step_x), phase.x0));
    return times(pixel, shape_.outputs);
  };
  llvm::Value* at = b_.CreateAdd(times(place.image, result_elements()), results_at(row));
  llvm::Value* state_at = results_at(b_.CreateSub(row, place.first_row));
  const int64_t stride = across ? result_elements() : int64_t{1} * shape_.step_x * shape_.outputs;

  auto block = [&](llvm::Value* channel, int v, bool ends) {
    llvm::Function* sum = sums({sparse_ ? 0 : pixels, v, across, ends});
    llvm::Value* first = b_.CreateAdd(at, channel);
    bool straight = layer_.neuron == nullptr;
    llvm::Value* out = straight ? bytes_on(array(inputs_.size()), times(first, 4)) : place.sums;
    llvm::Value* out_stride = number(straight ? 4 * stride : int64_t{4} * v * lanes_);
    llvm::Value* weights = bytes_on(bits, times(channel, 4));
    llvm::Value* bits_row = number(phase.tap_step_y * shape_.kernel_x * tap_bytes());
    if (sparse_)
      b_.CreateCall(sum, {place.tables, event_starts(place.tables, table_row, x),
                          bytes_on(weights, b_.CreateNeg(times(x, tap_bytes()))), out, number(pixels), rows, bits_row,
                          out_stride});
    else
      b_.CreateCall(
          sum, {tables, weights, out, rows, columns, bits_row, number(phase.tap_step_x * tap_bytes()), out_stride});
    if (!straight)
      b_.CreateCall(neuron(v, ends), {place.sums, place.arrays, first, place.state, b_.CreateAdd(state_at, channel),
                                      channel, number(pixels), number(stride)});
  };
  const int width = vectors * lanes_;
  const int whole = shape_.outputs / width;
  const int rest = shape_.outputs - whole * width;
  llvm::Value *begin = number(0), *end = number(int64_t{1} * whole * width);
  llvm::Value* last_part = b_.CreateICmpEQ(place.part, number(tiles_.parts - 1));
  if (tiles_.parts > 1) {
    int64_t share = whole / tiles_.parts * width;
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

void LayerBuilder::row_of_results(const Place& place, const Phase& phase, llvm::Value* row) {
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

// The strip's membranes before the first step, or out of it after the last.
void LayerBuilder::states_at_rest(const Place& place, bool begin) {
  const ir::Op& op = *layer_.neuron;
  const int64_t states = op.integer("states");
  const int64_t count = static_cast<int64_t>(op.operands.size());
  const Phase& phase = shape_.phases[0];
  const int64_t line = int64_t{1} * shape_.out_width * shape_.outputs;
  llvm::Value* rows = smaller(number(tiles_.strip), b_.CreateSub(number(phase.rows), place.first_row));
  llvm::Value* at = b_.CreateAdd(times(place.image, result_elements()), times(place.first_row, line));
  size_t input = inputs_.size();
  for (int64_t i = count - 1; i >= count - states; --i)
    input -= !op.operands[static_cast<size_t>(i)].is_literal();
  for (int64_t k = 0; k < states; ++k) {
    const ir::Operand& initial = op.operands[static_cast<size_t>(count - states + k)];
    llvm::Value* membranes = bytes_on(place.state, 4 * k * strip_elements_);
    auto array = [&](size_t index) {
      llvm::Value* host =
          b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, place.arrays, number(static_cast<int64_t>(index))));
      return bytes_on(host, times(at, 4));
    };
    llvm::Value* bytes = times(rows, 4 * line);
    if (!begin) {
      const size_t result = op.results.size() - static_cast<size_t>(states - k);
      if (is_read(op.results[result]))
        b_.CreateMemCpy(array(inputs_.size() + result), llvm::MaybeAlign(4), membranes, llvm::MaybeAlign(4), bytes);
    } else if (initial.is_literal()) {
      const ir::Value inside = op.body[0].parameters[static_cast<size_t>(count - states + k)];
      const bool whole = layer_.function->type(inside).element == ir::Element::i32;
      llvm::Constant* value =
          whole ? llvm::ConstantInt::getSigned(i32_, static_cast<int64_t>(initial.number))
                : static_cast<llvm::Constant*>(llvm::ConstantFP::get(f32_, static_cast<float>(initial.number)));
      loop(number(0), times(rows, line), [&](llvm::Value* i) { store(value, bytes_on(membranes, times(i, 4))); });
    } else {
      b_.CreateMemCpy(membranes, llvm::MaybeAlign(4), array(input++), llvm::MaybeAlign(4), bytes);
    }
  }
}

// int task(context, index, closure): closure holds the arrays' addresses, then the number of samples.
void LayerBuilder::build_task() {
  task_ = function("task", {pointer_, i32_, pointer_}, false);
  auto* arrays = b_.CreatePointerCast(task_->getArg(2), pointer_->getPointerTo());
  const size_t slots = inputs_.size() + outputs_.size();
  auto array = [&](size_t index) {
    return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, arrays, number(static_cast<int64_t>(index))));
  };
  llvm::Value* samples = b_.CreatePtrToInt(array(slots), i64_);
  llvm::Value* index = b_.CreateSExt(task_->getArg(1), i64_);
  const int images = images_per_task();
  const int strips = strip_count();
  Place place;
  place.arrays = arrays;
  place.part = b_.CreateURem(index, number(tiles_.parts));
  index = b_.CreateUDiv(index, number(tiles_.parts));
  place.first_row = times(b_.CreateURem(index, number(strips)), tiles_.strip);
  llvm::Value* first_sample = times(b_.CreateUDiv(index, number(strips)), images);
  llvm::Value* count = smaller(number(images), b_.CreateSub(samples, first_sample));
  place.top = plus(times(place.first_row, shape_.stride_y), above_);
  const int tile_floats = std::max(tiles_.pixels * tiles_.vectors, tiles_.images * tiles_.across_vectors) * lanes_;
  auto* tile_sums = b_.CreateAlloca(llvm::ArrayType::get(f32_, static_cast<uint64_t>(tile_floats)));
  tile_sums->setAlignment(llvm::Align(64));
  place.sums = b_.CreatePointerCast(tile_sums, pointer_);

  const int64_t states = layer_.neuron != nullptr ? layer_.neuron->integer("states") : 0;
  const int64_t tables_bytes = image_bytes() * images;
  llvm::FunctionCallee allocate =
      module_.getOrInsertFunction("halide_malloc", llvm::FunctionType::get(pointer_, {pointer_, i64_}, false));
  llvm::FunctionCallee release =
      module_.getOrInsertFunction("halide_free", llvm::FunctionType::get(b_.getVoidTy(), {pointer_, pointer_}, false));
  llvm::FunctionCallee complain =
      module_.getOrInsertFunction("halide_error", llvm::FunctionType::get(b_.getVoidTy(), {pointer_, pointer_}, false));
  llvm::Constant* nobody = llvm::ConstantPointerNull::get(pointer_);
  llvm::Value* scratch = b_.CreateCall(allocate, {nobody, number(tables_bytes + 4 * states * strip_elements_)});
  auto* out_of_memory = llvm::BasicBlock::Create(context_, "out_of_memory", task_);
  auto* work = llvm::BasicBlock::Create(context_, "work", task_);
  b_.CreateCondBr(b_.CreateICmpEQ(scratch, nobody), out_of_memory, work);
  b_.SetInsertPoint(out_of_memory);
  b_.CreateCall(complain, {nobody, b_.CreateGlobalStringPtr("out of memory in a layer's kernel")});
  b_.CreateRet(b_.getInt32(static_cast<uint32_t>(-11))); // as Halide's kernels: halide_error_code_out_of_memory
  b_.SetInsertPoint(work);

  llvm::Value* membranes = states > 0 ? bytes_on(scratch, tables_bytes) : nobody;
  auto each_image = [&](llvm::Value* step, const std::function<void(const Place&)>& body,
                        llvm::Value* first_image = nullptr) {
    loop(first_image == nullptr ? number(0) : first_image, count, [&](llvm::Value* i) {
      Place own = place;
      own.tables = bytes_on(scratch, times(i, image_bytes()));
      own.image = b_.CreateAdd(b_.CreateMul(step, samples), b_.CreateAdd(first_sample, i));
      own.state = states > 0 ? bytes_on(membranes, times(i, 4 * strip_elements_ / images)) : nobody;
      body(own);
    });
  };
  auto strip_of = [&](const Place& own, const std::function<void(const Phase&, llvm::Value*)>& body) {
    for (const Phase& phase : shape_.phases)
      loop(own.first_row, smaller(number(phase.rows), plus(own.first_row, tiles_.strip)),
           [&](llvm::Value* row) { body(phase, row); });
  };
  if (states > 0)
    each_image(number(0), [&](const Place& own) { states_at_rest(own, true); });
  loop(number(0), number(shape_.steps), [&](llvm::Value* step) {
    llvm::Value* from = larger(number(0), place.top);
    llvm::Value* to = smaller(number(shape_.height), plus(place.top, table_rows_));
    each_image(step, [&](const Place& own) {
      llvm::Value* image =
          bytes_on(array(0), times(own.image, spike_bytes() * shape_.height * shape_.width * shape_.channels));
      llvm::Value* scale = layer_.synapse->operands.size() > 2 ? array(2) : static_cast<llvm::Value*>(nobody);
      llvm::Value *table_row = b_.CreateSub(from, place.top), *rows = b_.CreateSub(to, from);
      if (sparse_)
        b_.CreateCall(tables_, {image, own.tables, table_row, from, rows});
      else
        b_.CreateCall(tables_, {image, scale, bytes_on(own.tables, times(table_row, row_bytes())), from, rows});
    });
    // Several images side by side: all that a task has, or half of that; what is left, one after the other. More
    // variants would be little faster and much longer.
    llvm::Value* done = number(0);
    if (tiles_.across) {
      Place own = place;
      own.tables = scratch;
      own.image = b_.CreateAdd(b_.CreateMul(step, samples), first_sample);
      own.state = membranes;
      auto side_by_side = [&](int images_now) {
        strip_of(own, [&](const Phase& phase, llvm::Value* row) {
          loop(number(0), number(phase.columns),
               [&](llvm::Value* column) { tile(own, phase, row, column, images_now, true); });
        });
      };
      const int half = images / 2;
      llvm::Value* all = b_.CreateICmpEQ(count, number(images));
      when(all, [&] { side_by_side(images); });
      llvm::Value* enough = half < 3 ? static_cast<llvm::Value*>(b_.getFalse())
                                     : b_.CreateAnd(b_.CreateNot(all), b_.CreateICmpSGE(count, number(half)));
      if (half >= 3)
        when(enough, [&] { side_by_side(half); });
      done = b_.CreateSelect(all, count, b_.CreateSelect(enough, number(half), number(0)));
    }
    each_image(
        step,
        [&](const Place& own) {
          strip_of(own, [&](const Phase& phase, llvm::Value* row) { row_of_results(own, phase, row); });
        },
        done);
  });
  if (states > 0)
    each_image(number(0), [&](const Place& own) { states_at_rest(own, false); });
  b_.CreateCall(release, {nobody, scratch});
  b_.CreateRet(b_.getInt32(0));
}

// int SYMBOL(halide_buffer_t* …)
void LayerBuilder::build_entry(const std::string& symbol) {
  const size_t slots = inputs_.size() + outputs_.size();
  // The three fields that are read (HalideRuntime.h): host at 16, dim at 40; a dimension is 16 bytes, its extent at 4.
  auto* entry = llvm::Function::Create(llvm::FunctionType::get(i32_, std::vector<llvm::Type*>(slots, pointer_), false),
                                       llvm::GlobalValue::ExternalLinkage, symbol, module_);
  b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", entry));
  llvm::Value* closure = b_.CreateAlloca(pointer_, b_.getInt32(static_cast<uint32_t>(slots) + 1));
  auto slot = [&](size_t i) { return b_.CreateGEP(pointer_, closure, number(static_cast<int64_t>(i))); };
  for (size_t i = 0; i < slots; ++i)
    b_.CreateStore(load(pointer_, bytes_on(entry->getArg(static_cast<unsigned>(i)), 16), 8), slot(i));
  llvm::Value* dims = load(pointer_, bytes_on(entry->getArg(0), 40), 8);
  llvm::Value* batch = b_.CreateSExt(load(i32_, bytes_on(dims, 16 + 4)), i64_);
  const int64_t image = int64_t{1} * shape_.height * shape_.width * shape_.channels;
  const int64_t images_a_sample = layer_.function->type(inputs_[0]).elements_per_sample() / image / shape_.steps;
  llvm::Value* samples = times(batch, images_a_sample);
  b_.CreateStore(b_.CreateIntToPtr(samples, pointer_), slot(slots));
  llvm::Value* tasks = times(b_.CreateUDiv(plus(samples, images_per_task() - 1), number(images_per_task())),
                             int64_t{1} * strip_count() * tiles_.parts);
  auto* run = llvm::FunctionType::get(i32_, {pointer_, task_->getType(), i32_, i32_, pointer_}, false);
  llvm::FunctionCallee parallel = module_.getOrInsertFunction("halide_do_par_for", run);
  b_.CreateRet(b_.CreateCall(parallel, {llvm::ConstantPointerNull::get(pointer_), task_, b_.getInt32(0),
                                        b_.CreateTrunc(tasks, i32_), b_.CreatePointerCast(closure, pointer_)}));
}

void LayerBuilder::build(const std::string& symbol) {
  tables_ = sparse_ ? build_events() : build_tables();
  build_task();
  build_entry(symbol);
}

void compile_layer(const Layer& layer, const kernels::Target& target, OutputKind kind, const std::string& path) {
  LayerBuilder builder(layer, target);
  builder.build(symbol(layer, target));
  write_module(builder.module(), target, Effort::loops, kind, path);
}

} // namespace rvb::codegen
