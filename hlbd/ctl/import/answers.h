// Which addresses a name has by all that the files say of it and of what is above it.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ctl/import/entries.h"

namespace hlb::ctl {

// Follows dnsmasq 2.86 and newer, for each family by itself: what is said of a name alone goes
// before what is said of it and all below; of the latter what is closest counts. The entries must
// outlive it, and stay as they are.
class Answers {
 public:
  explicit Answers(const Entries& entries);

  // The addresses of both families, in the order in which they were found.
  using Addresses = std::vector<const NamedAddress*>;
  Addresses of_name(std::string_view name) const;
  // What names below have of which nothing else is said; the same for the name without anything
  // that is said of it alone.
  Addresses of_domain(std::string_view name) const;

  // What the files say of the name alone: all that dnsmasq gives an alias of it.
  Addresses of_name_alone(const std::string& name) const { return own_addresses(alone_, name); }
  bool names_alone(const std::string& name) const { return !of_name_alone(name).empty(); }
  // Whether the files give an address to the name and all below it.
  bool names_domain(const std::string& name) const {
    return !own_addresses(domains_, name).empty();
  }

 private:
  struct Rule {
    std::array<Addresses, 2> addresses;  // of each family
    std::array<bool, 2> unusable{};
    bool stops = false;  // nothing that is said of what is above counts
  };
  using Rules = std::unordered_map<std::string, Rule>;

  static Addresses own_addresses(const Rules& rules, const std::string& name);
  void add_domain(std::string_view name, std::size_t family, Addresses& addresses) const;

  Rules alone_;
  Rules domains_;
};

}  // namespace hlb::ctl
