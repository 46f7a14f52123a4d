// Whether one program, or a process that runs it, looks names up by glibc's name service switch,
// each time that it needs an address.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ctl/doctor/elf.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/libraries.h"
#include "ctl/doctor/process.h"

namespace hlb::ctl::doctor {

// What there is to look at.
struct ExaminedProgram {
  std::filesystem::path file;      // to be read, without links; of a script its interpreter
  std::string name;                // in the words of the findings
  std::optional<Process> process;  // when it runs
  bool set_id = false;             // set-user-ID or set-group-ID
  Elf elf;
  Libraries code;  // itself, and its libraries: of a process, all that are mapped
};

// By its path, its name in $PATH, or the number of a process. Throws std::runtime_error, with a
// message for the operator, when there is none, or none that can be looked at.
ExaminedProgram find_program(const Host& machine, const std::string& given);

// By how it is linked, and what it is linked with.
Findings check_resolver(const Host& machine, const ExaminedProgram& program);

// What its kind of program is known to do with addresses: Java, nginx, HAProxy.
Findings check_runtime(const Host& machine, const ExaminedProgram& program);

}  // namespace hlb::ctl::doctor
