// The sub-commands of hlbctl, in the order in which `hlbctl --help` lists them. Each stands in the
// file of its name.
#pragma once

#include <array>

#include "ctl/command.h"

namespace hlb::ctl {

void add_check_config(CLI::App& app, const Settings& settings, Run& run);
void add_import(CLI::App& app, const Settings& settings, Run& run);

inline constexpr std::array<AddCommand, 2> kCommands = {
    add_check_config,
    add_import,
};

}  // namespace hlb::ctl
