// Imported services → the text of a file for services.d. Written by hand: toml++, which reads such
// files, sorts the keys of a table by name and writes no comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/import/services.h"

namespace hlb::ctl {

// `remarks` are printable ASCII, and stand at the top.
std::string to_toml(const std::vector<ImportedService>& services,
                    const std::vector<std::string>& remarks);

}  // namespace hlb::ctl
