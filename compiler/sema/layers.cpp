#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

int64_t elements(const Shape& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape)
    if (__builtin_mul_overflow(product, extent, &product) || product > Limits::elements)
      return Limits::elements + 1;
  return product;
}

// The way from the input to `layer`, along first inputs; the middle of a long way is left out.
std::string Elaborator::shapes_so_far(int layer) const {
  constexpr size_t most = 6;
  std::vector<std::string> steps;
  for (int at = layer; at >= 0;) {
    const Layer& here = program_.layers[static_cast<size_t>(at)];
    const bool last = here.inputs.empty();
    if (steps.size() < most || last)
      steps.push_back(printable(here.label, 40) + " " + text_of(here.shape) + (here.has_time ? "" : " without time"));
    else if (steps.size() == most)
      steps.push_back("...");
    at = last ? -1 : here.inputs[0];
    if (steps.size() > most && at > 0)
      at = 0; // straight to the input
  }
  std::string text;
  for (size_t i = steps.size(); i > 0; --i)
    text += (text.empty() ? "" : " -> ") + steps[i - 1];
  return text;
}

// `as name`, with the numbers of the `repeat`s around; or the operator's name, conv2d, conv2d_2, …
std::string Elaborator::layer_name(const Expr& expr, const std::string& base, Scope& scope) {
  std::string name = base;
  Range range = expr.callee.range;
  if (!expr.instance.empty()) {
    range = expr.instance.range;
    name = expr.instance.text;
    for (const int64_t i : scope.repeats)
      name += "." + std::to_string(i);
    if (!scope.taken.insert(name).second)
      report(Code::duplicate_layer_name, range, "two layers are called " + ticked(scope.path + name), "again here")
          .label(scope.places[name], "first used here")
          .note("layer names are the names of parameters in files of weights, so each must be unique")
          .help("choose another name after `as`");
  } else {
    int& count = scope.counters[base];
    do {
      ++count;
      name = count == 1 ? base : base + "_" + std::to_string(count);
    } while (!scope.taken.insert(name).second);
  }
  scope.places[name] = range;
  if (scope.path.size() + name.size() > Limits::path)
    stop(Code::too_large, range, "the path of a layer has more than " + std::to_string(Limits::path) + " bytes",
         "this name is added to it");
  return scope.path + name;
}

Value Elaborator::append(Layer layer) {
  if (static_cast<int64_t>(program_.layers.size()) >= Limits::layers) {
    stop(Code::too_much_work, layer.range, "a network of more than " + std::to_string(Limits::layers) + " layers",
         "this one is too many");
    return {};
  }
  Shape whole = layer.shape;
  whole.push_back(layer.has_time ? program_.input.steps : 1);
  if (elements(whole) > Limits::elements) {
    report(Code::too_large, layer.range,
           "this layer's output " + text_of(layer.shape) + " over " + std::to_string(whole.back()) +
               " steps has more than 2^28 elements",
           "too large");
    return {};
  }
  program_.layers.push_back(std::move(layer));
  return Value::of_layer(static_cast<int>(program_.layers.size()) - 1);
}

Value Elaborator::wrong_rank(const Layer& layer, const std::string& wanted, const std::string& help) {
  const Layer& source = program_.layers[static_cast<size_t>(layer.inputs[0])];
  Diagnostic& diagnostic =
      report(Code::wrong_rank, layer.range, "this layer reads " + wanted + ", found " + text_of(source.shape),
             "reads " + text_of(source.shape));
  diagnostic.label(source.range, "produces " + text_of(source.shape));
  diagnostic.note("shapes so far: " + shapes_so_far(layer.inputs[0]));
  if (!help.empty())
    diagnostic.help(help);
  return {};
}

Value Elaborator::add_tensors(int a, int b, Range range, const std::string& path, Scope& scope) {
  const Layer& left = program_.layers[static_cast<size_t>(a)];
  const Layer& right = program_.layers[static_cast<size_t>(b)];
  if (left.shape != right.shape || left.has_time != right.has_time) {
    const auto shown = [](const Layer& layer) {
      return text_of(layer.shape) + (layer.has_time ? "" : " without time");
    };
    Diagnostic& diagnostic =
        report(Code::shapes_differ, range, "cannot add " + shown(left) + " and " + shown(right), "shapes differ");
    diagnostic.label(left.range, "produces " + shown(left)).label(right.range, "produces " + shown(right));
    diagnostic.note("left: " + shapes_so_far(a)).note("right: " + shapes_so_far(b));
    if (left.shape == right.shape)
      diagnostic.help("`mean_over_time` has taken the time steps of one: add before it");
    else if (left.shape.size() == 3 && right.shape.size() == 3)
      diagnostic.help("give the shortcut a projection: `conv2d(" +
                      std::to_string(std::max(left.shape[0], right.shape[0])) +
                      ", kernel = 1, stride = ...) |> batchnorm`");
    return {};
  }
  Layer layer;
  layer.kind = LayerKind::add;
  layer.inputs = {a, b};
  layer.shape = left.shape;
  layer.has_time = left.has_time;
  layer.range = range;
  layer.path = path;
  layer.label = path.empty() ? scope.path + "add" : path;
  return append(std::move(layer));
}

// Output height and width of a window that slides over [C, H, W].
bool Elaborator::window(Layer& layer, const Expr& expr) {
  const Layer& source = program_.layers[static_cast<size_t>(layer.inputs[0])];
  for (size_t i = 0; i < 2; ++i) {
    const int64_t extent = source.shape[i + 1], padded = extent + 2 * layer.padding[i];
    const char* const side = i == 0 ? "high" : "wide";
    if (layer.kernel[i] > padded) {
      report(Code::kernel_too_large, expr.range,
             "a window " + std::to_string(layer.kernel[i]) + " " + side + " does not fit into " +
                 std::to_string(extent) + (layer.padding[i] > 0 ? " + 2 * " + std::to_string(layer.padding[i]) : "") +
                 " pixels",
             "reads " + text_of(source.shape))
          .label(source.range, "produces " + text_of(source.shape))
          .note("shapes so far: " + shapes_so_far(layer.inputs[0]));
      return false;
    }
    const bool pool = layer.kind != LayerKind::conv2d;
    if (layer.padding[i] > 0 && (pool ? layer.padding[i] > layer.kernel[i] / 2 : layer.padding[i] >= layer.kernel[i])) {
      report(Code::bad_padding, expr.range,
             "a padding of " + std::to_string(layer.padding[i]) + " for a window of " + std::to_string(layer.kernel[i]),
             pool ? "at most half the window" : "must be smaller than the window")
          .note("windows at the border would see nothing but padding");
      return false;
    }
    layer.shape[i + 1] = (padded - layer.kernel[i]) / layer.stride[i] + 1;
  }
  return true;
}

Value Elaborator::call_layer(const LayerInfo& info, const Expr& expr, const Bound& bound, Scope& scope) {
  Layer layer;
  layer.kind = info.kind;
  layer.range = expr.range;
  layer.path = layer.label = layer_name(expr, info.name, scope);
  Reader read{*this, expr, info.slots, bound};
  const size_t tensors = info.kind == LayerKind::add ? 2 : 1;
  for (size_t i = 0; i < tensors; ++i) {
    if (!read.at(i)->is(Kind::tensor))
      read.wrong_type(i, "a tensor");
    else
      layer.inputs.push_back(read.at(i)->layer);
  }
  const int64_t one[2] = {1, 1}, three[2] = {3, 3}, zero[2] = {0, 0};
  int64_t wanted = 1; // channels or features
  switch (info.kind) {
  case LayerKind::conv2d:
    wanted = read.size(1);
    read.pair(2, 1, three, layer.kernel);
    read.pair(3, 1, one, layer.stride);
    read.pair(4, 0, zero, layer.padding);
    layer.bias = read.boolean(5, false);
    read.weights(6, layer);
    break;
  case LayerKind::linear:
    wanted = read.size(1);
    layer.bias = read.boolean(2, true);
    read.weights(3, layer);
    break;
  case LayerKind::batchnorm:
    layer.epsilon = read.real(1, 1e-5, 1e-12, 1);
    layer.momentum = read.real(2, 0.1, 0, 1);
    layer.scale = read.real(3, 1, 1e-6, 1e6);
    if (const std::string word = read.word(4, {"joint", "scaled", "separate"}); word != "joint")
      layer.over_time = word == "scaled" ? OverTime::scaled : OverTime::separate;
    break;
  case LayerKind::avgpool:
  case LayerKind::maxpool:
    read.pair(1, 1, one, layer.kernel);
    read.pair(2, 1, layer.kernel, layer.stride);
    read.pair(3, 0, zero, layer.padding);
    break;
  case LayerKind::vote: layer.kernel[1] = read.size(1); break;
  default: break;
  }
  if (!read.ok || stopped_)
    return {};
  if (info.kind == LayerKind::add)
    return add_tensors(layer.inputs[0], layer.inputs[1], expr.range, layer.path, scope);

  const Layer& source = program_.layers[static_cast<size_t>(layer.inputs[0])];
  layer.shape = source.shape;
  layer.has_time = source.has_time;
  const bool image = source.shape.size() == 3;
  switch (info.kind) {
  case LayerKind::conv2d:
  case LayerKind::avgpool:
  case LayerKind::maxpool:
    if (!image)
      return wrong_rank(layer, "an image [channels, height, width]", "");
    if (!window(layer, expr))
      return {};
    if (info.kind == LayerKind::conv2d)
      layer.shape[0] = wanted;
    break;
  case LayerKind::linear:
    if (image)
      return wrong_rank(layer, "a vector [features]", "flatten the image first: `|> flatten |> linear(...)`");
    layer.shape = {wanted};
    break;
  case LayerKind::global_avgpool:
    if (!image)
      return wrong_rank(layer, "an image [channels, height, width]", "");
    layer.shape = {source.shape[0]};
    break;
  case LayerKind::flatten:
    if (!image)
      return wrong_rank(layer, "an image [channels, height, width]", "it is flat already: leave `flatten` out");
    layer.shape = {elements(source.shape)};
    break;
  case LayerKind::batchnorm:
    if (layer.over_time != OverTime::joint && !source.has_time) {
      report(Code::no_time, expr.callee.range, "this tensor has no time steps to be normalised one by one",
             "reads " + text_of(source.shape) + " without time")
          .note("shapes so far: " + shapes_so_far(layer.inputs[0]));
      return {};
    }
    if (layer.over_time == OverTime::separate && program_.input.steps > Limits::separate_steps) {
      report(Code::too_large, expr.range,
             "batch normalisation of " + std::to_string(program_.input.steps) + " separate time steps",
             "at most " + std::to_string(Limits::separate_steps));
      return {};
    }
    break;
  case LayerKind::vote:
    if (image)
      return wrong_rank(layer, "a vector [features]", "");
    if (source.shape[0] % layer.kernel[1] != 0) {
      report(Code::bad_size, expr.range,
             std::to_string(source.shape[0]) + " features do not divide into groups of " +
                 std::to_string(layer.kernel[1]),
             "reads " + text_of(source.shape))
          .note("shapes so far: " + shapes_so_far(layer.inputs[0]));
      return {};
    }
    layer.shape = {source.shape[0] / layer.kernel[1]};
    break;
  case LayerKind::mean_over_time:
    if (!source.has_time) {
      report(Code::no_time, expr.callee.range, "this tensor has no time steps to take the mean of",
             "reads " + text_of(source.shape) + " without time")
          .note("shapes so far: " + shapes_so_far(layer.inputs[0]));
      return {};
    }
    layer.has_time = false;
    break;
  default: break;
  }
  return append(std::move(layer));
}

} // namespace rvb::sema
