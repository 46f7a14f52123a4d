// A pattern for the backends that an operator means: SERVICE, SERVICE/ADDRESS or ADDRESS, each with
// * for any number of characters and ? for one character. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hlb {

class TargetPattern {
 public:
  // Takes any text; nonsense matches nothing. Without a slash it is an address when it can be
  // nothing else: 10.0.0.*, fd00::1. Letters count without case, as in hostnames.
  explicit TargetPattern(std::string_view text);

  // The service that is meant; nullopt if it may be several.
  std::optional<std::string> only_service() const;

  // Whether the backend is meant; `address` as Address::to_string() has it.
  bool matches(std::string_view service, std::string_view address) const;

 private:
  std::string service_;
  std::string address_;
};

// Whether the whole text fits the pattern. Takes time in proportion to both lengths' product at
// most, whatever they hold; so not fnmatch(3), whose time grows without bound with each *.
bool fits(std::string_view pattern, std::string_view text);

}  // namespace hlb
