// Whether glibc can load libnss_hlb.so.2, and whether it reads the tables that hlbd publishes.
#pragma once

#include <filesystem>
#include <string>

#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/published.h"

namespace hlb::ctl::doctor {

// What came of loading it, in a process of its own.
struct Module {
  std::filesystem::path file;    // as found by the dynamic linker; empty when it couldn't be loaded
  std::string trouble;           // why it couldn't
  bool breaks_programs = false;  // loading it ended the process, or never came to an end
  std::string missing;           // the first entry point that it hasn't
};
Module load_module();

Findings check_module(const Host& machine, const Module& module, const Published& table);

}  // namespace hlb::ctl::doctor
