// Ports: what the arguments and results of a function are to the outside. irgen makes them, passes keep and add them,
// codegen writes them into the program. Nobody reads a role from a name: the texts below are for the IR's text alone.
#pragma once

#include <cstdint>
#include <string>

namespace rvb::ir {

enum class Role : uint8_t {
  other, // of functions that nobody calls from outside
#define RVB_ROLE(role, word) role,
#include "ir/roles.def"
#undef RVB_ROLE
};
const char* role_name(Role role); // "gradient"

// Role and name together are one of its function's arguments, and one of its results.
struct Port {
  Role role = Role::other;
  std::string name;   // "image", the parameter's, the layer's path, the state's number
  double initial = 0; // of a state: what it is before the first step

  bool is(Role r, const std::string& n) const { return role == r && name == n; }
  bool operator==(const Port& other) const { return role == other.role && name == other.name; }
};

// As the text of the IR writes a port: "loss", "grad:conv.weight"; `other` by its name alone.
std::string label(const Port& port);
Port port_of_label(const std::string& label);
// What a parameter is whose text does not say so: %image, %labels, %state.0; all others are the network's parameters.
Port port_of_value(const std::string& name);

} // namespace rvb::ir
