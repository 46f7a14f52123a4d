// The part of services.h about lookups in a new process.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>

#include "ctl/doctor/aside.h"
#include "ctl/doctor/services.h"
#include "ctl/resolve/paths.h"
#include "libnss_hlb/choose.h"
#include "libnss_hlb/name.h"
#include "system/socket_address.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostLookedUp = 32;
constexpr char kAboutLookup[] = "lookup";

// Tells a line for each name: its number, then "ok" and addresses, or the error.
void look_up(const std::vector<std::string>& names, const Tell& tell) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(names[i].c_str(), nullptr, &hints, &found);
    std::string line = fmt::format("{} {}", i, error == 0 ? "ok" : ::gai_strerror(error));
    for (const addrinfo* each = error == 0 ? found : nullptr; each != nullptr; each = each->ai_next)
      line += " " + address_in(each->ai_addr).value_or(Address()).to_string();
    tell(line + "\n");
  }
}

std::set<std::string> backends_of(const record::View& record) {
  std::set<std::string> addresses;
  for (std::uint32_t i = 0; i < record.backend_count(); ++i)
    addresses.insert(address_of(record.backend(i)));
  return addresses;
}

Finding unexplained(const std::string& name, const std::string& found) {
  return fault(kAboutLookup, fmt::format("in a new process {} {}", name, found),
               "It isn't what hlb says, and no other check tells why.",
               fmt::format("Type: strace -f getent ahosts {}", name));
}

// Compares a line with the table: the answer must have the service's backends alone, or say that
// none is available.
Findings compare(const std::string& name, const record::View& record, const std::string& line) {
  std::istringstream words(line);
  std::string number;
  std::string ok;
  words >> number >> ok;
  const bool answerable = Choice(record, Asked::any).availability() == Availability::answerable;
  if (ok != "ok") {
    const std::string error = line.substr(number.size() + 1);
    return answerable ? Findings{unexplained(name, "isn't found: " + error)} : Findings{};
  }
  const std::set<std::string> backends = backends_of(record);
  for (std::string address; words >> address;) {
    if (!backends.contains(address))
      return {unexplained(name, "is " + address + ", which is no backend of its")};
  }
  return {};
}

}  // namespace

Findings check_lookups(const std::vector<std::string>& names, const Published& table) {
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    const record::View record =
        table.view().valid() ? table.view().find(Name(name)) : record::View();
    if (record.valid() && !record.undecided() && wanted.size() < kMostLookedUp)
      wanted.push_back(name);
  }
  if (wanted.empty()) return {};
  const Aside aside = run_aside([&wanted](const Tell& tell) { look_up(wanted, tell); });
  std::istringstream lines(aside.told);
  Findings findings;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    append(findings, compare(wanted[count], table.view().find(Name(wanted[count])), line));
  const std::string& last = wanted[std::min(count, wanted.size() - 1)];
  if (aside.end == Aside::End::late)
    findings.push_back(unexplained(last, "isn't found within 2 s"));
  if (aside.end == Aside::End::died)
    findings.push_back(unexplained(last, "ends the process that looks it up"));
  return findings;
}

}  // namespace hlb::ctl::doctor
