// Which hostnames a service may have, and who has them already.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.h"

namespace hlb::config {

// As lookups compare names: lower-case, one trailing dot dropped.
std::string canonical_hostname(std::string_view text);

// Why a canonical name can't be a service's, to stand behind the quoted name; empty when it can.
std::string hostname_fault(const std::string& name);

// The names and aliases of all files, each with the place where it first stands.
class ClaimedNames {
 public:
  // nullopt: the name was free and is now taken at `place`. Else where it was taken before.
  std::optional<std::string> claim(const std::string& name, const std::string& place);

  // Backends have that name in DNS; `at` is where that stands, still without a message.
  void look_up(std::string name, ConfigError at);

  // Of names that are looked up and that are services' own: once all files have been read.
  ConfigErrors faults() const;

 private:
  struct LookedUp {
    std::string name;
    ConfigError at;
  };

  std::unordered_map<std::string, std::string> places_;
  std::vector<LookedUp> looked_up_;
};

}  // namespace hlb::config
