#include "ctl/doctor/elf.h"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace hlb::ctl::doctor {
namespace {

constexpr std::size_t kMostHeaders = 4096;
constexpr std::size_t kMostNotes = 1U << 20U;
constexpr std::size_t kMostNames = 64U << 20U;
constexpr std::size_t kMostSearched = 512U << 20U;

// `size` bytes at `offset`, or as many as there are: a size that isn't true costs no memory.
std::string bytes_at(const FileDescriptor& file, std::uint64_t offset, std::size_t size) {
  constexpr std::size_t kPiece = 65536;
  std::string bytes;
  while (bytes.size() < size && offset <= INT64_MAX - size) {
    const std::size_t before = bytes.size();
    bytes.resize(std::min(size, before + kPiece));
    const ssize_t got = ::pread(file.get(), bytes.data() + before, bytes.size() - before,
                                static_cast<off_t>(offset + before));
    bytes.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  return bytes;
}

// As many elements as `bytes` has room for, `most` at most, and as the file has.
template <typename T>
std::vector<T> read_array(const FileDescriptor& file, std::uint64_t offset, std::uint64_t bytes,
                          std::size_t most) {
  const std::size_t count = std::min<std::uint64_t>(bytes / sizeof(T), most);
  const std::string raw = bytes_at(file, offset, count * sizeof(T));
  std::vector<T> array(raw.size() / sizeof(T));
  if (!array.empty()) std::memcpy(array.data(), raw.data(), array.size() * sizeof(T));
  return array;
}

struct Class32 {
  using Header = Elf32_Ehdr;
  using Segment = Elf32_Phdr;
  using Section = Elf32_Shdr;
  using Dynamic = Elf32_Dyn;
};
struct Class64 {
  using Header = Elf64_Ehdr;
  using Segment = Elf64_Phdr;
  using Section = Elf64_Shdr;
  using Dynamic = Elf64_Dyn;
};

// The text at that offset of a table of names, up to its zero byte.
std::string text_at(std::string_view names, std::uint64_t offset) {
  if (offset >= names.size()) return "";
  names.remove_prefix(offset);
  return std::string(names.substr(0, names.find('\0')));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

std::vector<Elf::Note> read_notes(std::string_view bytes) {
  constexpr auto kPadded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  std::vector<Elf::Note> notes;
  Elf32_Nhdr header{};  // the same in both classes
  while (bytes.size() >= sizeof header) {
    std::memcpy(&header, bytes.data(), sizeof header);
    bytes.remove_prefix(sizeof header);
    const std::size_t owner = kPadded(header.n_namesz);
    if (owner > bytes.size() || header.n_descsz > bytes.size() - owner) break;
    notes.push_back({text_at(bytes.substr(0, header.n_namesz), 0), header.n_type,
                     std::string(bytes.substr(owner, header.n_descsz))});
    bytes.remove_prefix(std::min(bytes.size(), owner + kPadded(header.n_descsz)));
  }
  return notes;
}

// The dynamic section, which the dynamic linker reads, found as it does, by the segments alone.
template <typename Class>
class Dynamic {
 public:
  Dynamic(const FileDescriptor& file, const std::vector<typename Class::Segment>& segments) {
    for (const auto& segment : segments) {
      if (segment.p_type != PT_DYNAMIC) continue;
      entries_ = read_array<typename Class::Dynamic>(file, segment.p_offset, segment.p_filesz,
                                                     kMostHeaders);
    }
    const std::uint64_t start = value(DT_STRTAB);
    for (const auto& segment : segments) {
      const std::uint64_t into = start - segment.p_vaddr;
      if (segment.p_type != PT_LOAD || start < segment.p_vaddr || into >= segment.p_filesz)
        continue;
      names_ = bytes_at(file, segment.p_offset + into,
                        std::min<std::uint64_t>(value(DT_STRSZ), kMostNames));
    }
  }

  std::uint64_t value(std::int64_t tag) const {
    for (const auto& entry : entries_) {
      if (entry.d_tag == tag) return entry.d_un.d_val;
    }
    return 0;
  }
  std::vector<std::string> texts(std::int64_t tag) const {
    std::vector<std::string> found;
    for (const auto& entry : entries_) {
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == tag) found.push_back(text_at(names_, entry.d_un.d_val));
    }
    return found;
  }
  const std::string& names() const { return names_; }

 private:
  std::vector<typename Class::Dynamic> entries_;
  std::string names_;
};

template <typename Class>
bool has_go_section(const FileDescriptor& file, const typename Class::Header& header) {
  const auto sections = read_array<typename Class::Section>(
      file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(typename Class::Section),
      kMostHeaders);
  if (header.e_shstrndx >= sections.size()) return false;
  const auto& names = sections[header.e_shstrndx];
  const std::string text =
      bytes_at(file, names.sh_offset, std::min<std::uint64_t>(names.sh_size, kMostNotes));
  return std::ranges::any_of(sections, [&text](const auto& section) {
    const std::string name = text_at(text, section.sh_name);
    return name == ".go.buildinfo" || name == ".note.go.buildid";
  });
}

// Reads all but the class, and returns the names of the symbols.
template <typename Class>
std::string read_as(const FileDescriptor& file, Elf& elf) {
  using Segment = typename Class::Segment;
  typename Class::Header header{};
  const std::string raw = bytes_at(file, 0, sizeof header);
  if (raw.size() < sizeof header) return "";
  std::memcpy(&header, raw.data(), sizeof header);
  elf.machine = header.e_machine;
  const auto segments = read_array<Segment>(
      file, header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Segment), kMostHeaders);
  for (const Segment& segment : segments) {
    const auto size = std::min<std::uint64_t>(segment.p_filesz, kMostNotes);
    if (segment.p_type == PT_INTERP)
      elf.interpreter = text_at(bytes_at(file, segment.p_offset, size), 0);
    if (segment.p_type != PT_NOTE) continue;
    std::ranges::move(read_notes(bytes_at(file, segment.p_offset, size)),
                      std::back_inserter(elf.notes));
  }
  const Dynamic<Class> dynamic(file, segments);
  elf.needed = dynamic.texts(DT_NEEDED);
  for (const std::int64_t tag : {DT_RUNPATH, DT_RPATH}) {
    for (const std::string& folders : dynamic.texts(tag))
      std::ranges::move(split(folders, ':'), std::back_inserter(elf.run_path));
  }
  const bool is_pie = (dynamic.value(DT_FLAGS_1) & DF_1_PIE) != 0;
  elf.is_library = header.e_type == ET_DYN && elf.interpreter.empty() && !is_pie;
  elf.is_go = has_go_section<Class>(file, header) ||
              std::ranges::any_of(elf.notes, [](const auto& note) { return note.owner == "Go"; });
  return dynamic.names();
}

}  // namespace

std::optional<Elf> Elf::read(const FileDescriptor& file) {
  const std::string ident = bytes_at(file, 0, EI_NIDENT);
  constexpr char kOurOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident.size() < EI_NIDENT || !ident.starts_with(ELFMAG) || ident[EI_DATA] != kOurOrder)
    return std::nullopt;
  Elf elf;
  elf.bits = ident[EI_CLASS] == ELFCLASS32 ? 32 : 64;
  const std::string names =
      elf.bits == 32 ? read_as<Class32>(file, elf) : read_as<Class64>(file, elf);
  elf.symbol_names_ = std::string(1, '\0') + names + '\0';
  return elf;
}

bool Elf::has_symbol(std::string_view name) const {
  return symbol_names_.find(std::string(name) + '\0') != std::string::npos;
}

bool Elf::has_symbol_with_prefix(std::string_view prefix) const {
  return symbol_names_.find('\0' + std::string(prefix)) != std::string::npos;
}

std::vector<std::string> Elf::names_with_prefix(std::string_view prefix) const {
  std::vector<std::string> found;
  const std::string start = '\0' + std::string(prefix);
  std::size_t at = symbol_names_.find(start);
  while (at != std::string::npos) {
    found.push_back(text_at(symbol_names_, at + 1));
    at = symbol_names_.find(start, at + 1);
  }
  return found;
}

bool file_contains(const FileDescriptor& file, std::string_view text) {
  constexpr std::size_t kPiece = 1U << 20U;
  for (std::uint64_t offset = 0; offset < kMostSearched; offset += kPiece) {
    const std::string piece = bytes_at(file, offset, kPiece + text.size());
    if (piece.find(text) != std::string::npos) return true;
    if (piece.size() < kPiece) return false;
  }
  return false;
}

}  // namespace hlb::ctl::doctor
