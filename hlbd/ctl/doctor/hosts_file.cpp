// The part of services.h about /etc/hosts.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ctl/doctor/services.h"
#include "libnss_hlb/name.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kFile[] = "/etc/hosts";

bool concerns(const std::string& word, const NamesToCheck& names, const Published& table) {
  const Name name(word);
  if (!name.plausible()) return false;
  if (!names.asked) return table.view().valid() && table.view().find(name).valid();
  return std::ranges::any_of(
      names.names, [&name](const std::string& each) { return Name(each).text() == name.text(); });
}

}  // namespace

Findings check_hosts_file(const Host& machine, const NamesToCheck& names, const Published& table,
                          const SourceOrder& order) {
  if (!order.asks_before_hlb("files")) return {};
  Findings findings;
  std::istringstream lines(machine.read(kFile).value_or(""));
  int number = 1;
  for (std::string line; std::getline(lines, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    for (std::string word; words >> word;) {
      if (!concerns(word, names, table)) continue;
      findings.push_back(
          fault("hosts", fmt::format("{}:{} says that {} is {}", kFile, number, word, address),
                "It is asked before hlb, and so hlb isn't.", "Remove the name from that line."));
    }
  }
  return findings;
}

}  // namespace hlb::ctl::doctor
