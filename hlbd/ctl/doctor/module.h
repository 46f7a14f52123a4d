// Whether glibc can load libnss_hlb.so.2, and whether it reads the tables that hlbd publishes.
#pragma once

#include <filesystem>
#include <string>
#include <tl/expected.hpp>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

struct Module {
  std::filesystem::path file;  // as found by the dynamic linker
  std::string missing;         // the first entry point that it hasn't; empty: it has all
};

struct LoadFailure {
  std::string reason;
  bool breaks_programs = false;  // loading it ended the process, or never came to an end
};

// Loads it as glibc does, in a child process, which takes two seconds at most.
tl::expected<Module, LoadFailure> load_module();

// Judges what came of loading it.
Findings check_module(const Host& machine, const tl::expected<Module, LoadFailure>& module,
                      const Published& table);

}  // namespace hlb::ctl::doctor
