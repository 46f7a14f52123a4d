// Whether every user's programs can reach a file: the modes of it and of the folders on the way.
#pragma once

#include <filesystem>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// A finding for the file and each folder that isn't open to all; nothing for what isn't there.
// A socket is to be writable as well. `why` says what comes of it.
Findings check_open_to_all(const Host& machine, const std::filesystem::path& file,
                           const std::string& why);

}  // namespace hlb::ctl::doctor
