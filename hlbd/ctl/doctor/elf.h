// An ELF file, as far as it tells how a program looks up host names (elf(5)). Little of it is read,
// and any bytes are tolerated: a value that can't be true is ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "system/file_descriptor.h"

namespace hlb::ctl::doctor {

class Elf {
 public:
  // nullopt: not an ELF file of this byte order.
  static std::optional<Elf> read(const FileDescriptor& file);

  int bits = 64;
  std::uint16_t machine = 0;          // EM_X86_64 …
  std::string interpreter;            // the dynamic linker; empty: statically linked, or a library
  bool is_library = false;            // no program at all
  bool is_go = false;                 // built by Go's linker
  std::vector<std::string> needed;    // the libraries it asks for
  std::vector<std::string> run_path;  // where it wants them looked for, first

  struct Note {
    std::string owner;
    std::uint32_t type = 0;
    std::string content;
  };
  std::vector<Note> notes;

  // Whether it imports or exports a symbol of this name, or one that begins so. `name` may also be
  // the end of a symbol's name, as linkers store a name that ends another one only once.
  bool has_symbol(std::string_view name) const;
  bool has_symbol_with_prefix(std::string_view prefix) const;
  // Those names, and the versions of symbols, that begin so: "GLIBC_2.28".
  std::vector<std::string> names_with_prefix(std::string_view prefix) const;

 private:
  std::string symbol_names_;  // a zero byte before and after each
};

// Whether `text` stands anywhere in the file, of which no more than a bounded part is read.
bool file_contains(const FileDescriptor& file, std::string_view text);

}  // namespace hlb::ctl::doctor
