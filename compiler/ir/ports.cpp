#include "ir/ports.h"

namespace rvb::ir {

namespace {

struct Row {
  Role role;
  const char *name, *word;
};
constexpr Row rows[] = {
#define RVB_ROLE(role, word) {Role::role, #role, word},
#include "ir/roles.def"
#undef RVB_ROLE
};

} // namespace

const char* role_name(Role role) {
  for (const Row& row : rows)
    if (row.role == role)
      return row.name;
  return "other";
}

std::string label(const Port& port) {
  for (const Row& row : rows)
    if (row.role == port.role)
      return port.name == row.word ? port.name : std::string(row.word) + ":" + port.name;
  return port.name;
}

Port port_of_label(const std::string& label) {
  const size_t colon = label.find(':');
  for (const Row& row : rows) {
    if (label == row.word)
      return {row.role, label};
    if (colon != std::string::npos && label.compare(0, colon, row.word) == 0)
      return {row.role, label.substr(colon + 1)};
  }
  return {Role::other, label};
}

Port port_of_value(const std::string& name) {
  const std::string state = "state.";
  if (name == "image")
    return {Role::input, name};
  if (name == "labels")
    return {Role::labels, name};
  if (name == "key")
    return {Role::key, name};
  if (name == "progress")
    return {Role::progress, name};
  if (name.compare(0, state.size(), state) == 0)
    return {Role::state, name.substr(state.size())};
  return {Role::parameter, name};
}

} // namespace rvb::ir
