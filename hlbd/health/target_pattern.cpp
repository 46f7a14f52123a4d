#include "health/target_pattern.h"

#include <algorithm>
#include <cstddef>

#include "text/address.h"

namespace hlb {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// Spells an address as Address does: "fd00:0::1" becomes fd00::1.
std::string in_own_spelling(std::string_view text) {
  const auto address = Address::parse(text);
  return address ? address->to_string() : std::string(text);
}

}  // namespace

bool is_of_address(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return true;
  const bool any_digit = text.find_first_of("0123456789") != std::string_view::npos;
  return any_digit && text.find_first_not_of("0123456789.*?") == std::string_view::npos;
}

TargetPattern::TargetPattern(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool both = slash != std::string_view::npos;
  const bool address_alone = !both && is_of_address(text);
  service_ = address_alone ? "*" : std::string(text.substr(0, slash));
  address_ = address_alone ? in_own_spelling(text)
             : both        ? in_own_spelling(text.substr(slash + 1))
                           : "*";
  if (service_.ends_with('.')) service_.pop_back();
}

std::optional<std::string> TargetPattern::only_service() const {
  if (has_wildcard(service_)) return std::nullopt;
  std::string name = service_;
  std::ranges::transform(name, name.begin(), lower);
  return name;
}

std::optional<std::string> TargetPattern::only_address() const {
  return has_wildcard(address_) ? std::nullopt : std::optional(address_);
}

bool TargetPattern::matches(std::string_view service, std::string_view address) const {
  return fits(service_, service) && fits(address_, address);
}

bool fits(std::string_view pattern, std::string_view text) {
  std::size_t in_pattern = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string_view::npos;  // the last star, which can take one character more
  std::size_t taken_until = 0;
  while (in_text < text.size()) {
    const bool more = in_pattern < pattern.size();
    if (more && pattern[in_pattern] == '*') {
      star = in_pattern++;
      taken_until = in_text;
    } else if (more &&
               (pattern[in_pattern] == '?' || lower(pattern[in_pattern]) == lower(text[in_text]))) {
      ++in_pattern;
      ++in_text;
    } else if (star != std::string_view::npos) {
      in_pattern = star + 1;
      in_text = ++taken_until;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(in_pattern), [](char each) { return each == '*'; });
}

}  // namespace hlb
