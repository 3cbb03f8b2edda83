// The neuron after the synapses: the body of the scan, on vectors of a block of sums.
#include "layerkernels/neuron.h"

#include "ir/elementwise.h"
#include "support/result.h"

#include <algorithm>

namespace rvb::layerkernels {

llvm::Function* Neuron::on(int vectors, bool ends) {
  llvm::Function*& made = made_[{vectors, ends}];
  if (made == nullptr) {
    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    made = build(vectors, ends);
  }
  return made;
}

// round(x m / 2^shift), halves upwards, in products of 64 bits: on x86 even and odd numbers apart, since the
// instruction takes every other one. What is kept of a product is its 32 bits from `shift` on, whether the shift is
// arithmetic or not.
llvm::Value* Neuron::rescale(llvm::Value* x, llvm::Value* m, int shift) {
  if (m == whole_splat(1)) // the last bit that goes decides
    return shift == 0
               ? x
               : b_.CreateAShr(b_.CreateAdd(b_.CreateAShr(x, whole_splat(shift - 1)), whole_splat(1)), whole_splat(1));
  if (products_of_neighbours_) {
    auto* wide = llvm::FixedVectorType::get(i64_, static_cast<unsigned>(lanes_));
    auto all = [&](int64_t n) {
      return b_.CreateVectorSplat(static_cast<unsigned>(lanes_), b_.getInt64(static_cast<uint64_t>(n)));
    };
    llvm::Value* exact = b_.CreateMul(b_.CreateSExt(x, wide), b_.CreateSExt(m, wide));
    llvm::Value* rounded = shift == 0 ? exact : b_.CreateAdd(exact, all(int64_t{1} << (shift - 1)));
    return b_.CreateTrunc(b_.CreateLShr(rounded, all(shift)), ints_);
  }
  auto* wide = llvm::FixedVectorType::get(i64_, static_cast<unsigned>(lanes_) / 2);
  auto bits = [&](int64_t n) {
    return b_.CreateVectorSplat(static_cast<unsigned>(lanes_) / 2, b_.getInt64(static_cast<uint64_t>(n)));
  };
  auto odd = [&](llvm::Value* v) { return b_.CreateAShr(b_.CreateBitCast(v, wide), bits(32)); };
  auto even = [&](llvm::Value* v) {
    return b_.CreateAShr(b_.CreateShl(b_.CreateBitCast(v, wide), bits(32)), bits(32));
  };
  auto product = [&](llvm::Value* a, llvm::Value* b) {
    llvm::Value* exact = b_.CreateMul(a, b);
    return shift == 0 ? exact : b_.CreateAdd(exact, bits(int64_t{1} << (shift - 1)));
  };
  llvm::Value* low = b_.CreateLShr(product(even(x), even(m)), bits(shift));
  llvm::Value* high = b_.CreateShl(product(odd(x), odd(m)), bits(32 - shift));
  std::vector<int> lanes; // even ones of the first, odd ones of the second
  for (int i = 0; i < lanes_; ++i)
    lanes.push_back(i % 2 == 0 ? i : lanes_ + i);
  return b_.CreateShuffleVector(b_.CreateBitCast(low, ints_), b_.CreateBitCast(high, ints_), lanes);
}

// The same for integers; null for operators that have none.
llvm::Value* Neuron::lower_whole(const ir::Op& op, const std::vector<llvm::Value*>& x) {
  using ir::Instruction;
  switch (*ir::instruction_of(op.opcode)) {
  case Instruction::dequantize: return b_.CreateFMul(b_.CreateSIToFP(x[0], floats_), splat(op.number("scale")));
  case Instruction::rescale: return rescale(x[0], x[1], static_cast<int>(op.integer("shift")));
  case Instruction::saturate: {
    const auto limit = static_cast<double>(op.integer("limit"));
    llvm::Value* held = b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x[0], whole_splat(limit));
    return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, held, whole_splat(-limit));
  }
  case Instruction::add: return b_.CreateAdd(x[0], x[1]);
  case Instruction::sub: return b_.CreateSub(x[0], x[1]);
  case Instruction::min: return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smin, x[0], x[1]);
  case Instruction::max: return b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, x[0], x[1]);
  case Instruction::neg: return b_.CreateNeg(x[0]);
  case Instruction::abs: return b_.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x[0], b_.getFalse());
  case Instruction::greater_equal: return b_.CreateICmpSGE(x[0], x[1]);
  case Instruction::greater: return b_.CreateICmpSGT(x[0], x[1]);
  case Instruction::less_equal: return b_.CreateICmpSLE(x[0], x[1]);
  case Instruction::less: return b_.CreateICmpSLT(x[0], x[1]);
  case Instruction::select: return b_.CreateSelect(x[0], x[1], x[2]);
  case Instruction::mul:
  case Instruction::div:
  case Instruction::sqrt:
  case Instruction::logical_and:
  case Instruction::logical_or:
  case Instruction::logical_not:
  case Instruction::step:
  case Instruction::sign:
  case Instruction::detach:
  case Instruction::quantize: return nullptr;
  }
  return nullptr;
}

// As kernels/elementwise.cpp says, instruction by instruction.
llvm::Value* Neuron::lower(const ir::Op& op, const std::vector<llvm::Value*>& x) {
  using ir::Instruction;
  auto call = [&](llvm::Intrinsic::ID id) { return b_.CreateUnaryIntrinsic(id, x[0]); };
  if (std::any_of(x.begin(), x.end(), [&](llvm::Value* value) { return value->getType() == ints_; }))
    if (llvm::Value* whole = lower_whole(op, x))
      return whole;
  switch (*ir::instruction_of(op.opcode)) {
  case Instruction::quantize: {
    llvm::Value* scaled = b_.CreateFMul(x[0], splat(op.number("scale")));
    llvm::Value* whole = b_.CreateUnaryIntrinsic(llvm::Intrinsic::rint, scaled); // ties to even, as programs start
    llvm::Value* most = splat(static_cast<double>(op.integer("limit")));
    llvm::Value* least = splat(-static_cast<double>(op.integer("limit")));
    whole = b_.CreateSelect(b_.CreateFCmpOLT(whole, most), whole, most);
    whole = b_.CreateSelect(b_.CreateFCmpOGT(whole, least), whole, least);
    return b_.CreateFPToSI(whole, ints_);
  }
  case Instruction::add: return b_.CreateFAdd(x[0], x[1]);
  case Instruction::sub: return b_.CreateFSub(x[0], x[1]);
  case Instruction::mul: return b_.CreateFMul(x[0], x[1]);
  case Instruction::div: return b_.CreateFDiv(x[0], x[1]);
  case Instruction::min: return b_.CreateSelect(b_.CreateFCmpOLT(x[0], x[1]), x[0], x[1]);
  case Instruction::max: return b_.CreateSelect(b_.CreateFCmpOGT(x[0], x[1]), x[0], x[1]);
  case Instruction::neg: return b_.CreateFNeg(x[0]);
  case Instruction::abs: return call(llvm::Intrinsic::fabs);
  case Instruction::sqrt: return call(llvm::Intrinsic::sqrt);
  case Instruction::greater_equal: return b_.CreateFCmpOGE(x[0], x[1]);
  case Instruction::greater: return b_.CreateFCmpOGT(x[0], x[1]);
  case Instruction::less_equal: return b_.CreateFCmpOLE(x[0], x[1]);
  case Instruction::less: return b_.CreateFCmpOLT(x[0], x[1]);
  case Instruction::logical_and: return b_.CreateAnd(x[0], x[1]);
  case Instruction::logical_or: return b_.CreateOr(x[0], x[1]);
  case Instruction::logical_not: return b_.CreateNot(x[0]);
  case Instruction::select: return b_.CreateSelect(x[0], x[1], x[2]);
  case Instruction::step: return b_.CreateSelect(b_.CreateFCmpOGE(x[0], splat(0)), splat(1), splat(0));
  case Instruction::sign: return b_.CreateSelect(b_.CreateFCmpOGE(x[0], splat(0)), splat(1), splat(-1));
  case Instruction::detach: return x[0];
  case Instruction::dequantize:
  case Instruction::rescale:
  case Instruction::saturate: break;
  }
  throw Failure(Exit::internal, std::string("operator `") + ir::info(op.opcode).name + "` cannot stand in a layer");
}

// void neuron(sums, arrays, at, states, state_at, channel, pixels, stride): `at` is where the block's first result
// stands in tensors of all steps, `state_at` in those of one step, both in elements; `stride` is from one pixel to the
// next. `states` are this strip's membranes, one after the other, laid out as the strip's results from state_at on.
llvm::Function* Neuron::build(int vectors, bool ends) {
  const ir::Op& op = *layer_.neuron;
  const ir::Body& body = op.body[0];
  std::string name = "neuron_" + std::to_string(vectors) + (ends ? "_end" : "");
  llvm::Function* f =
      function(name, {pointer_, pointer_->getPointerTo(), i64_, pointer_, i64_, i64_, i64_, i64_}, false);
  llvm::Value* arrays = f->getArg(1);
  llvm::Value* channel = f->getArg(5);
  const auto count = static_cast<int64_t>(op.operands.size());
  const int64_t states = op.integer("states"), invariants = op.integer("invariants");
  const size_t emits = body.yields.size() - static_cast<size_t>(states);
  auto array = [&](size_t index) {
    return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, arrays, number(static_cast<int64_t>(index))));
  };
  loop(number(0), f->getArg(6), [&](llvm::Value* pixel) {
    llvm::Value* offset = b_.CreateMul(pixel, f->getArg(7));
    llvm::Value* at = b_.CreateAdd(f->getArg(2), offset);
    llvm::Value* state_at = b_.CreateAdd(f->getArg(4), offset);
    llvm::Value* sums_at = bytes_on(f->getArg(0), times(pixel, int64_t{4} * vectors * lanes_));
    for (int v = 0; v < vectors; ++v) {
      const int used = ends && v == vectors - 1 ? work_.last_lanes() : lanes_;
      auto element_at = [&](llvm::Value* base, llvm::Value* index, ir::Element element) {
        return bytes_on(base, times(plus(index, int64_t{1} * v * lanes_), ir::bytes_of(element)));
      };
      auto state_place = [&](int64_t k) {
        return bytes_on(f->getArg(3), times(plus(state_at, k * work_.strip_elements() + int64_t{1} * v * lanes_), 4));
      };
      std::map<ir::Value, llvm::Value*> values;
      size_t input = layer_.synapse->operands.size();
      for (int64_t i = 0; i < count; ++i) {
        const ir::Operand& operand = op.operands[static_cast<size_t>(i)];
        llvm::Value*& value = values[body.parameters[static_cast<size_t>(i)]];
        if (i == layer_.sums_operand) {
          value = load(sums_, bytes_on(sums_at, int64_t{4} * v * lanes_), 4 * static_cast<unsigned>(lanes_));
          continue;
        }
        const size_t slot = operand.is_literal() ? 0 : input++;
        if (i >= count - states) {
          value = load_lanes(
              layer_.function->type(body.parameters[static_cast<size_t>(i)]).element == ir::Element::i32 ? i32_ : f32_,
              state_place(i - (count - states)), used);
        } else if (operand.is_literal()) {
          value = splat(operand.number);
        } else {
          const ir::Type& type = layer_.function->type(operand.value);
          llvm::Type* element = type.element == ir::Element::i32 ? i32_ : f32_;
          bool one = type.dims.empty() || (i >= count - states - invariants && type.dims[0] == 1);
          if (one)
            value = b_.CreateVectorSplat(static_cast<unsigned>(lanes_), load(element, array(slot)));
          else if (i >= count - states - invariants)
            value = load_lanes(element, element_at(array(slot), channel, type.element), used);
          else if (type.element == ir::Element::boolean)
            value = b_.CreateICmpNE(load_lanes(i8_, element_at(array(slot), at, type.element), used),
                                    b_.CreateVectorSplat(static_cast<unsigned>(lanes_), b_.getInt8(0)));
          else
            value = load_lanes(element, element_at(array(slot), at, type.element), used);
        }
      }
      auto value_of = [&](const ir::Operand& operand) -> llvm::Value* {
        return operand.is_literal() ? splat(operand.number) : values.at(operand.value);
      };
      auto is_whole = [&](const ir::Operand& operand) {
        return !operand.is_literal() && values.at(operand.value)->getType() == ints_;
      };
      for (const ir::Op& inner : body.ops) {
        const bool whole = std::any_of(inner.operands.begin(), inner.operands.end(), is_whole);
        std::vector<llvm::Value*> operands;
        for (const ir::Operand& operand : inner.operands)
          operands.push_back(whole && operand.is_literal() ? whole_splat(operand.number) : value_of(operand));
        values[inner.results[0]] = lower(inner, operands);
      }
      for (size_t y = 0; y < body.yields.size(); ++y) {
        const ir::Element element = layer_.function->type(op.results[y]).element;
        llvm::Value* value = body.yields[y].is_literal() && element == ir::Element::i32
                                 ? whole_splat(body.yields[y].number)
                                 : value_of(body.yields[y]);
        if (y >= emits) {
          store_lanes(value, state_place(static_cast<int64_t>(y - emits)), used);
        } else {
          if (element == ir::Element::boolean) {
            if (!value->getType()->isIntOrIntVectorTy(1)) // a literal
              value = b_.CreateFCmpUNE(value, splat(0));
            value = b_.CreateZExt(value, llvm::FixedVectorType::get(i8_, static_cast<unsigned>(lanes_)));
          }
          if (element == ir::Element::i16)
            value = b_.CreateTrunc(value, llvm::FixedVectorType::get(i16_, static_cast<unsigned>(lanes_)));
          store_lanes(value, element_at(array(work_.inputs.size() + y), at, element), used);
        }
      }
    }
  });
  b_.CreateRetVoid();
  return f;
}

} // namespace rvb::layerkernels
