// The graph of a NIR file: nodes in an order in which inputs come first.
#pragma once

#include "import/nir/tree.h"

#include <string>
#include <vector>

namespace rvb::importing::nir {

struct Node {
  std::string name, type;
  std::map<std::string, Entry> parts;
  std::vector<int> inputs; // earlier nodes, whose sum it reads

  const Entry* find(const std::string& part) const;
};

struct Graph {
  std::string path;
  std::vector<Node> nodes;
  std::map<std::string, Entry> metadata; // of the whole graph

  [[noreturn]] void refuse(const Node& node, const std::string& reason) const;
  const Entry& part(const Node& node, const std::string& name) const; // Failure(user) where it is missing
};

// Failure(user) where it is no graph that a network can be made of: several inputs or outputs, graphs within, circles.
Graph read_graph(const std::string& path);

} // namespace rvb::importing::nir
