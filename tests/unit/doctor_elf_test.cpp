#include "ctl/doctor/elf.h"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>

#include "folder.h"

namespace hlb::ctl::doctor {
namespace {

FileDescriptor opened(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

class ElfTest : public testing::Test {
 protected:
  std::optional<Elf> read(std::string_view bytes) {
    write_file(path_, bytes);
    return Elf::read(opened(path_));
  }

 private:
  Folder folder_;
  std::string path_ = folder_.file("program");
};

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A program of 32 bits, by hand: its interpreter, and a note.
std::string program_of_32_bits() {
  const std::string interpreter("/lib/ld-linux.so.2\0\0", 20);
  std::string note;
  append(note, Elf32_Nhdr{.n_namesz = 4, .n_descsz = 2, .n_type = 9});
  note += std::string("own\0", 4) + "xy" + std::string(2, '\0');
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS32;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_386;
  header.e_type = ET_EXEC;
  header.e_phoff = sizeof header;
  header.e_phnum = 2;
  Elf32_Phdr named{};
  named.p_type = PT_INTERP;
  named.p_offset = sizeof header + 2 * sizeof named;
  named.p_filesz = static_cast<Elf32_Word>(interpreter.size());
  Elf32_Phdr noted = named;
  noted.p_type = PT_NOTE;
  noted.p_offset = named.p_offset + named.p_filesz;
  noted.p_filesz = static_cast<Elf32_Word>(note.size());
  std::string bytes;
  append(bytes, header);
  append(bytes, named);
  append(bytes, noted);
  return bytes + interpreter + note;
}

TEST_F(ElfTest, ReadsARealProgramAndItsLibraries) {
  const auto elf = Elf::read(opened("/proc/self/exe"));
  ASSERT_TRUE(elf);
  EXPECT_FALSE(elf->is_library);
  EXPECT_FALSE(elf->is_go);
  EXPECT_NE(elf->interpreter.find("/ld-linux"), std::string::npos);
  EXPECT_NE(std::ranges::find(elf->needed, "libc.so.6"), elf->needed.end());
  EXPECT_TRUE(elf->has_symbol("getaddrinfo"));
  EXPECT_FALSE(elf->has_symbol("getaddrinfo_of_nobody"));
  EXPECT_TRUE(elf->has_symbol_with_prefix("ares_"));
}

TEST_F(ElfTest, ReadsAProgramOfTheOtherClass) {
  const auto elf = read(program_of_32_bits());
  ASSERT_TRUE(elf);
  EXPECT_EQ(elf->bits, 32);
  EXPECT_EQ(elf->machine, EM_386);
  EXPECT_EQ(elf->interpreter, "/lib/ld-linux.so.2");
  ASSERT_EQ(elf->notes.size(), 1U);
  EXPECT_EQ(elf->notes[0].owner, "own");
  EXPECT_EQ(elf->notes[0].type, 9U);
  EXPECT_EQ(elf->notes[0].content, "xy");
}

TEST_F(ElfTest, TakesNothingElseForAnElfFile) {
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(read("#!/bin/sh\n"));
  EXPECT_FALSE(read("\177ELF"));
  EXPECT_FALSE(Elf::read(FileDescriptor(-1)));
  std::string other_order = program_of_32_bits();
  other_order[EI_DATA] = ELFDATA2MSB;
  EXPECT_FALSE(read(other_order));
}

// Each run of bytes may be read, or not; what matters is that nothing else comes of it.
TEST_F(ElfTest, ToleratesAnyBytes) {
  const std::string small = program_of_32_bits();
  for (std::size_t size = 0; size < small.size(); ++size)
    read(std::string_view(small).substr(0, size));
  for (std::size_t i = EI_NIDENT; i < small.size(); ++i) {
    std::string changed = small;
    changed[i] = '\xff';
    read(changed);
  }

  std::ostringstream real;
  real << std::ifstream("/bin/true", std::ios::binary).rdbuf();
  std::mt19937 random(4);  // NOLINT: the same each time
  for (int i = 0; i < 500; ++i) {
    std::string changed = real.str();
    for (int flips = 0; flips < 8; ++flips) {
      // The header, the segments and what they point at lie in front.
      const std::size_t place = random() % (flips < 6 ? 1024 : changed.size());
      changed[std::max<std::size_t>(place, EI_NIDENT)] = static_cast<char>(random());
    }
    read(changed);
  }
}

TEST_F(ElfTest, FindsATextThatLiesAcrossTwoPieces) {
  const Folder folder;
  constexpr std::size_t kPiece = 1U << 20U;
  write_file(folder.file("large"), std::string(kPiece - 3, '.') + "libnss_%s.so" + "...");
  EXPECT_TRUE(file_contains(opened(folder.file("large")), "libnss_%s.so"));
  EXPECT_FALSE(file_contains(opened(folder.file("large")), "libnss_%s.soo"));
}

TEST(ElfNames, AreFoundByTheirBeginning) {
  const auto elf = Elf::read(opened("/proc/self/exe"));
  ASSERT_TRUE(elf);
  const auto versions = elf->names_with_prefix("GLIBC_2.");
  EXPECT_NE(std::ranges::find(versions, "GLIBC_2.34"), versions.end());
  EXPECT_TRUE(elf->names_with_prefix("no such name").empty());
}

}  // namespace
}  // namespace hlb::ctl::doctor
