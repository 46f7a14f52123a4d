// The libraries of a program, as the dynamic linker would find them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ctl/doctor/elf.h"
#include "ctl/doctor/host.h"

namespace hlb::ctl::doctor {

// Where the dynamic linker looks unless told otherwise: /etc/ld.so.conf.d and its defaults.
std::vector<std::filesystem::path> library_folders(const Host& machine);

// A file of code, of a certain architecture.
struct Library {
  std::filesystem::path path;
  Elf elf;
};

// A library of the architecture of `user`, which wants it by this name; nullopt if it isn't found.
std::optional<Library> find_library(const Host& machine, const std::string& name,
                                    const Library& user);

// A program's code: itself first, then every library that it needs, and that those need.
using Libraries = std::vector<Library>;

// Looked for where each file says itself, then in library_folders(). One that isn't found is left
// out.
Libraries find_libraries(const Host& machine, const std::filesystem::path& program, const Elf& elf);

}  // namespace hlb::ctl::doctor
