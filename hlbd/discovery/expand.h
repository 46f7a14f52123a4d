// Services with names for backends → services with addresses. Pure.
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

// What is looked up: the SRV records of a name, or its addresses.
struct NameKey {
  std::string name;
  bool srv = false;

  friend auto operator<=>(const NameKey&, const NameKey&) = default;
};

// nullptr for a name that nobody has looked up so far.
using FindName = std::function<const KnownName*(const NameKey&)>;

// What has to be looked up for the services: the names they give, and the targets that are known
// of those with SRV records. Each with the first service that it is for.
std::map<NameKey, std::string_view> names_of(std::span<const ServiceSpec> services,
                                             const FindName& known);

// A backend as DNS gave it.
struct Given {
  BackendSpec backend;
  NameKey by;
  std::chrono::steady_clock::time_point
      last{};                   // when it was given; of SRV: a record or an address
  std::chrono::seconds ttl{0};  // as it is used; of SRV: the longer one
  bool held = false;            // it was given before, not now
};

struct Expansion {
  ServiceSpec service;
  std::size_t left_out = 0;    // backends, beyond kMaxBackends or without a port to check
  std::vector<Given> given{};  // the service's backends that DNS gives, in their order

  friend bool operator==(const Expansion& one, const Expansion& other) {
    return one.service == other.service && one.left_out == other.left_out;
  }
};

// Whether all checks of the service have a port of the backend's to ask at, or need none.
bool has_port_to_check(const ServiceSpec& service, const BackendSpec& backend);

// The service with all addresses that are known; its `named` are those that `may_wait` for a first
// answer. Its own addresses come first, then those of each name in the order of the configuration;
// of an address that occurs twice the first counts.
// The weights of SRV records are as RFC 2782 means them: where all of a priority are 0, all are
// equal, and beside others 0 stands for hardly ever.
Expansion expand(const ServiceSpec& service, const FindName& known, bool may_wait);

}  // namespace hlb::discovery
