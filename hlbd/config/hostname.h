// Which hostnames a service may have, and which are taken already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/config.h"

namespace hlb::config {

// The form in which lookups compare names: lower-case, one trailing dot dropped.
std::string canonical_hostname(std::string_view text);

// The canonical name, if a service can have it; else why it can't, to follow the quoted text.
tl::expected<std::string, std::string> parse_hostname(std::string_view text);

// A service of the fleet's that a service of a file takes its backends from.
struct FromFleet {
  std::string service;
  ConfigError at;  // still without a message
};

// The names and aliases of all files, each with the place where it first stands.
class ClaimedNames {
 public:
  // Takes the name for `place` and returns nullopt; or returns the place that took it before.
  std::optional<std::string> claim(const std::string& name, const std::string& place);

  // Notes that DNS is asked for backends by that name; `at` says where, still without a message.
  void look_up(std::string name, ConfigError at);

  // Notes that the fleet's service of that name gives backends; `at` as above. Returns the name.
  std::string take_from_fleet(const std::string& service, ConfigError at) {
    from_fleet_.push_back({service, std::move(at)});
    return service;
  }
  const std::vector<FromFleet>& from_fleet() const { return from_fleet_; }

  // Notes that all names below this service's are its own as well.
  void claim_below(const std::string& service);

  // Notes that the name, which is below the service's, isn't the service's; `at` as above.
  void except(std::string name, std::string service, ConfigError at);

  // The faults of services' own names that are looked up, and of exceptions that mean nothing or
  // another service's names. To be called when all files are read.
  ConfigErrors faults() const;

 private:
  struct LookedUp {
    std::string name;
    ConfigError at;
  };

  struct Exception {
    std::string name;
    std::string service;
    ConfigError at;
  };

  // Why the exception can't be, to follow the quoted name; empty when it can.
  std::string fault_of(const Exception& exception) const;

  std::unordered_map<std::string, std::string> places_;
  std::unordered_set<std::string> claimed_below_;
  std::vector<LookedUp> looked_up_;
  std::vector<FromFleet> from_fleet_;
  std::vector<Exception> exceptions_;
};

}  // namespace hlb::config
