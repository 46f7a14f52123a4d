// Whether the imported services answer what dnsmasq answers.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "ctl/import/entries.h"
#include "ctl/import/formats.h"
#include "ctl/import/services.h"

namespace hlb::ctl {

// What is asked.
struct Dnsmasq {
  DnsmasqSettings settings;
  bool is_running = false;  // else one is started with the settings
};

// The answers of the services: which name is whose.
class ServiceNames {
 public:
  explicit ServiceNames(const std::vector<ImportedService>& services);

  // The service that answers the name; nullptr: the next source is asked.
  const ImportedService* find(std::string_view name) const;

 private:
  std::unordered_map<std::string, const ImportedService*> names_;  // aliases too; null: exceptions
};

// The names to compare: all that the files say something of, and one below each that isn't known.
// With `services` chosen by name: theirs alone.
std::vector<std::string> names_to_verify(const Entries& entries, const Imported& imported,
                                         bool all);

struct Verification {
  std::string server;                 // that was asked
  std::size_t names = 0;              // that were compared
  std::vector<std::string> differ{};  // a line for each that has other addresses
};

// Asks dnsmasq, and compares. The error is that it doesn't answer at all.
tl::expected<Verification, std::string> verify(const Dnsmasq& dnsmasq, const Entries& entries,
                                               const Imported& imported, bool all);

}  // namespace hlb::ctl
