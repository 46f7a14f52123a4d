// Reading a configuration in hlbd's place.
#pragma once

#include <filesystem>

#include "config/config.h"

namespace hlb::ctl {

// Reads it by the rights that hlbd's unit has, so that what hlbd would refuse is a fault. Where
// this process isn't root's, or no systemd starts hlbd, or its user isn't there, by this process's
// own. To be called while this process has one thread.
tl::expected<Config, ConfigErrors> load_config_as_hlbd(const std::filesystem::path& file);

}  // namespace hlb::ctl
