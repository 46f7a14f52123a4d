#include "ctl/import/answers.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace hlb::ctl {

namespace {

std::size_t index_of(Address::Family family) {
  return family == Address::Family::ipv4 ? 0 : 1;
}

// Entries stand in a vector, in the order in which they were found.
void put_in_order(Answers::Addresses& addresses) {
  std::ranges::sort(addresses, std::less<>());
}

}  // namespace

Answers::Answers(const Entries& entries) {
  for (const NamedAddress& each : entries.addresses()) {
    Rule& rule = (each.subdomains ? domains_ : alone_)[each.name];
    rule.addresses.at(index_of(each.address.family)).push_back(&each);
  }
  for (const NamedStop& each : entries.stops()) {
    if (each.pattern) continue;
    Rule& rule = (each.subdomains ? domains_ : alone_)[each.name];
    if (each.family) {
      rule.unusable.at(index_of(*each.family)) = true;
    } else {
      rule.stops = true;
    }
  }
}

Answers::Addresses Answers::own_addresses(const Rules& rules, const std::string& name) {
  Addresses addresses;
  const auto rule = rules.find(name);
  if (rule == rules.end()) return addresses;
  for (const Addresses& each : rule->second.addresses)
    std::ranges::copy(each, std::back_inserter(addresses));
  put_in_order(addresses);
  return addresses;
}

void Answers::add_domain(std::string_view name, std::size_t family, Addresses& addresses) const {
  while (true) {
    if (const auto found = domains_.find(std::string(name)); found != domains_.end()) {
      const Rule& rule = found->second;
      std::ranges::copy(rule.addresses.at(family), std::back_inserter(addresses));
      if (!rule.addresses.at(family).empty() || rule.unusable.at(family) || rule.stops) return;
    }
    const std::size_t dot = name.find('.');
    if (dot == std::string_view::npos) return;
    name.remove_prefix(dot + 1);
  }
}

Answers::Addresses Answers::of_domain(std::string_view name) const {
  Addresses addresses;
  for (const std::size_t family : {0U, 1U})
    add_domain(name, family, addresses);
  put_in_order(addresses);
  return addresses;
}

Answers::Addresses Answers::of_name(std::string_view name) const {
  Addresses addresses;
  const auto found = alone_.find(std::string(name));
  for (const std::size_t family : {0U, 1U}) {
    const Rule* rule = found == alone_.end() ? nullptr : &found->second;
    if (rule != nullptr && !rule->addresses.at(family).empty()) {
      std::ranges::copy(rule->addresses.at(family), std::back_inserter(addresses));
    } else if (rule == nullptr || !rule->unusable.at(family)) {
      add_domain(name, family, addresses);
    }
  }
  put_in_order(addresses);
  return addresses;
}

}  // namespace hlb::ctl
