// The part of services.h about search domains.
#include <fmt/format.h>

#include <sstream>

#include "ctl/doctor/services.h"
#include "libnss_hlb/name.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutSearch[] = "search";
constexpr char kDnsAlone[] =
    "Search domains are DNS's alone: every other source is asked for the name as it was typed.";

// The domains of the last line "search" or "domain", without a dot at their end.
std::vector<std::string> search_domains(const std::string& settings) {
  std::vector<std::string> domains;
  std::istringstream lines(settings);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string key;
    words >> key;
    if (key != "search" && key != "domain") continue;
    domains.clear();
    for (std::string word; words >> word;) {
      if (word.ends_with('.')) word.pop_back();
      if (!word.empty()) domains.push_back(word);
    }
  }
  return domains;
}

bool is_service(const Published& table, const std::string& name) {
  return table.view().valid() && table.view().find(Name(name)).valid();
}

// The name without the domain; empty if it doesn't lie below it.
std::string short_name(const std::string& name, const std::string& domain) {
  const std::string ending = "." + std::string(Name(domain).text());
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : "";
}

Finding asked_by_short_name(const std::string& typed, const std::string& full) {
  return fault(kAboutSearch, fmt::format("\"{}\" isn't {} to hlb", typed, full), kDnsAlone,
               fmt::format("Use the whole name, or give the service aliases = [\"{}\"].", typed));
}

Findings of_names_asked(const NamesToCheck& names, const std::vector<std::string>& domains,
                        const Published& table) {
  Findings findings;
  for (const std::string& name : names.names) {
    if (is_service(table, name) || name.ends_with('.')) continue;
    for (const std::string& domain : domains) {
      const std::string full = fmt::format("{}.{}", name, domain);
      if (!is_service(table, full)) continue;
      findings.push_back(asked_by_short_name(name, full));
      break;
    }
  }
  return findings;
}

}  // namespace

Findings check_search(const Host& machine, const NamesToCheck& names, const Published& table) {
  const auto domains = search_domains(machine.read("/etc/resolv.conf").value_or(""));
  if (domains.empty()) return {};
  if (names.asked) return of_names_asked(names, domains, table);
  for (const std::string& name : names.names) {
    for (const std::string& domain : domains) {
      const std::string typed = short_name(name, domain);
      if (typed.empty() || is_service(table, typed)) continue;
      return {note(kAboutSearch, fmt::format("{} lies below the search domain {}", name, domain),
                   fmt::format("As \"{}\" it is looked up by DNS alone.", typed),
                   fmt::format("Use whole names, or give aliases: [\"{}\"].", typed))};
    }
  }
  return {};
}

}  // namespace hlb::ctl::doctor
