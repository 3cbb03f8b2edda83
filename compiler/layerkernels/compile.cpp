// A layer's object: its module, with the function that programs call.
#include "layerkernels/task.h"

namespace rvb::layerkernels {

namespace {

class Entry : private Emitting {
public:
  Entry(Code& code, const Work& work) : Emitting(code, work) {}

  // int SYMBOL(halide_buffer_t* …)
  void build(const std::string& symbol, llvm::Function* task) {
    const size_t slots = work_.inputs.size() + work_.outputs.size();
    // The three fields that are read (HalideRuntime.h): host at 16, dim at 40; a dimension is 16 bytes, its extent
    // at 4.
    auto* entry =
        llvm::Function::Create(llvm::FunctionType::get(i32_, std::vector<llvm::Type*>(slots, pointer_), false),
                               llvm::GlobalValue::ExternalLinkage, symbol, module_);
    b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", entry));
    llvm::Value* closure = b_.CreateAlloca(pointer_, b_.getInt32(static_cast<uint32_t>(slots) + 1));
    auto slot = [&](size_t i) { return b_.CreateGEP(pointer_, closure, number(static_cast<int64_t>(i))); };
    for (size_t i = 0; i < slots; ++i)
      b_.CreateStore(load(pointer_, bytes_on(entry->getArg(static_cast<unsigned>(i)), 16), 8), slot(i));
    llvm::Value* dims = load(pointer_, bytes_on(entry->getArg(0), 40), 8);
    llvm::Value* batch = b_.CreateSExt(load(i32_, bytes_on(dims, 16 + 4)), i64_);
    const int64_t image = int64_t{1} * shape_.height * shape_.width * shape_.channels;
    const int64_t images_a_sample = layer_.function->type(work_.inputs[0]).elements_per_sample() / image / shape_.steps;
    llvm::Value* samples = times(batch, images_a_sample);
    b_.CreateStore(b_.CreateIntToPtr(samples, pointer_), slot(slots));
    const int images = tiles_.images_per_task();
    llvm::Value* tasks = times(b_.CreateUDiv(plus(samples, images - 1), number(images)),
                               int64_t{1} * work_.strip_count() * tiles_.parts);
    auto* run = llvm::FunctionType::get(i32_, {pointer_, task->getType(), i32_, i32_, pointer_}, false);
    llvm::FunctionCallee parallel = module_.getOrInsertFunction("halide_do_par_for", run);
    b_.CreateRet(b_.CreateCall(parallel, {llvm::ConstantPointerNull::get(pointer_), task, b_.getInt32(0),
                                          b_.CreateTrunc(tasks, i32_), b_.CreatePointerCast(closure, pointer_)}));
  }
};

} // namespace

void compile_layer(const Layer& layer, const targets::Target& target, machine::OutputKind kind,
                   const std::string& path) {
  const std::unique_ptr<Scheme> scheme = scheme_for(target, shape_of(layer));
  const Work work(layer, *scheme);
  Code code(scheme->lanes());
  code.products_of_neighbours = scheme->products_of_neighbours();
  const std::unique_ptr<Synapses> synapses = scheme->synapses(code, work);
  synapses->build_rows();
  llvm::Function* task = Task(code, work, *synapses).build();
  Entry(code, work).build(symbol(layer, target), task);
  machine::write_module(code.module, target, machine::Effort::loops, kind, path);
}

} // namespace rvb::layerkernels
