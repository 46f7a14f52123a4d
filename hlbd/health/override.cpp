#include "health/override.h"

#include <array>
#include <utility>

namespace hlb {
namespace {

constexpr std::array<std::pair<OverrideKind, std::string_view>, 4> kNames = {{
    {OverrideKind::drain, "drain"},
    {OverrideKind::maintenance, "maintenance"},
    {OverrideKind::force_up, "up"},
    {OverrideKind::force_down, "down"},
}};

}  // namespace

std::string_view name_of(OverrideKind kind) {
  for (const auto& [each, name] : kNames) {
    if (each == kind) return name;
  }
  return "";
}

std::optional<OverrideKind> override_kind_named(std::string_view name) {
  for (const auto& [kind, each] : kNames) {
    if (each == name) return kind;
  }
  return std::nullopt;
}

State state_under(std::optional<OverrideKind> kind, State state) {
  if (kind == OverrideKind::force_up) return State::up;
  return kind == OverrideKind::force_down ? State::down : state;
}

bool withdraws(std::optional<OverrideKind> kind) {
  return kind && kind != OverrideKind::force_up;
}

}  // namespace hlb
