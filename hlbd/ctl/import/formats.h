// The formats that can be imported: hosts(5) files, and the configuration of dnsmasq, of which the
// options address=, host-record= and cname= say which names have which addresses. Whatever is read
// may be any bytes; what can't be a service is noted in the entries.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/import/entries.h"

namespace hlb::ctl {

// ---- hosts(5) ----------------------------------------------------------------------------------

// Finds what the text of `file` says: on each line an address, and the names that have it. Names of
// the host itself are noted and left out: localhost, ip6-* and the like, and each line with
// `own_name`.
void read_hosts(std::string_view text, const std::string& file, const std::string& own_name,
                Entries& entries);

// Reads the files. The error is that one of them can't be read, as "file: reason".
tl::expected<void, std::string> read_hosts_files(const std::vector<std::filesystem::path>& files,
                                                 const std::string& own_name, Entries& entries);

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

// Finds what the text of `file` says, and returns what it includes. Options that are about
// something else are passed over.
std::vector<Include> read_dnsmasq(std::string_view text, const std::string& file, Entries& entries);

// Reads the files, then those that they include with conf-file= and conf-dir=, each once. The error
// is that one of `files` can't be read, as "file: reason"; of included files that is noted.
tl::expected<void, std::string> read_dnsmasq_files(const std::vector<std::filesystem::path>& files,
                                                   Entries& entries);

}  // namespace hlb::ctl
