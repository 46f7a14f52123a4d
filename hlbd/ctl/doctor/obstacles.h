// What on this machine can keep lookups from hlb, beside glibc's own settings: file permissions,
// AppArmor, and nscd. Each function looks at one of these, and finds nothing where it isn't in use.
#pragma once

#include <filesystem>
#include <string>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// Whether every user's programs can reach a file: a finding for it and for each folder on the way
// that isn't open to all, none for what isn't there. A socket is to be writable as well. `why` says
// what comes of it.
Findings check_open_to_all(const Host& machine, const std::filesystem::path& file,
                           const std::string& why);

// Whether AppArmor keeps confined programs from hlb's files.
Findings check_apparmor(const Host& machine);

// Whether nscd, or a program in its place, caches hosts and so answers before hlb is asked.
Findings check_nscd(const Host& machine);

}  // namespace hlb::ctl::doctor
