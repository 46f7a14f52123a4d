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

// What phase() takes for a check that `check` describes, on the host of that identity. Pure, and
// the same in every build.
std::uint64_t check_identity(std::uint64_t host, std::string_view check);

}  // namespace hlb
