// What hosts(5) files say: an address on each line, and the names that have it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/import/entries.h"

namespace hlb::ctl {

// Finds what the text of `file` says, which may be any bytes. What belongs to a host itself is
// noted and left out: localhost, ip6-* and the like, and each line with `own_name`.
void read_hosts(std::string_view text, const std::string& file, const std::string& own_name,
                Entries& entries);

// Reads the files. Returns why one can't be read, as "file: reason".
std::optional<std::string> read_hosts_files(const std::vector<std::filesystem::path>& files,
                                            const std::string& own_name, Entries& entries);

}  // namespace hlb::ctl
