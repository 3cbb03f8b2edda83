#include "files/weights.h"

#include "base/files.h"
#include "files/npy.h"
#include "files/npz.h"
#include "files/packed.h"
#include "files/recognise.h"

#include <algorithm>
#include <set>

namespace rvb::runtime {

namespace {

constexpr uint64_t most_bytes = uint64_t{1} << 32; // of arrays in an NPZ archive

Safetensors read_npz(const std::string& path) {
  Safetensors file;
  std::set<std::string> names;
  for (const auto& [name, bytes] : parse_npz(read_file(path, "weights in NPZ format"), path, most_bytes)) {
    if (!names.insert(name).second)
      throw Failure(Exit::user, path + ": not a valid NPZ archive: two arrays are called `" + name + "`");
    NpyArray array = parse_npy(bytes.data(), bytes.size(), path + " (" + name + ")");
    file.tensors.push_back({name, std::move(array.shape), std::move(array.values), array.integers ? "I64" : "F32"});
  }
  return file;
}

// A checkpoint of PyTorch is a program as well as numbers: loading it runs what it says, so nobody does it here.
std::string conversion(const std::string& path) {
  const size_t dot = path.rfind('.');
  const std::string stem =
      dot == std::string::npos || path.find('/', dot) != std::string::npos ? path : path.substr(0, dot);
  return "in Python it becomes safetensors by\n"
         "  import torch; from safetensors.torch import save_file\n"
         "  state = torch.load(\"" +
         path +
         "\", map_location=\"cpu\")  # or [\"state_dict\"], [\"model\"] of it\n"
         "  save_file({name: value.contiguous() for name, value in state.items()}, \"" +
         stem + ".safetensors\")";
}

} // namespace

Safetensors read_tensors(const std::string& path) {
  const Bytes start = read_start(path, 512);
  const FileKind kind = kind_of(start.data(), start.size());
  if (kind == FileKind::npz)
    return read_npz(path);
  try {
    return read_safetensors(path);
  } catch (const Failure& failure) {
    if (kind != FileKind::pytorch)
      throw;
    throw Failure(failure.exit, std::string(failure.what()) + "\n" + conversion(path));
  }
}

Safetensors read_weights(const std::string& path, const std::string& strip) {
  Safetensors file = read_tensors(path);
  if (is_packed(file))
    unpack(file, path);
  if (strip.empty())
    return file;
  bool any = false;
  std::set<std::string> names;
  for (Tensor& tensor : file.tensors) {
    if (tensor.name.compare(0, strip.size(), strip) == 0) {
      any = true;
      tensor.name.erase(0, strip.size());
    }
    if (!names.insert(tensor.name).second)
      throw Failure(Exit::user, path + ": without `" + strip + "` two tensors are called `" + tensor.name + "`");
  }
  if (!any)
    throw Failure(Exit::user, path + ": no tensor's name begins with `" + strip + "` (--strip-prefix)" +
                                  (file.tensors.empty() ? "" : "; one is called `" + file.tensors[0].name + "`"));
  return file;
}

std::string common_prefix(const Safetensors& file, const std::vector<std::string>& expected) {
  std::set<std::string> names;
  for (const Tensor& tensor : file.tensors)
    names.insert(tensor.name);
  size_t plain = 0;
  std::map<std::string, size_t> prefixes; // and how many of the expected names are found after each
  for (const std::string& name : expected) {
    plain += names.count(name);
    for (const std::string& found : names) {
      const size_t at = found.size() - std::min(found.size(), name.size());
      if (at > 0 && found[at - 1] == '.' && found.compare(at, name.size(), name) == 0)
        ++prefixes[found.substr(0, at)];
    }
  }
  auto most = std::max_element(prefixes.begin(), prefixes.end(),
                               [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == prefixes.end() || most->second <= plain || 2 * most->second < expected.size() ? "" : most->first;
}

std::string prefix_advice(const Safetensors& file, const std::vector<std::string>& expected) {
  const std::string prefix = common_prefix(file, expected);
  return prefix.empty() ? ""
                        : "the names begin with `" + prefix +
                              "`, as a wrapper of the model left them: --strip-prefix " + prefix + " takes it off";
}

void write_weights(const std::string& path, const Safetensors& file) {
  const std::string ending = ".npz";
  if (path.size() <= ending.size() || path.compare(path.size() - ending.size(), ending.size(), ending) != 0) {
    write_safetensors(path, file);
    return;
  }
  std::vector<std::pair<std::string, std::string>> members;
  for (const Tensor& tensor : file.tensors)
    members.emplace_back(tensor.name, print_npy(tensor.shape, tensor.values.data()));
  write_file(path, print_npz(members, path));
}

} // namespace rvb::runtime
