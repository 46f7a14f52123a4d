// The part of services.h about lookups in a new process.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "ctl/doctor/answers.h"
#include "ctl/doctor/aside.h"
#include "ctl/doctor/services.h"
#include "libnss_hlb/name.h"
#include "system/socket_address.h"

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostLookedUp = 32;
constexpr char kAboutLookup[] = "lookup";

// One lookup: "ok" and addresses, or the error.
std::string looked_up(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(name.c_str(), nullptr, &hints, &found);
  if (error != 0) return ::gai_strerror(error);
  std::string line = "ok";
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next)
    line += " " + address_in(each->ai_addr).value_or(Address()).to_string();
  ::freeaddrinfo(found);
  return line;
}

// Tells a line for each lookup: the name's number, and what came of it. A name that is found is
// looked up as often as it takes to judge the balance.
void look_up(const std::vector<std::string>& names, const HlbsAnswers& hlbs, const Tell& tell) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string line = looked_up(names[i]);
    tell(fmt::format("{} {}\n", i, line));
    const std::size_t more = line.starts_with("ok ") ? hlbs.picks_needed(names[i]) - 1 : 0;
    for (std::size_t pick = 0; pick < more; ++pick)
      tell(fmt::format("{} {}\n", i, looked_up(names[i])));
  }
}

Finding unexplained(const std::string& name, const std::string& found) {
  return fault(kAboutLookup, fmt::format("in a new process {} {}", name, found),
               "It isn't what hlb says, and no other check tells why.",
               fmt::format("Type: strace -f getent ahosts {}", name));
}

// What came of the lookups of one name.
struct LookedUp {
  Answers answers;
  std::string error;  // of the last that failed
};

std::map<std::size_t, LookedUp> parse(const std::string& told) {
  std::map<std::size_t, LookedUp> names;
  std::istringstream lines(told);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::size_t number = 0;
    std::string ok;
    words >> number >> ok;
    if (ok == "ok") {
      names[number].answers.emplace_back(std::istream_iterator<std::string>(words),
                                         std::istream_iterator<std::string>());
    } else {
      names[number].error = line.substr(line.find(' ') + 1);
    }
  }
  return names;
}

Findings compare(const std::string& name, const LookedUp& got, const HlbsAnswers& hlbs) {
  const std::string what = hlbs.difference(name, got.answers);
  if (!what.empty())
    return {unexplained(name, got.answers.empty() ? what + ": " + got.error : what)};
  const auto first = hlbs.always_first(name, got.answers);
  if (!first) return {};
  return {unexplained(name, fmt::format("is {} first, {} times of {}", *first, got.answers.size(),
                                        got.answers.size()))};
}

}  // namespace

Findings check_lookups(const Host& machine, const std::vector<std::string>& names,
                       const Published& table) {
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    const record::View record =
        table.view().valid() ? table.view().find(Name(name)) : record::View();
    if (record.valid() && !record.undecided() && wanted.size() < kMostLookedUp)
      wanted.push_back(name);
  }
  if (wanted.empty()) return {};
  const HlbsAnswers hlbs(machine, table);
  const Aside aside = run_aside([&](const Tell& tell) { look_up(wanted, hlbs, tell); });
  Findings findings;
  const auto names_told = parse(aside.told);
  for (const auto& [number, got] : names_told)
    append(findings, compare(wanted[number], got, hlbs));
  const std::string& last = wanted[std::min(names_told.size(), wanted.size() - 1)];
  if (aside.end == Aside::End::late)
    findings.push_back(unexplained(last, "isn't found within 2 s"));
  if (aside.end == Aside::End::died)
    findings.push_back(unexplained(last, "ends the process that looks it up"));
  return findings;
}

}  // namespace hlb::ctl::doctor
