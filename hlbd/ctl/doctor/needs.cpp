// The part of process.h about what the module needs of the C library.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "ctl/doctor/elf.h"
#include "ctl/doctor/process.h"

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersionPrefix = "GLIBC_";

// 2.4 is before 2.28. What is no number, as GLIBC_PRIVATE, is before all.
std::pair<int, int> as_numbers(std::string_view version) {
  version.remove_prefix(kVersionPrefix.size());
  const std::size_t dot = std::min(version.find('.'), version.size());
  std::pair<int, int> numbers{0, 0};
  std::from_chars(version.data(), version.data() + dot, numbers.first);
  if (dot < version.size())
    std::from_chars(version.data() + dot + 1, version.data() + version.size(), numbers.second);
  return numbers;
}

// The latest of these versions; empty if there is none.
std::string latest(const std::vector<std::string>& versions) {
  const auto found = std::ranges::max_element(versions, {}, as_numbers);
  return found == versions.end() ? "" : *found;
}

std::optional<Elf> read_elf(const Host& inside, const fs::path& file) {
  const FileDescriptor opened = inside.open(file);
  return opened.valid() ? Elf::read(opened) : std::nullopt;
}

// A mapped file. Of a process in a chroot the kernel tells the path from another root folder; so
// its first folders are left out until it is there.
std::optional<Elf> read_mapped(const Host& inside, const fs::path& file) {
  const fs::path path = file.relative_path();
  for (auto first = path.begin(); first != path.end(); ++first) {
    fs::path rest = "/";
    for (auto each = first; each != path.end(); ++each)
      rest /= *each;
    if (auto elf = read_elf(inside, rest)) return elf;
  }
  return std::nullopt;
}

// The C library that the process runs with.
std::optional<Elf> c_library(const Host& inside, const Process& process) {
  for (const fs::path file : process.mapped) {
    const std::string name = file.filename().string();
    if (name.starts_with("libc.so.6") || name.starts_with("libc-2."))
      return read_mapped(inside, file);
  }
  return std::nullopt;
}

}  // namespace

Findings check_needs(const Host& inside, const Process& process,
                     const std::vector<fs::path>& folders) {
  const auto libc = c_library(inside, process);
  if (!libc) return {};
  for (const fs::path& folder : folders) {
    const fs::path file = folder / "libnss_hlb.so.2";
    const auto module = read_elf(inside, file);
    if (!module || module->bits != libc->bits || module->machine != libc->machine) continue;
    const std::string needed = latest(module->names_with_prefix(kVersionPrefix));
    if (needed.empty() || libc->has_symbol(needed)) return {};
    std::string has = latest(libc->names_with_prefix(kVersionPrefix));
    return {fault("program",
                  fmt::format("{} needs {}, and the glibc of process {} ends at {}", file.string(),
                              needed, process.pid, has),
                  "It can't load the module, and its lookups don't reach hlb.",
                  "Install there the libnss_hlb.so.2 of hlb's package, which needs GLIBC_2.28.")};
  }
  return {};
}

}  // namespace hlb::ctl::doctor
