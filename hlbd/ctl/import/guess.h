// A check for services when none is named, guessed from what listens on this host. No other host is
// asked.
#pragma once

#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "ctl/import/check.h"
#include "text/endpoint.h"

namespace hlb::ctl {

// Where TCP sockets take connections, by the text of /proc/net/tcp or tcp6; what isn't in that form
// is left out. At each of this host's addresses where it is unspecified.
std::vector<Endpoint> parse_listeners(std::string_view text);

// Those of this host, or rather of our network namespace.
std::vector<Endpoint> listeners_here();

// Connecting, if the programs behind all backends on this host listen at one and the same port;
// else none. The remark says so.
ChosenCheck guess_check(const std::vector<Address>& backends,
                        const std::vector<Endpoint>& listeners);

}  // namespace hlb::ctl
