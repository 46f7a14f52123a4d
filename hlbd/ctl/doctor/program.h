// Whether one program, or a process that runs it, looks names up by glibc's name service switch,
// each time that it needs an address.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "ctl/doctor/elf.h"
#include "ctl/doctor/finding.h"
#include "ctl/doctor/host.h"
#include "ctl/doctor/libraries.h"
#include "ctl/doctor/process.h"

namespace hlb::ctl::doctor {

// A program, and all of it that tells how it looks names up.
struct ExaminedProgram {
  std::filesystem::path file;      // to be read, without links; a script's interpreter
  std::string name;                // as findings call it
  std::optional<Process> process;  // if a running process was asked for
  bool set_id = false;             // set-user-ID or set-group-ID
  std::string sandbox;             // "snap" or "Flatpak", if it is one; "" otherwise
  Elf elf;
  Libraries code;  // itself, and its libraries; of a process all that are mapped
};

// By whose code a program looks names up, as far as its file tells.
enum class ResolvesBy : std::uint8_t {
  glibc,          // of its root folder, and so by the name service switch
  its_own_glibc,  // linked into it
  itself,         // it asks DNS
};
ResolvesBy resolver_of(const Host& machine, const ExaminedProgram& program);

// Finds a program by its path, its name in $PATH, or the number of a process. The error is a
// message for the operator: there is none, or it can't be looked at.
tl::expected<ExaminedProgram, std::string> find_program(const Host& machine,
                                                        const std::string& given);

// Whether it resolves names by glibc, judged by how it is linked, and with what.
Findings check_resolver(const Host& machine, const ExaminedProgram& program);

// Whether programs of its kind are known to keep addresses: Java, nginx, HAProxy.
Findings check_runtime(const Host& machine, const ExaminedProgram& program);

// Whether programs of its kind ask DNS as well when they are told to, or keep addresses for a
// while: nginx and HAProxy by their settings, libcurl, browsers.
Findings check_habits(const Host& machine, const ExaminedProgram& program);

}  // namespace hlb::ctl::doctor
