// What the tests of hlbctl's imports share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/import/formats.h"
#include "ctl/import/services.h"

namespace hlb::ctl {

inline Entries found_in_dnsmasq(std::string_view text) {
  Entries entries;
  DnsmasqSettings settings;
  read_dnsmasq(text, "d.conf", entries, settings);
  return entries;
}

// On a host that is called "own".
inline Entries found_in_hosts(std::string_view text) {
  Entries entries;
  read_hosts(text, "hosts", {.own_name = "own"}, entries);
  return entries;
}

// "name 10.0.0.1 line", with a star in front of the name if it goes for names below as well.
inline std::vector<std::string> addresses_of(const Entries& entries) {
  std::vector<std::string> lines;
  for (const NamedAddress& each : entries.addresses()) {
    lines.push_back((each.subdomains ? "*" : "") + each.name + " " + each.address.to_string() +
                    " " + std::to_string(each.place.line));
  }
  return lines;
}

// "name=alias=alias!exception 10.0.0.1 10.0.0.2", with a star as above.
inline std::vector<std::string> services_of(const Imported& imported) {
  std::vector<std::string> lines;
  for (const ImportedService& each : imported.services) {
    std::string line = (each.subdomains ? "*" : "") + each.name;
    for (const std::string& alias : each.aliases)
      line += "=" + alias;
    for (const std::string& name : each.except)
      line += "!" + name;
    for (const Address& backend : each.backends)
      line += " " + backend.to_string();
    lines.push_back(line);
  }
  return lines;
}

}  // namespace hlb::ctl
