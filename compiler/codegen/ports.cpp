#include "codegen/ports.h"

namespace rvb::codegen {

static_assert(ir::batch == RVB_BATCH);

rvb_role role_of(ir::Role role) {
  switch (role) {
  case ir::Role::other: return RVB_OTHER;
  case ir::Role::input: return RVB_INPUT;
  case ir::Role::labels: return RVB_LABELS;
  case ir::Role::key: return RVB_KEY;
  case ir::Role::progress: return RVB_PROGRESS;
  case ir::Role::parameter: return RVB_PARAMETER;
  case ir::Role::state: return RVB_STATE;
  case ir::Role::logits: return RVB_LOGITS;
  case ir::Role::loss: return RVB_LOSS;
  case ir::Role::gradient: return RVB_GRADIENT;
  case ir::Role::statistic: return RVB_STATISTIC;
  case ir::Role::spikes: return RVB_SPIKES;
  case ir::Role::membrane: return RVB_MEMBRANE;
  case ir::Role::events: return RVB_EVENTS;
  case ir::Role::range: return RVB_RANGE;
  }
  return RVB_OTHER;
}

rvb_element element_of(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return RVB_F32;
  case ir::Element::boolean: return RVB_BOOL;
  case ir::Element::i32: return RVB_I32;
  case ir::Element::u32: return RVB_U32;
  case ir::Element::i16: return RVB_I16;
  }
  return RVB_F32;
}

rvb_port describe(const Port& port) {
  return {port.port.name.c_str(),
          role_of(port.port.role),
          element_of(port.type.element),
          port.type.rank(),
          static_cast<float>(port.port.initial),
          port.type.dims.data()};
}

} // namespace rvb::codegen
