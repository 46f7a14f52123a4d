// The libraries of a program, as the dynamic linker would find them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ctl/doctor/elf.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// The folders in which the dynamic linker looks unless told otherwise: those of /etc/ld.so.conf.d,
// and its defaults.
std::vector<std::filesystem::path> library_folders(const Host& machine);

// A file of code, of a certain architecture.
struct Library {
  std::filesystem::path path;
  Elf elf;
};

// Finds the library that `user` wants by this name, of the same architecture; nullopt if it isn't
// there.
std::optional<Library> find_library(const Host& machine, const std::string& name,
                                    const Library& user);

// A program's code: the program first, then every library that it needs, and that these need in
// turn.
using Libraries = std::vector<Library>;

// Finds the libraries of a program: where each file says itself, then in library_folders(). A
// library that isn't found is left out.
Libraries find_libraries(const Host& machine, const std::filesystem::path& program, const Elf& elf);

}  // namespace hlb::ctl::doctor
