// How this host's dnsmasq is started: by the command line of the one that runs, else by what Debian
// would start it with.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/import/formats.h"

namespace hlb::ctl {

// Reads the words of a command line, without the program's name, as getopt(3) does; `place` is
// where they stand.
DnsmasqStart parse_dnsmasq_words(const std::vector<std::string>& words, const Place& place);

// The words that Debian's unit adds to dnsmasq's command line, by the text of /etc/default/dnsmasq.
std::vector<std::string> words_of_defaults(std::string_view text);

// The error is that no dnsmasq is to be found here, or several that are started in different ways.
tl::expected<DnsmasqStart, std::string> dnsmasq_of_host();

}  // namespace hlb::ctl
