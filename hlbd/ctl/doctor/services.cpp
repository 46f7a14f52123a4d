#include "ctl/doctor/services.h"

#include <fmt/format.h>

#include "libnss_hlb/choose.h"
#include "libnss_hlb/name.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutServices[] = "service";

Finding unknown(const std::string& name) {
  return fault(kAboutServices, fmt::format("\"{}\" is no service's name", name),
               "For such a name the next source answers.",
               "Type: hlbctl status, which lists the services; or configure it: man hlbd.toml");
}

// Finds a service that lookups get no address of. Undecided ones are no fault: they will be
// decided.
Findings check_health(const std::string& name, const record::View& record) {
  if (record.undecided()) {
    return {note(kAboutServices, fmt::format("{} has no first check result yet", name),
                 "Lookups wait for it, a fraction of a second, and then fail.", "Try again.")};
  }
  switch (Choice(record, hlb::Asked::any).availability()) {
    case Availability::let_next:
      return {fault(kAboutServices, fmt::format("no backend of {} is healthy", name),
                    "With when_all_down = \"next\" the next source answers meanwhile.",
                    "Type: hlbctl status " + name)};
    case Availability::none_healthy:
      return {note(kAboutServices, fmt::format("no backend of {} is healthy", name),
                   "Lookups fail with \"Temporary failure in name resolution\".",
                   "Type: hlbctl status " + name)};
    case Availability::no_address:
    case Availability::answerable:
      break;
  }
  return {};
}

}  // namespace

Findings check_services(const NamesToCheck& names, const Published& table) {
  if (!table.view().valid()) return {};
  Findings findings;
  const bool trusted = table.freshness() != table::Freshness::expired;
  for (const std::string& name : names.names) {
    const record::View record = table.view().find(Name(name));
    if (!record.valid()) {
      findings.push_back(unknown(name));
    } else if (trusted) {
      append(findings, check_health(name, record));
    }
  }
  return findings;
}

}  // namespace hlb::ctl::doctor
