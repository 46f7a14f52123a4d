// The formats that can be imported: hosts(5) files, and the configuration of dnsmasq, of which the
// options address=, host-record= and cname= say which names have which addresses. Whatever is read
// may be any bytes; what can't be a service is noted in the entries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "ctl/import/entries.h"

namespace hlb::ctl {

// ---- hosts(5) ----------------------------------------------------------------------------------

// A domain that dnsmasq gives to names without a dot; of some addresses alone, if it has a range.
struct HostsDomain {
  std::string name;
  std::optional<std::pair<Address, Address>> range;  // of one family, the first and the last
};

// How hosts files are read.
struct HostsRules {
  std::string own_name;                // of this host
  bool notes_own_names = true;         // else they are left out in silence
  std::vector<HostsDomain> domains{};  // of each address the first counts that has it
};

std::string own_host_name();

// Finds what the text of `file` says: on each line an address, and the names that have it. Names of
// the host itself are left out: localhost, ip6-* and the like, and each line with its own name.
void read_hosts(std::string_view text, const std::string& file, const HostsRules& rules,
                Entries& entries);

// Reads the files. The error is that one of them can't be read, as "file: reason".
tl::expected<void, std::string> read_hosts_files(const std::vector<std::filesystem::path>& files,
                                                 const HostsRules& rules, Entries& entries);

// ---- dnsmasq -----------------------------------------------------------------------------------

struct DnsmasqOption {
  std::string name;      // "address", without dashes; empty for a line that says nothing
  std::string argument;  // after the "=", without quotes and white space around it; may be empty
};

// Reads a line as dnsmasq(8) does. The error is why dnsmasq refuses the line. The dashes of the
// command line, which dnsmasq itself refuses in a file, are passed over.
tl::expected<DnsmasqOption, std::string> parse_dnsmasq_line(std::string_view line);

// The parts between separators, without the white space around them.
std::vector<std::string_view> parts_of(std::string_view argument, char separator);

// Another file, or folder of files, that a configuration includes.
struct Include {
  enum class Kind : std::uint8_t { file, folder };

  Kind kind;
  std::string argument;  // a path; of a folder with the files wanted: "/etc/dnsmasq.d,*.conf"
  Place place;
};

// What is said of dnsmasq as a whole, beside what is said of names.
struct DnsmasqSettings {
  std::vector<Include> includes;  // in the order in which they were found
  std::vector<Include> hosts;     // files, and folders of files, in the form of hosts(5)
  bool no_hosts = false;          // /etc/hosts isn't read
  bool expand_hosts = false;      // names in hosts files get a domain, too
  std::vector<HostsDomain> domains;
  std::optional<HostsDomain> domain;   // of addresses that `domains` don't have
  std::vector<std::string> addresses;  // where it listens
  std::string port;                    // empty: 53
  std::vector<std::string>
      about_names;  // the lines that say what it answers, as dnsmasq reads them
};

// An option from a file or a command line. Options that are about something else are passed over.
void read_dnsmasq_option(const DnsmasqOption& option, const Place& place, Entries& entries,
                         DnsmasqSettings& settings);

// Finds what the text of `file` says.
void read_dnsmasq(std::string_view text, const std::string& file, Entries& entries,
                  DnsmasqSettings& settings);

// An option of a command line, or of a file that says how dnsmasq is started.
struct PlacedOption {
  DnsmasqOption option;
  Place place;
};

// Where a dnsmasq's configuration begins.
struct DnsmasqStart {
  std::vector<PlacedOption> options;
  std::vector<std::filesystem::path> files;  // or folders
  bool may_be_missing = false;               // of the files
  bool is_running = false;
};

// Reads what dnsmasq reads that is started so: options and files, and what they include, each file
// once; then hosts files. The error is that one of `files` can't be read, as "file: reason"; of
// included files that is noted.
tl::expected<DnsmasqSettings, std::string> read_dnsmasq_files(const DnsmasqStart& start,
                                                              Entries& entries);

}  // namespace hlb::ctl
