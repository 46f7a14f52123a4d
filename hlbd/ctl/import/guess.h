// A check for services when none is named, guessed from what listens on this host. No other host is
// asked.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "ctl/import/check.h"
#include "health/address.h"

namespace hlb::ctl {

// A TCP socket that takes connections.
struct ListeningSocket {
  Address address;  // unspecified: at each of this host's
  std::uint16_t port = 0;

  friend bool operator==(const ListeningSocket&, const ListeningSocket&) = default;
};

// Those in the text of /proc/net/tcp or tcp6; what isn't in that form is left out.
std::vector<ListeningSocket> parse_listeners(std::string_view text);

// Those of this host, or rather of our network namespace.
std::vector<ListeningSocket> listeners_here();

// Connecting, if the programs behind all backends on this host listen at one and the same port;
// else none. The remark says so.
ChosenCheck guess_check(const std::vector<Address>& backends,
                        const std::vector<ListeningSocket>& listeners);

}  // namespace hlb::ctl
