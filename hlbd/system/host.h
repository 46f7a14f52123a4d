// Which host this is, and which boot of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hlb {

// Tells this host from others with the same configuration, so that they don't check the same
// backends at the same moments. The same over reboots, where there is a machine-id(5); else the
// same until the next boot, or at least for this hostname. The machine-id itself can't be told from
// it.
std::uint64_t host_identity();

// 32 hexadecimal digits, another one after each boot; empty where the kernel doesn't tell.
std::string boot_id();

// The name that this host has for itself; empty where the kernel doesn't tell.
std::string host_name();

}  // namespace hlb
