// The part of formats.h about what dnsmasq's options say.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

struct Line {
  std::string_view argument;
  const Place& place;
  Entries& entries;
  DnsmasqSettings& settings;

  void skip(std::string_view why) const { entries.skip(place, std::string(why)); }
  void stop(std::string_view name, NamedStop::Kind kind) const;
};

// Notes that nothing from above counts for the name and below. A star in front is for a part of
// the names below: "*.x" for those of one label more at least, "*x" for "yx" as well.
void Line::stop(std::string_view name, NamedStop::Kind kind) const {
  const bool pattern = name.starts_with('*');
  if (pattern) name.remove_prefix(1);
  const bool part_of_label = pattern && !name.starts_with('.');
  name.remove_prefix(std::min(name.find_first_not_of('.'), name.size()));
  if (part_of_label) name.remove_prefix(std::min(name.find('.') + 1, name.size()));
  entries.add_stop({.name = std::string(name),
                    .kind = kind,
                    .family = std::nullopt,
                    .subdomains = true,
                    .pattern = pattern,
                    .place = place});
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// ---- address=/NAME/…/ADDRESS -------------------------------------------------------------------

void add_domain(const Line& line, std::string_view domain, std::string_view address) {
  if (domain == "#") return line.skip("/#/ is every name there is, which no service can be");
  if (domain.empty()) return line.skip("// is every name without a dot, which no service can be");
  // A dot in front makes no difference to dnsmasq.
  domain.remove_prefix(std::min(domain.find_first_not_of('.'), domain.size()));
  line.entries.add_address(domain, address, true, line.place);
}

void read_address(const Line& line) {
  if (!line.argument.starts_with('/')) {
    return line.skip("address= without a name is for every name, which no service can be");
  }
  std::vector<std::string_view> parts = parts_of(line.argument.substr(1), '/');
  const std::string_view address = parts.back();
  parts.pop_back();
  if (address.empty() || address == "#") {
    const bool null = !address.empty();
    for (const std::string_view domain : parts)
      line.stop(domain, null ? NamedStop::Kind::null : NamedStop::Kind::nothing);
    return line.skip(null ? "# is the null address, where no backend can be"
                          : "has no address: dnsmasq says that there is no such name");
  }
  for (const std::string_view domain : parts)
    add_domain(line, domain, address);
}

// ---- server=/NAME/…/SERVER, local=/NAME/ -------------------------------------------------------

void read_server(const Line& line) {
  if (!line.argument.starts_with('/')) return;  // for all names that nothing else is said of
  std::vector<std::string_view> parts = parts_of(line.argument.substr(1), '/');
  const bool nobody = parts.back().empty();
  parts.pop_back();
  for (const std::string_view domain : parts)
    line.stop(domain, nobody ? NamedStop::Kind::nothing : NamedStop::Kind::elsewhere);
}

// ---- host-record=NAME,…,ADDRESS,…,TTL ----------------------------------------------------------

void read_host_record(const Line& line) {
  std::vector<std::string_view> names;
  std::array<std::string_view, 2> addresses;  // of each family the last one counts
  for (const std::string_view part : parts_of(line.argument, ',')) {
    const auto address = Address::parse(part);
    if (address) {
      addresses.at(address->family == Address::Family::ipv4 ? 0 : 1) = part;
    } else if (!part.empty() && !is_number(part)) {
      names.push_back(part);
    }
  }
  if (addresses[0].empty() && addresses[1].empty()) return line.skip("host-record= has no address");
  if (names.empty()) return line.skip("host-record= has no name");
  for (const std::string_view address : addresses) {
    for (const std::string_view name : names)
      if (!address.empty()) line.entries.add_address(name, address, false, line.place);
  }
}

// ---- cname=ALIAS,…,TARGET,TTL ------------------------------------------------------------------

void read_cname(const Line& line) {
  std::vector<std::string_view> names = parts_of(line.argument, ',');
  if (names.size() > 2 && is_number(names.back())) names.pop_back();
  const std::string_view target = names.back();
  names.pop_back();
  if (names.empty() || target.empty()) return line.skip("cname= needs an alias and a target");
  for (const std::string_view alias : names)
    line.entries.add_alias(alias, target, line.place);
}

// ---- domain=NAME,RANGE,local -------------------------------------------------------------------

// The addresses of "10.0.0.0/8".
std::optional<std::pair<Address, Address>> subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  std::size_t bits = 0;
  const std::string_view length = text.substr(slash + 1);
  const auto read = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!address || read.ec != std::errc()) return std::nullopt;
  std::pair<Address, Address> range{*address, *address};
  const std::size_t size = address->family == Address::Family::ipv4 ? 4 : 16;
  for (std::size_t bit = bits; bit < 8 * size; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> bit % 8);
    range.first.bytes.at(bit / 8) &= static_cast<std::uint8_t>(~mask);
    range.second.bytes.at(bit / 8) |= mask;
  }
  return range;
}

void read_domain(const Line& line) {
  const std::vector<std::string_view> parts = parts_of(line.argument, ',');
  HostsDomain domain{std::string(parts.front()), std::nullopt};
  if (domain.name == "#") return line.skip("# is the domain of resolv.conf; give it itself");
  if (parts.size() == 1) {
    line.settings.domain = domain;
    return;
  }
  if (parts[1].find('/') != std::string_view::npos) {
    domain.range = subnet(parts[1]);
  } else if (const auto first = Address::parse(parts[1])) {
    const auto last = parts.size() > 2 ? Address::parse(parts[2]) : std::nullopt;
    domain.range = std::pair(*first, last ? *last : *first);
  }
  if (!domain.range) return line.skip("has a domain for other names than those of addresses");
  if (parts.back() == "local") line.stop(parts.front(), NamedStop::Kind::nothing);
  line.settings.domains.push_back(std::move(domain));
}

// ---- what else there is ------------------------------------------------------------------------

void include_file(const Line& line) {
  line.settings.includes.push_back({Include::Kind::file, std::string(line.argument), line.place});
}

void include_folder(const Line& line) {
  line.settings.includes.push_back({Include::Kind::folder, std::string(line.argument), line.place});
}

void add_hosts_file(const Line& line) {
  line.settings.hosts.push_back({Include::Kind::file, std::string(line.argument), line.place});
}

void add_hosts_folder(const Line& line) {
  line.settings.hosts.push_back({Include::Kind::folder, std::string(line.argument), line.place});
}

void add_listen_address(const Line& line) {
  for (const std::string_view address : parts_of(line.argument, ','))
    line.settings.addresses.emplace_back(address);
}

void read_port(const Line& line) {
  line.settings.port = line.argument;
}

void refuse_interface(const Line& line) {
  line.skip("has the addresses of an interface, which may change");
}

void refuse_synthetic(const Line& line) {
  line.skip("makes names of addresses, for which there is no service");
}

void refuse_clients(const Line& line) {
  line.skip("names of DHCP clients come and go, and stay dnsmasq's");
}

void warn_of_localising(Entries& entries, const Place& place) {
  entries.differ(place,
                 "dnsmasq answers from hosts files what is in the asker's own network alone, if "
                 "there is such an address; lookups get any");
}

void warn_of_filter(Entries& entries, const Place& place) {
  entries.differ(place, "dnsmasq leaves addresses of one family out; lookups get both");
}

void refuse_script(const Line& line) {
  line.skip("is not run; save what it prints, and import that");
}

struct Reader {
  std::string_view option;
  void (*read)(const Line&);
};

constexpr std::array<Reader, 18> kReaders = {{
    {"address", read_address},
    {"server", read_server},
    {"local", read_server},
    {"host-record", read_host_record},
    {"cname", read_cname},
    {"conf-file", include_file},
    {"servers-file", include_file},
    {"conf-dir", include_folder},
    {"addn-hosts", add_hosts_file},
    {"hostsdir", add_hosts_folder},
    {"domain", read_domain},
    {"listen-address", add_listen_address},
    {"port", read_port},
    {"dynamic-host", refuse_interface},
    {"interface-name", refuse_interface},
    {"conf-script", refuse_script},
    {"synth-domain", refuse_synthetic},
    {"dhcp-range", refuse_clients},
}};

// What decides on the answers, for another dnsmasq that is to give the same.
constexpr std::array<std::string_view, 22> kAboutNames = {
    "address",        "server",           "local",         "host-record",
    "cname",          "addn-hosts",       "hostsdir",      "domain",
    "no-hosts",       "expand-hosts",     "dynamic-host",  "filter-AAAA",
    "interface-name", "synth-domain",     "domain-needed", "bogus-priv",
    "no-resolv",      "localise-queries", "filter-A",      "rev-server",
    "strict-order",   "all-servers"};

void keep_line(const DnsmasqOption& option, DnsmasqSettings& settings) {
  // Such a line would need quotes.
  if (option.argument.find_first_of("\"\n") != std::string::npos) return;
  if (option.argument.find(" #") != std::string::npos) return;
  const std::string value = option.argument.empty() ? "" : "=" + option.argument;
  settings.about_names.push_back(option.name + value);
}

// Reads an option that has no argument; returns whether it was one.
bool read_flag(const std::string& name, const Place& place, Entries& entries,
               DnsmasqSettings& settings) {
  if (name == "no-hosts") {
    settings.no_hosts = true;
  } else if (name == "expand-hosts") {
    settings.expand_hosts = true;
  } else if (name == "localise-queries") {
    warn_of_localising(entries, place);
  } else if (name == "filter-A" || name == "filter-AAAA") {
    warn_of_filter(entries, place);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void read_dnsmasq_option(const DnsmasqOption& option, const Place& place, Entries& entries,
                         DnsmasqSettings& settings) {
  if (std::ranges::find(kAboutNames, option.name) != kAboutNames.end()) {
    keep_line(option, settings);
  }
  if (read_flag(option.name, place, entries, settings)) return;
  const auto* reader = std::ranges::find(kReaders, option.name, &Reader::option);
  if (reader == kReaders.end()) return;
  if (option.argument.empty()) {
    // Without an argument "server" and the like are about no name.
    if (reader->read != read_server) entries.skip(place, option.name + " is given nothing");
    return;
  }
  reader->read({option.argument, place, entries, settings});
}

void read_dnsmasq(std::string_view text, const std::string& file, Entries& entries,
                  DnsmasqSettings& settings) {
  Place place{file, 0};
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    if (const auto option = parse_dnsmasq_line(line)) {
      read_dnsmasq_option(*option, place, entries, settings);
    } else {
      entries.skip(place, option.error());
    }
  }
}

}  // namespace hlb::ctl
