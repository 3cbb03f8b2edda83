#include "layers/shape.h"

namespace rvb::layers {

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

std::string text_of(const Tensor& tensor) {
  return text_of(tensor.shape) + (!tensor.has_batch ? tensor.has_time ? " a step for all samples" : " for all samples"
                                  : tensor.has_time ? ""
                                                    : " without time");
}

int64_t elements(const Shape& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape)
    if (__builtin_mul_overflow(product, extent, &product) || product > most_elements)
      return most_elements + 1;
  return product;
}

} // namespace rvb::layers
