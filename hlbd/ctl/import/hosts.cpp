// The part of formats.h about hosts(5).
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "config/hostname.h"
#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  line = line.substr(0, line.find('#'));
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Names that every host has for itself, as distributions and other systems write them.
bool is_local(const std::string& name) {
  constexpr std::array<std::string_view, 5> kLocal = {"localhost", "localhost4", "localhost6",
                                                      "loopback", "broadcasthost"};
  return std::ranges::find(kLocal, name) != kLocal.end() || name.starts_with("localhost.") ||
         name.starts_with("localhost4.") || name.starts_with("localhost6.") ||
         name.ends_with(".localhost") || name.starts_with("ip6-");
}

bool has(const HostsDomain& domain, const Address& address) {
  if (!domain.range) return true;
  const auto& [first, last] = *domain.range;
  return address.family == first.family && first.bytes <= address.bytes &&
         address.bytes <= last.bytes;
}

// The name with the domain that an address without one gets; empty if there is none.
std::string expanded(std::string_view name, std::string_view address, const HostsRules& rules) {
  const auto parsed = Address::parse(address);
  if (!parsed || name.find('.') != std::string_view::npos) return "";
  const auto domain = std::ranges::find_if(
      rules.domains, [&](const HostsDomain& each) { return has(each, *parsed); });
  return domain == rules.domains.end() ? "" : std::string(name) + "." + domain->name;
}

void add_name(std::string_view name, std::string_view address, const HostsRules& rules,
              const Place& place, Entries& entries) {
  entries.add_address(name, address, false, place);
  const std::string full_name = expanded(name, address, rules);
  if (!full_name.empty()) entries.add_address(full_name, address, false, place);
}

// Leaves the names of a line out, so that no service has them.
void leave_out(std::span<const std::string_view> names, const char* why, const HostsRules& rules,
               const Place& place, Entries& entries) {
  if (rules.notes_own_names) entries.skip(place, why);
  for (const std::string_view name : names) {
    entries.add_stop({.name = std::string(name),
                      .kind = NamedStop::Kind::unusable,
                      .family = Address::Family::ipv4,
                      .subdomains = false,
                      .place = place});
  }
}

// Addresses at which distributions name the host itself in /etc/hosts.
bool is_of_host(std::string_view address) {
  return address == "127.0.0.1" || address == "127.0.1.1" || address == "::1";
}

void read_line(std::string_view line, const HostsRules& rules, const Place& place,
               Entries& entries) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) return;
  if (words.size() == 1) return entries.skip(place, "has no name");
  const auto is_own = [&](std::string_view word) {
    return config::canonical_hostname(word) == config::canonical_hostname(rules.own_name);
  };
  const auto names = std::span(words).subspan(1);
  if (std::ranges::any_of(names, is_own)) {
    return leave_out(names, "is this host itself", rules, place, entries);
  }
  for (const std::string_view& name : names) {
    if (is_local(config::canonical_hostname(name)) ||
        (!rules.notes_own_names && is_of_host(words.front()))) {
      leave_out(std::span(&name, 1), "is a name that every host has for itself", rules, place,
                entries);
    } else {
      add_name(name, words.front(), rules, place, entries);
    }
  }
}

}  // namespace

std::string own_host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

void read_hosts(std::string_view text, const std::string& file, const HostsRules& rules,
                Entries& entries) {
  Place place{file, 0};
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    read_line(line, rules, place, entries);
  }
}

tl::expected<void, std::string> read_hosts_files(const std::vector<std::filesystem::path>& files,
                                                 const HostsRules& rules, Entries& entries) {
  for (const auto& file : files) {
    const auto text = read_text(file);
    if (!text) return tl::unexpected(file.string() + ": " + text.error().reason);
    read_hosts(*text, file.string(), rules, entries);
  }
  return {};
}

}  // namespace hlb::ctl
