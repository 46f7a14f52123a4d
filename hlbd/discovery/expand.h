// Expands services with names for backends → services with addresses. Pure.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/known_name.h"
#include "health/service.h"

namespace hlb::discovery {

// A name to look up: its SRV records, or its addresses.
struct NameKey {
  std::string name;
  bool srv = false;

  friend auto operator<=>(const NameKey&, const NameKey&) = default;
};

// Finds a name; nullptr for a name that nobody has looked up so far.
using FindName = std::function<const KnownName*(const NameKey&)>;

// The names to look up for the services: the names they give, and the known targets of names with
// SRV records. Each with the first service that it is for.
std::map<NameKey, std::string_view> names_of(std::span<const ServiceSpec> services,
                                             const FindName& known);

// A backend as DNS gave it.
struct Given {
  BackendSpec backend;
  NameKey by;
  std::chrono::steady_clock::time_point
      last{};                   // when DNS last gave it; with SRV: the record or the address
  std::chrono::seconds ttl{0};  // time to live as used; with SRV: the longer of the two
  bool held = false;            // DNS gave it before, but not now
};

struct Expansion {
  ServiceSpec service;
  std::size_t left_out = 0;    // backends beyond kMaxBackends or without a port to check
  std::vector<Given> given{};  // the service's backends by DNS, in their order

  friend bool operator==(const Expansion& one, const Expansion& other) {
    return one.service == other.service && one.left_out == other.left_out;
  }
};

// The service with all known addresses; its `named` are the names that await a first answer, if it
// `may_wait`. Its own addresses come first, then the addresses of each name in the order of the
// configuration; of an address that occurs twice the first counts. The weights of SRV records are
// as RFC 2782 means them: where all of a priority are 0, all are equal, and beside others 0 stands
// for hardly ever.
Expansion expand(const ServiceSpec& service, const FindName& known, bool may_wait);

}  // namespace hlb::discovery
