// An ELF note (elf(5)) of the module's file, to be read by `readelf -n` or without loading the file
// at all, as hlbctl does. It is no symbol, and costs a program nothing.
#pragma once

#include <cstdint>

namespace hlb::module_note {

inline constexpr char kOwner[4] = {'h', 'l', 'b', '\0'};

// The note's type; its content are two u16 in the file's byte order: the major and the minor
// version of the tables that the module reads (table.h).
inline constexpr std::uint32_t kTableVersion = 1;

}  // namespace hlb::module_note
