// A loop of the IR: its body's function, called once a step.
#include "codegen/steps.h"

#include <algorithm>
#include <cmath>

namespace rvb::codegen {

void Steps::emit_loop(const Plan& plan, const Call& call) {
  const Loop& loop = *call.loop;
  const auto count = [&](size_t n) { return b_.getInt32(static_cast<uint32_t>(std::max<size_t>(n, 1))); };
  llvm::Value* arguments = b_.CreateAlloca(pointer_, count(loop.arguments.size()), "arguments");
  llvm::Value* results = b_.CreateAlloca(pointer_, count(loop.results.size()), "results");
  for (int i = loop.sequences; i < loop.sequences + loop.invariants; ++i)
    b_.CreateStore(address(plan, loop.arguments[static_cast<size_t>(i)]),
                   b_.CreateGEP(pointer_, arguments, b_.getInt32(static_cast<uint32_t>(i))));

  // Where each state is before the first step, and its two places, so that the last step writes the result.
  std::vector<llvm::Value*> begins, first, second;
  for (int s = 0; s < loop.states; ++s) {
    const auto state = static_cast<size_t>(s);
    const int given = loop.arguments[static_cast<size_t>(loop.sequences + loop.invariants + s)];
    llvm::Value* result = address(plan, loop.results[static_cast<size_t>(loop.emits + s)]);
    llvm::Value* other = loop.other[state] < 0 ? result : address(plan, loop.other[state]);
    first.push_back(loop.steps % 2 == 1 ? result : other);
    second.push_back(loop.steps % 2 == 1 ? other : result);
    begins.push_back(given < 0 ? second.back() : address(plan, given));
    if (given < 0)
      emit_fill(second.back(), plan.buffers[static_cast<size_t>(loop.other[state])], loop.initial[state]);
  }

  llvm::BasicBlock *from = b_.GetInsertBlock(), *step = block("step"), *done = block("done");
  b_.CreateBr(step);
  b_.SetInsertPoint(step);
  llvm::PHINode* t = b_.CreatePHI(i64_, 2, "t");
  t->addIncoming(b_.getInt64(0), from);
  std::vector<llvm::PHINode*> before, after, spare;
  const auto phi = [&](std::vector<llvm::PHINode*>& list, llvm::Value* initial) {
    list.push_back(b_.CreatePHI(pointer_, 2));
    list.back()->addIncoming(initial, from);
  };
  for (size_t s = 0; s < begins.size(); ++s) {
    phi(before, begins[s]);
    phi(after, first[s]);
    phi(spare, second[s]);
  }
  llvm::Value* time = loop.reverse ? b_.CreateSub(b_.getInt64(loop.steps - 1), t) : t;
  emit_step(plan, loop, time, {before.begin(), before.end()}, {after.begin(), after.end()}, arguments, results);
  llvm::Value* next = b_.CreateAdd(t, b_.getInt64(1));
  llvm::BasicBlock* end = b_.GetInsertBlock();
  t->addIncoming(next, end);
  for (size_t s = 0; s < begins.size(); ++s) {
    before[s]->addIncoming(after[s], end);
    after[s]->addIncoming(spare[s], end);
    spare[s]->addIncoming(after[s], end);
  }
  b_.CreateCondBr(b_.CreateICmpEQ(next, b_.getInt64(loop.steps)), done, step);
  b_.SetInsertPoint(done);
}

// Slices are copied where they need not begin on a cache line.
void Steps::emit_step(const Plan& plan, const Loop& loop, llvm::Value* time, const std::vector<llvm::Value*>& before,
                      const std::vector<llvm::Value*>& after, llvm::Value* arguments, llvm::Value* results) {
  const auto put = [&](llvm::Value* list, size_t index, llvm::Value* place) {
    b_.CreateStore(place, b_.CreateGEP(pointer_, list, b_.getInt32(static_cast<uint32_t>(index))));
  };
  const auto slice = [&](int buffer) {
    llvm::Value* offset = b_.CreateMul(time, bytes(plan.buffers[static_cast<size_t>(buffer)], loop.steps));
    return b_.CreateGEP(i8_, address(plan, buffer), offset);
  };
  const auto copy = [&](llvm::Value* to, llvm::Value* from, int sequence) {
    b_.CreateMemCpy(to, llvm::MaybeAlign(1), from, llvm::MaybeAlign(1),
                    bytes(plan.buffers[static_cast<size_t>(sequence)], loop.steps));
  };
  const auto sequences = static_cast<size_t>(loop.sequences), emits = static_cast<size_t>(loop.emits);
  for (size_t i = 0; i < sequences; ++i) {
    const int sequence = loop.arguments[i], place = loop.slice[i];
    llvm::Value* argument = slice(sequence);
    if (place >= 0) {
      copy(address(plan, place), argument, sequence);
      argument = address(plan, place);
    }
    put(arguments, i, argument);
  }
  for (size_t s = 0; s < before.size(); ++s) {
    put(arguments, loop.arguments.size() - before.size() + s, before[s]);
    put(results, emits + s, after[s]);
  }
  for (size_t e = 0; e < emits; ++e) {
    const int place = loop.slice[sequences + e];
    put(results, e, place < 0 ? slice(loop.results[e]) : address(plan, place));
  }
  const auto region = [&](int buffer) {
    return buffer < 0 ? llvm::ConstantPointerNull::get(pointer_) : address(plan, buffer);
  };
  return_failure(b_.CreateCall(bodies_.at(&loop),
                               {batch_, arguments, results, region(loop.static_block), region(loop.sample_block)}));
  for (size_t e = 0; e < emits; ++e)
    if (const int place = loop.slice[sequences + e]; place >= 0)
      copy(slice(loop.results[e]), address(plan, place), loop.results[e]);
}

// `number` in every float of the buffer.
void Steps::emit_fill(llvm::Value* place, const Buffer& buffer, double number) {
  llvm::Value* size = bytes(buffer);
  if (number == 0 && !std::signbit(number)) {
    b_.CreateMemSet(place, b_.getInt8(0), size, llvm::MaybeAlign(4));
    return;
  }
  llvm::Value* count = b_.CreateUDiv(size, b_.getInt64(4));
  llvm::Value* floats = b_.CreatePointerCast(place, b_.getFloatTy()->getPointerTo());
  llvm::BasicBlock *from = b_.GetInsertBlock(), *fill = block("fill"), *filled = block("filled");
  b_.CreateCondBr(b_.CreateICmpEQ(count, b_.getInt64(0)), filled, fill);
  b_.SetInsertPoint(fill);
  llvm::PHINode* i = b_.CreatePHI(i64_, 2, "i");
  b_.CreateStore(llvm::ConstantFP::get(b_.getFloatTy(), number), b_.CreateGEP(b_.getFloatTy(), floats, i));
  llvm::Value* next = b_.CreateAdd(i, b_.getInt64(1));
  i->addIncoming(b_.getInt64(0), from);
  i->addIncoming(next, fill);
  b_.CreateCondBr(b_.CreateICmpEQ(next, count), filled, fill);
  b_.SetInsertPoint(filled);
}

} // namespace rvb::codegen
