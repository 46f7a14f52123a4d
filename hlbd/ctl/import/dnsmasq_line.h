// A line of dnsmasq's configuration → an option and what it is given, as dnsmasq(8) reads it.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hlb::ctl {

struct DnsmasqOption {
  std::string name;      // as in "address", without dashes; empty for a line that says nothing
  std::string argument;  // behind the "=", without quotes and white space around it; empty: none
};

// The reason, for a line that dnsmasq refuses.
struct Refused {
  std::string reason;
};

// Takes any bytes. The dashes of the command line, which dnsmasq itself refuses in a file, are
// passed over.
std::variant<DnsmasqOption, Refused> parse_dnsmasq_line(std::string_view line);

// The parts between separators, without the white space around them.
std::vector<std::string_view> parts_of(std::string_view argument, char separator);

}  // namespace hlb::ctl
