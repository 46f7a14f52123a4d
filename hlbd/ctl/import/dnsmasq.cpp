// The part of formats.h about what dnsmasq's options say.
#include <algorithm>
#include <array>
#include <utility>

#include "ctl/import/formats.h"
#include "ctl/import/text_file.h"

namespace hlb::ctl {

namespace {

struct Line {
  std::string_view argument;
  const Place& place;
  Entries& entries;
  std::vector<Include>& includes;

  void skip(std::string_view why) const { entries.skip(place, std::string(why)); }
};

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
  if (address.empty()) return line.skip("has no address: dnsmasq says that there is no such name");
  if (address == "#") return line.skip("# is the null address, where no backend can be");
  for (const std::string_view domain : parts)
    add_domain(line, domain, address);
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

// ---- what else there is ------------------------------------------------------------------------

void include_file(const Line& line) {
  line.includes.push_back({Include::Kind::file, std::string(line.argument), line.place});
}

void include_folder(const Line& line) {
  line.includes.push_back({Include::Kind::folder, std::string(line.argument), line.place});
}

void refer_to_hosts(const Line& line) {
  line.skip("names hosts files; see hlbctl import hosts");
}

void refuse_interface(const Line& line) {
  line.skip("has the addresses of an interface, which may change");
}

void refuse_script(const Line& line) {
  line.skip("is not run; save what it prints, and import that");
}

struct Reader {
  std::string_view option;
  void (*read)(const Line&);
};

constexpr std::array<Reader, 10> kReaders = {{
    {"address", read_address},
    {"host-record", read_host_record},
    {"cname", read_cname},
    {"conf-file", include_file},
    {"conf-dir", include_folder},
    {"addn-hosts", refer_to_hosts},
    {"hostsdir", refer_to_hosts},
    {"dynamic-host", refuse_interface},
    {"interface-name", refuse_interface},
    {"conf-script", refuse_script},
}};

void read_line(std::string_view text, const Place& place, Entries& entries,
               std::vector<Include>& includes) {
  const auto option = parse_dnsmasq_line(text);
  if (!option) return entries.skip(place, option.error());
  const auto* reader = std::ranges::find(kReaders, option->name, &Reader::option);
  if (reader == kReaders.end()) return;
  if (option->argument.empty()) return entries.skip(place, option->name + " is given nothing");
  reader->read({option->argument, place, entries, includes});
}

}  // namespace

std::vector<Include> read_dnsmasq(std::string_view text, const std::string& file,
                                  Entries& entries) {
  std::vector<Include> includes;
  Place place{file, 0};
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    read_line(line, place, entries, includes);
  }
  return includes;
}

}  // namespace hlb::ctl
