// Programs that hlbd is to run: a command, and the user who runs it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"

namespace hlb::config {

inline constexpr std::string_view kHookExample = R"(["/usr/local/bin/on-change"])";

// The array of strings at `key`: the program's absolute path, then its arguments. Empty when the
// key is absent, its array is empty, or it has a fault, which is noted; a program that nobody can
// run is a fault.
std::vector<std::string> read_command(TableReader& keys, std::string_view key,
                                      std::string_view example, Faults& faults);

// Reads the name of a user of this host. `into` stays as it is when the key is absent or has a
// fault, which is noted.
void read_user(TableReader& keys, std::string_view key, Faults& faults, std::string& into);

}  // namespace hlb::config
