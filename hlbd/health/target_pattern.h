// A pattern for the backends that an operator means: SERVICE, SERVICE/ADDRESS or ADDRESS, each with
// * for any number of characters and ? for one character. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hlb {

// Whether the whole text fits the pattern. Takes time in proportion to both lengths' product at
// most, whatever they hold; so not fnmatch(3), whose time grows without bound with each *.
bool fits(std::string_view pattern, std::string_view text);

// Whether the text, a whole target without a slash, can only mean an address: hostnames hold no
// colon, and a service's name is never made of digits and dots alone.
bool is_of_address(std::string_view text);

inline bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

class TargetPattern {
 public:
  // Takes any text; nonsense matches nothing. Without a slash it is an address when it can be
  // nothing else: 10.0.0.*, fd00::1. Letters count without case, as in hostnames.
  explicit TargetPattern(std::string_view text);

  // The service that is meant; nullopt if it may be several.
  std::optional<std::string> only_service() const;
  // The address that is meant, as Address::to_string() has it; nullopt if it may be several.
  std::optional<std::string> only_address() const;
  // Whether it means all backends of the services that it means.
  bool means_whole_services() const { return address_ == "*"; }

  // Whether a backend of the service may be meant.
  bool may_mean(std::string_view service) const { return fits(service_, service); }

  // Whether the backend is meant; `address` as Address::to_string() has it.
  bool matches(std::string_view service, std::string_view address) const;

 private:
  std::string service_;
  std::string address_;
};

}  // namespace hlb
