#include "import/nir/graph.h"

#include "support/result.h"
#include "support/text.h"

#include <algorithm>
#include <set>

namespace rvb::importing::nir {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& text) {
  throw Failure(Exit::user, path + ": " + text);
}

std::string text_of(const Tree& tree, const std::string& where) {
  const auto found = tree.find(where);
  return found == tree.end() || found->second.texts.size() != 1 ? "" : found->second.texts[0];
}

} // namespace

const Entry* Node::find(const std::string& part) const {
  const auto found = parts.find(part);
  return found == parts.end() ? nullptr : &found->second;
}

void Graph::refuse(const Node& node, const std::string& reason) const {
  fail(path, "node `" + printable(node.name, 200) + "` (" + printable(node.type, 60) + "): " + reason);
}

const Entry& Graph::part(const Node& node, const std::string& name) const {
  const Entry* found = node.find(name);
  if (found == nullptr)
    refuse(node, "it has no `" + name + "`");
  return *found;
}

Graph read_graph(const std::string& path) {
  const Tree tree = read_tree(path);
  if (text_of(tree, "node/type") != "NIRGraph")
    fail(path, "it is HDF5, but no network in NIR: `node/type` is not NIRGraph");
  Graph graph;
  graph.path = path;
  std::map<std::string, Node> nodes;
  const std::string front = "node/nodes/", metadata = "node/metadata/";
  for (const auto& [where, entry] : tree) {
    if (where.compare(0, metadata.size(), metadata) == 0)
      graph.metadata[where.substr(metadata.size())] = entry;
    if (where.compare(0, front.size(), front) != 0)
      continue;
    const size_t slash = where.find('/', front.size());
    if (slash == std::string::npos)
      continue;
    Node& node = nodes[where.substr(front.size(), slash - front.size())];
    node.parts[where.substr(slash + 1)] = entry;
  }
  std::map<std::string, std::set<std::string>> sources;
  const auto edges = tree.find("node/edges");
  if (edges == tree.end() || !edges->second.text || edges->second.shape.size() != 2 || edges->second.shape[1] != 2)
    fail(path, "`node/edges` is no list of pairs of names");
  for (size_t e = 0; e + 1 < edges->second.texts.size(); e += 2) {
    const std::string &from = edges->second.texts[e], &to = edges->second.texts[e + 1];
    for (const std::string& name : {from, to})
      if (nodes.count(name) == 0)
        fail(path, "an edge names `" + printable(name, 200) + "`, which is no node");
    sources[to].insert(from);
  }
  int inputs = 0, outputs = 0;
  for (auto& [name, node] : nodes) {
    node.name = name;
    const Entry* type = node.find("type");
    node.type = type == nullptr || type->texts.size() != 1 ? "" : type->texts[0];
    if (node.type == "NIRGraph")
      graph.refuse(node, "a graph within the graph is not read");
    inputs += node.type == "Input" ? 1 : 0;
    outputs += node.type == "Output" ? 1 : 0;
    if (node.type != "Input" && sources[name].empty())
      graph.refuse(node, "nothing goes into it");
  }
  if (inputs != 1 || outputs != 1)
    fail(path, "it has " + std::to_string(inputs) + " inputs and " + std::to_string(outputs) +
                   " outputs; a network has one of each");
  // Those whose sources all stand there by now, in the order of names.
  std::map<std::string, int> placed;
  while (placed.size() < nodes.size()) {
    const size_t before = placed.size();
    for (auto& [name, node] : nodes) {
      const auto there = [&](const std::string& source) { return placed.count(source) != 0; };
      if (placed.count(name) != 0 || !std::all_of(sources[name].begin(), sources[name].end(), there))
        continue;
      for (const std::string& source : sources[name])
        node.inputs.push_back(placed[source]);
      placed[name] = static_cast<int>(graph.nodes.size());
      graph.nodes.push_back(node);
    }
    if (placed.size() == before)
      fail(path, "its edges run in a circle: recurrent networks are not read");
  }
  return graph;
}

} // namespace rvb::importing::nir
