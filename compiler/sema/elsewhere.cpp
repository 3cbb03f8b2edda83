#include "sema/elsewhere.h"

#include "support/text.h"

#include <cctype>
#include <map>

namespace rvb::sema {

namespace {

// Names are compared without `_` and in small letters: max_pool2d is MaxPool2d.
std::string plain(const std::string& name) {
  std::string key;
  for (char c : name)
    if (c != '_')
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return key;
}

using Table = std::map<std::string, const char*>;

std::string look_up(const Table& table, const std::string& name) {
  const auto found = table.find(plain(name));
  return found == table.end() ? "" : found->second;
}

const char* const neurons = "it is defined in the standard library: `import neurons`";
const char* const blocks = "it is defined in the standard library: `import blocks`";
const char* const conv2d = "write `conv2d(64, kernel = 3, padding = 1)`: the channels that flow in are known";
const char* const one_dimension =
    "pools have two dimensions: an image of height 1 and `maxpool([1, 2])` or `avgpool([1, 2])` do the same";
const char* const conv1d = "write `conv1d(64, kernel = 3)`: over tokens, or `over = time`";
const char* const linear = "write `linear(10)`: the features that flow in are known";
const char* const batchnorm = "write `batchnorm`";
const char* const no_other_norm = "there is `batchnorm` alone: it is what deployment can fold into the neuron";
const char* const average = "write `avgpool(2)`";
const char* const maximum = "write `maxpool(2)`";
const char* const global = "write `global_avgpool`";
const char* const activation = "a neuron is the activation: `import neurons`, then `reverb`, which is silent below its "
                               "threshold and the membrane above; on tensors, `max(x, 0)`";
const char* const probabilities =
    "a network ends with its logits; the loss makes probabilities of them, and so does `infer`";
const char* const flat = "write `flatten`";
const char* const leaky =
    "`import neurons`, then `lif`: its `tau` is the part of the membrane that is left, 1 - 1/tau where tau is a time";
const char* const learned = "`import neurons`, then `lif_learned`, whose leak and threshold are trained";
const char* const joined = "write `concat(a, b, over = channel)`";
const char* const dropped = "write `dropout(0.5)`: one mask holds for all time steps";
const char* const sequential = "layers follow each other by `|>`";
const char* const upsampled = "write `upsample(2)`, which repeats pixels";
const char* const transposed = "write `conv2d_transposed(64, kernel = 4, stride = 2, padding = 1)`";

const char* const known = "leave it out: it is known from what flows in";
const char* const grouped = "`conv2d` has groups and dilation, no other layer";
const char* const rate = "the optimizer has it: `optimizer = sgd(rate = 0.1)`";
const char* const decay = "the optimizer has it: `optimizer = sgd(weight_decay = 1e-4)`";

} // namespace

std::string elsewhere_called(const std::string& name) {
  static const Table table = {
      {"reverb", neurons},
      {"lif", neurons},
      {"lifsoft", neurons},
      {"liflearned", neurons},
      {"reverblearned", neurons},
      {"basicblock", blocks},
      {"poolblock", blocks},
      {"conv", conv2d},
      {"convolution", conv2d},
      {"conv1d", conv1d},
      {"maxpool1d", one_dimension},
      {"avgpool1d", one_dimension},
      {"convtranspose2d", transposed},
      {"upsample", upsampled},
      {"interpolate", upsampled},
      {"dense", linear},
      {"fc", linear},
      {"fullyconnected", linear},
      {"batchnorm1d", batchnorm},
      {"batchnorm2d", batchnorm},
      {"bn", batchnorm},
      {"batchnormalization", batchnorm},
      {"layernorm", no_other_norm},
      {"groupnorm", no_other_norm},
      {"instancenorm2d", no_other_norm},
      {"avgpool2d", average},
      {"averagepooling2d", average},
      {"pool", average},
      {"maxpool2d", maximum},
      {"maxpooling2d", maximum},
      {"adaptiveavgpool2d", global},
      {"globalavgpool2d", global},
      {"globalaveragepooling2d", global},
      {"relu", activation},
      {"leakyrelu", activation},
      {"gelu", activation},
      {"silu", activation},
      {"elu", activation},
      {"activation", activation},
      {"logsoftmax", probabilities},
      {"view", "write `reshape(x, [8, -1])`, or `flatten`"},
      {"lifnode", leaky},
      {"leaky", leaky},
      {"ifnode", leaky},
      {"lifneuron", leaky},
      {"parametriclifnode", learned},
      {"plif", learned},
      {"concatenate", joined},
      {"cat", joined},
      {"stack", joined},
      {"dropout2d", dropped},
      {"sequential", sequential},
      {"crossentropy", "the loss stands in the recipe: `recipe { loss = cross_entropy }`"},
  };
  return look_up(table, name);
}

std::string elsewhere_value(const std::string& name) {
  static const Table table = {
      {"atan", "the surrogate is called `arctangent`"},
      {"arctan", "the surrogate is called `arctangent`"},
      {"fastsigmoid", "the surrogates are `rectangle`, `triangle`, `arctangent` and `sigmoid`"},
      {"boxcar", "the surrogate is called `rectangle`"},
      {"same", "`padding` is a number of pixels: 1 keeps the size of an image under a kernel of 3"},
      {"valid", "leave `padding` out: there is none unless it is given"},
      {"none", "leave the argument out: then its default stands"},
      {"null", "leave the argument out: then its default stands"},
  };
  return look_up(table, name);
}

std::string elsewhere_argument(const std::string& name) {
  static const Table table = {
      {"inchannels", known},
      {"infeatures", known},
      {"inputsize", known},
      {"numfeatures", known},
      {"outchannels", "it is called `channels`"},
      {"filters", "it is called `channels`"},
      {"outfeatures", "it is called `features`"},
      {"units", "it is called `features`"},
      {"kernelsize", "it is called `kernel`"},
      {"poolsize", "it is called `kernel`"},
      {"strides", "it is called `stride`"},
      {"pad", "it is called `padding`"},
      {"eps", "it is called `epsilon`"},
      {"usebias", "it is called `bias`"},
      {"vth", "it is called `threshold`"},
      {"vthreshold", "it is called `threshold`"},
      {"surrogatefunction", "it is called `surrogate`"},
      {"spikegrad", "it is called `surrogate`"},
      {"decay", "it is called `tau`: the part of the membrane that is left one step later"},
      {"beta", "it is called `tau`: the part of the membrane that is left one step later"},
      {"groups", grouped},
      {"dilation", grouped},
      {"activation", activation},
  };
  return look_up(table, name);
}

std::string elsewhere_setting(const std::string& name) {
  static const Table table = {
      {"lr", rate},
      {"learningrate", rate},
      {"rate", rate},
      {"weightdecay", decay},
      {"momentum", "the optimizer has it: `optimizer = sgd(momentum = 0.9)`"},
      {"batchsize", "it is called `batch`"},
      {"criterion", "it is called `loss`"},
      {"scheduler", "it is called `schedule`"},
      {"seed", "it is a flag of the program: `train --seed 1`"},
      {"threads", "it is a flag of the program: `train --threads 2`"},
      {"betas", "they are called `beta1` and `beta2`"},
      {"eps", "it is called `epsilon`"},
      {"labelsmoothing", "the loss has it: `loss = cross_entropy(smoothing = 0.1)`"},
      {"steps", "a network says it at its input: `image: [3, 32, 32] repeated 4`"},
      {"transforms", "it is called `augment`"},
  };
  return look_up(table, name);
}

std::string advice(const std::string& name, const std::string& nearest, const std::string& elsewhere) {
  if (nearest.empty() || (!elsewhere.empty() && plain(nearest) != plain(name)))
    return elsewhere;
  return "did you mean " + ticked(nearest) + "?";
}

} // namespace rvb::sema
