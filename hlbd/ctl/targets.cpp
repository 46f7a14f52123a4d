#include "ctl/targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "config/hostname.h"
#include "text/address.h"
#include "text/endpoint.h"
#include "text/idn.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

using KnownBackend = WhatThereIs::Backend;

// A word, taken apart.
struct Parts {
  std::string service;  // "*" where there is an address alone
  std::string address;  // empty: the service as a whole
  std::uint16_t port = 0;
  bool address_alone = false;
};

std::string normal_name(const std::string& name) {
  return config::canonical_hostname(text::idn_to_ascii(name).value_or(name));
}

// Takes "10.0.0.1:80", "[fd00::1]:80" and "[fd00::1]" apart; with several colons, or with wildcards
// after a single one, it is an address without a port.
void take_address(std::string_view text, Parts& parts) {
  std::string_view address = text;
  std::string_view port;
  if (const std::size_t end = text.find(']'); text.starts_with('[') && end < text.size()) {
    address = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty()) port = rest.size() > 1 && rest.front() == ':' ? rest.substr(1) : "?";
  } else if (const std::size_t colon = text.find(':'); colon == text.rfind(':')) {
    port = text.substr(std::min(colon, text.size() - 1) + 1);
    if (colon == std::string_view::npos || text::port_of(port) == 0) port = "";
    if (!port.empty()) address = text.substr(0, colon);
  }
  parts.port = text::port_of(port);
  if (!port.empty() && parts.port == 0) address = text;  // which then fits nothing
  const auto parsed = Address::parse(address);
  parts.address = parsed ? parsed->to_string() : std::string(address);
}

Parts parts_of(const std::string& word) {
  Parts parts;
  const std::size_t slash = word.find('/');
  const bool both = slash != std::string::npos;
  parts.address_alone = !both && is_of_address(word);
  parts.service = parts.address_alone ? "*" : normal_name(word.substr(0, slash));
  if (both || parts.address_alone) take_address(both ? word.substr(slash + 1) : word, parts);
  return parts;
}

bool has_address(const std::string& word) {
  return word.find('/') != std::string::npos || is_of_address(word);
}

// ---- what was probably meant -------------------------------------------------------------------

std::string meant(const std::string& text) {
  return text.empty() ? "" : fmt::format("; did you mean {}?", text);
}

std::string nearest_of(const std::string& word, const std::set<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string_view found = text::nearest(word, candidates);
  return found == word ? "" : std::string(found);
}

class Search {
 public:
  Search(const WhatThereIs& there, Purpose purpose)
      : there_(there), purpose_(purpose), names_(there.services.begin(), there.services.end()) {}

  // Adds the services of which something is meant.
  tl::expected<MeantWord, std::string> find(const std::string& word,
                                            std::set<std::string>& services) const {
    Parts parts = parts_of(word);
    const auto fault = [&word](const std::string& what) {
      return tl::unexpected(word + ": " + what);
    };
    if (auto trouble = fault_of_url(word); !trouble.empty()) return fault(trouble);
    if (auto trouble = find_service(word, parts); !trouble.empty()) return fault(trouble);
    if (!has_address(word)) {
      std::ranges::copy_if(names_, std::inserter(services, services.end()),
                           [&](const auto& each) { return fits(parts.service, each); });
      return MeantWord{word, parts.service, parts.service};
    }
    const std::vector<KnownBackend> backends = fitting(parts);
    if (backends.empty()) return fault(no_backend(word, parts));
    if (is_ambiguous(word, parts)) {
      return fault(
          fmt::format("may mean addresses, or names of services: give */{} or {}/*", word, word));
    }
    for (const KnownBackend& each : backends)
      services.insert(each.service);
    return target(word, parts, backends);
  }

 private:
  // Puts the service's own name in place of an alias. Returns why there is none.
  std::string find_service(const std::string& word, Parts& parts) const {
    if (has_wildcard(parts.service)) {
      const bool any =
          std::ranges::any_of(names_, [&](const auto& each) { return fits(parts.service, each); });
      return any || parts.address_alone ? "" : no_name_fits(parts.service);
    }
    if (names_.contains(parts.service)) return "";
    if (const auto alias = there_.aliases.find(parts.service); alias != there_.aliases.end()) {
      parts.service = alias->second;
      return "";
    }
    const auto below = there_.below.find(parts.service);
    if (below == there_.below.end()) return no_such_name(word, parts);
    if (purpose_ == Purpose::change) {
      return fmt::format("is only a name below {0}; did you mean {0}?", below->second);
    }
    parts.service = below->second;
    return "";
  }

  std::string no_such_name(const std::string& word, const Parts& parts) const {
    std::set<std::string> known = names_;
    for (const auto& [alias, service] : there_.aliases)
      known.insert(alias);
    const std::size_t slash = std::min(word.find('/'), word.size());
    const std::string found = nearest_of(parts.service, known);
    return "no service has this name or alias" +
           meant(found.empty() ? "" : found + word.substr(slash));
  }

  std::string no_name_fits(const std::string& pattern) const {
    std::string what = "no service has a name that fits";
    for (const auto& [alias, service] : there_.aliases) {
      if (!fits(pattern, alias)) continue;
      return fmt::format("{}; {} does, an alias of {}, but aliases are only taken whole", what,
                         alias, service);
    }
    return what;
  }

  std::string no_backend(const std::string& word, const Parts& parts) const {
    Parts any_port = parts;
    any_port.port = 0;
    const std::vector<KnownBackend> others = fitting(any_port);
    if (!others.empty()) {
      const KnownBackend& other = others.front();
      return fmt::format("not at this port; did you mean {}/{}?", other.service,
                         text::with_port(other.address, other.port));
    }
    const bool one = !has_wildcard(parts.service);
    const std::string what = one                           ? parts.service + " has no such address"
                             : has_wildcard(parts.address) ? "no backend has an address that fits"
                                                           : "no backend has this address";
    if (parts.address_alone && any_name_fits(word)) return what + meant(word + "/*");
    const std::string name = normal_name(word.substr(0, word.find(':')));  // of "app.local:8082"
    if (parts.address_alone && names_.contains(name)) return what + meant(name);
    std::set<std::string> known;
    for (const KnownBackend& each : there_.backends)
      if (fits(parts.service, each.service)) known.insert(each.address);
    const std::string found = nearest_of(parts.address, known);
    const std::string before = parts.address_alone ? "" : parts.service + "/";
    return what + meant(found.empty() ? "" : before + found);
  }

  bool any_name_fits(const std::string& word) const {
    return std::ranges::any_of(names_, [&](const auto& each) { return fits(word, each); });
  }

  // "1*" can be 10.0.0.1 and 1st.local.
  bool is_ambiguous(const std::string& word, const Parts& parts) const {
    return parts.address_alone && any_name_fits(word);
  }

  std::vector<KnownBackend> fitting(const Parts& parts) const {
    std::vector<KnownBackend> found;
    for (const KnownBackend& each : there_.backends) {
      const bool at_port = parts.port == 0 || each.port == parts.port;
      if (at_port && fits(parts.address, each.address) && fits(parts.service, each.service)) {
        found.push_back(each);
      }
    }
    return found;
  }

  // hlbd knows no ports of backends; and what has no wildcard is told to it one by one, as to
  // compare thousands of addresses with all there is would take long.
  static MeantWord target(const std::string& word, const Parts& parts,
                          const std::vector<KnownBackend>& backends) {
    const std::string pattern = parts.service + "/" + parts.address;
    if (parts.port == 0 && has_wildcard(parts.address)) return {word, pattern, pattern};
    std::vector<std::string> each_one;
    each_one.reserve(backends.size());
    for (const KnownBackend& each : backends)
      each_one.push_back(each.service + "/" + each.address);
    const std::string exactly = fmt::format("{}", fmt::join(each_one, " "));
    return {word, parts.port == 0 ? pattern : exactly, exactly};
  }

  const WhatThereIs& there_;
  Purpose purpose_;
  std::set<std::string> names_;
};

std::string joined(const std::vector<MeantWord>& targets, std::string MeantWord::* text) {
  std::string all;
  for (const MeantWord& each : targets)
    all += (all.empty() ? "" : " ") + each.*text;
  return all;
}

}  // namespace

Targets::Targets(std::vector<MeantWord> targets, std::set<std::string> services)
    : words_(std::move(targets)),
      services_(std::move(services)),
      list_(joined(words_, &MeantWord::pattern)) {
  for (const MeantWord& each : words_) {
    TargetPattern pattern(each.pattern);
    if (pattern.means_whole_services()) whole_.push_back(std::move(pattern));
  }
}

bool Targets::means(std::string_view service, std::string_view address) const {
  if (all()) return true;
  if (!address.empty()) return list_.matches(service, address);
  return std::ranges::any_of(
      whole_, [&](const TargetPattern& pattern) { return pattern.may_mean(service); });
}

std::string Targets::to_string() const {
  return all() ? "*" : joined(words_, &MeantWord::exactly);
}

tl::expected<Targets, Faults> targets_of(std::span<const std::string> words,
                                         const WhatThereIs& there, Purpose purpose) {
  const Search search(there, purpose);
  std::vector<MeantWord> targets;
  std::set<std::string> services;
  Faults faults;
  for (const std::string& word : words) {
    auto target = search.find(word, services);
    if (target) {
      targets.push_back(*std::move(target));
    } else if (std::ranges::find(faults, target.error()) == faults.end()) {
      faults.push_back(target.error());
    }
  }
  if (!faults.empty()) return tl::unexpected(std::move(faults));
  return Targets(std::move(targets), std::move(services));
}

bool concerns_backends(const std::string& word) {
  return has_address(word);
}

std::string name_in(const std::string& word) {
  const Parts parts = parts_of(word);
  return has_wildcard(parts.service) ? "" : parts.service;
}

std::string fault_of_url(const std::string& word) {
  constexpr std::string_view kAfterScheme = "://";
  const std::size_t scheme = word.find(kAfterScheme);
  if (scheme == std::string::npos) return "";
  const std::string rest = word.substr(scheme + kAfterScheme.size());
  const std::string host = rest.starts_with('[') ? rest.substr(1, rest.find(']') - 1)
                                                 : rest.substr(0, rest.find_first_of(":/?#"));
  return "leave out scheme, port and path" + meant(host);
}

}  // namespace hlb::ctl
