#include "libnss_hlb/module_note.h"

#include <elf.h>

#include "libnss_hlb/table.h"

namespace hlb {
namespace {

struct Note {
  Elf32_Nhdr header;  // the same in both classes
  char owner[sizeof module_note::kOwner];
  std::uint16_t major_version;
  std::uint16_t minor_version;
};

// Kept by the section's name alone: linkers put every .note section of a library into a PT_NOTE
// segment.
[[gnu::section(".note.hlb"), gnu::used, gnu::aligned(4)]] constexpr Note kNote = {
    {sizeof module_note::kOwner, 2 * sizeof(std::uint16_t), module_note::kTableVersion},
    {'h', 'l', 'b', '\0'},
    table::kMajorVersion,
    table::kMinorVersion};

}  // namespace
}  // namespace hlb
