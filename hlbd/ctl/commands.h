// The sub-commands of hlbctl, in the order in which `hlbctl --help` lists them. Each stands in the
// file of its name, or in a folder of its name; the overrides are in overrides.cpp, the version is
// in help.cpp.
#pragma once

#include <array>

#include "ctl/command.h"

namespace hlb::ctl {

void add_status(CLI::App& app, const Settings& settings, Run& run);
void add_resolve(CLI::App& app, const Settings& settings, Run& run);
void add_events(CLI::App& app, const Settings& settings, Run& run);
void add_drain(CLI::App& app, const Settings& settings, Run& run);
void add_maintenance(CLI::App& app, const Settings& settings, Run& run);
void add_up(CLI::App& app, const Settings& settings, Run& run);
void add_down(CLI::App& app, const Settings& settings, Run& run);
void add_clear(CLI::App& app, const Settings& settings, Run& run);
void add_failback(CLI::App& app, const Settings& settings, Run& run);
void add_reload(CLI::App& app, const Settings& settings, Run& run);
void add_fleet(CLI::App& app, const Settings& settings, Run& run);
void add_register(CLI::App& app, const Settings& settings, Run& run);
void add_deregister(CLI::App& app, const Settings& settings, Run& run);
void add_check_config(CLI::App& app, const Settings& settings, Run& run);
void add_doctor(CLI::App& app, const Settings& settings, Run& run);
void add_import(CLI::App& app, const Settings& settings, Run& run);
void add_help(CLI::App& app, const Settings& settings, Run& run);
void add_version(CLI::App& app, const Settings& settings, Run& run);

inline constexpr auto kCommands = std::to_array<AddCommand>({
    add_status,
    add_resolve,
    add_events,
    add_drain,
    add_maintenance,
    add_up,
    add_down,
    add_clear,
    add_failback,
    add_reload,
    add_fleet,
    add_register,
    add_deregister,
    add_check_config,
    add_doctor,
    add_import,
    add_help,
    add_version,
});

// Runs hlbctl without a sub-command.
int show_status(const Settings& settings);

}  // namespace hlb::ctl
