// The rights that systemd starts hlbd with, as hlbd.service and its drop-ins say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hlb::ctl {

struct DaemonUnit {
  std::string user = "root";
  std::vector<std::string> groups;  // beside those of the user
  // The ambient ones that a configuration may be read with, a bit each.
  std::uint32_t capabilities = 0;
};

// Reads the files that systemd would; nullopt where there is no such unit, or another init.
std::optional<DaemonUnit> read_daemon_unit();

}  // namespace hlb::ctl
