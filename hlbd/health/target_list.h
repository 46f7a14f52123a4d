// What an operator means by several targets at once. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "health/target_pattern.h"

namespace hlb {

// Patterns, see TargetPattern, with blanks between them. A backend is meant if any of them means
// it. Thousands of targets without wildcards cost no more than one to compare with.
class TargetList {
 public:
  explicit TargetList(std::string_view text);

  // The services that are meant; nullopt if these may be any.
  std::optional<std::vector<std::string>> only_services() const;

  // Whether a backend of the service may be meant.
  bool may_mean(std::string_view service) const;
  // Whether the backend is meant; `address` as Address::to_string() has it.
  bool matches(std::string_view service, std::string_view address) const;

  // The length of all that is compared with each backend.
  std::size_t wildcard_bytes() const { return wildcard_bytes_; }

 private:
  struct OfService {
    std::set<std::string, std::less<>> addresses;
    std::vector<TargetPattern> patterns;
  };

  std::map<std::string, OfService, std::less<>> by_service_;
  std::vector<TargetPattern> of_any_service_;
  std::size_t wildcard_bytes_ = 0;
};

}  // namespace hlb
