#include "ctl/doctor/libraries.h"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

namespace hlb::ctl::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLibraries = 512;  // so that no container keeps doctor busy

// A folder of a run path, in which $ORIGIN is the folder of the file that has it (ld.so(8)).
fs::path expand_origin(std::string folder, const fs::path& file) {
  for (const std::string_view variable : {"$ORIGIN", "${ORIGIN}"}) {
    if (folder.starts_with(variable))
      return file.parent_path() / fs::path(folder.substr(variable.size())).relative_path();
  }
  return folder;
}

class Search {
 public:
  explicit Search(const Host& machine) : machine_(machine), defaults_(library_folders(machine)) {}

  // The library that `user`, a file of its architecture, gets by the name `wanted`.
  std::optional<Library> find(const std::string& wanted, const Library& user) const {
    if (wanted.find('/') != std::string::npos) return open(wanted, user.elf);
    for (const std::string& folder : user.elf.run_path) {
      if (auto found = open(expand_origin(folder, user.path) / wanted, user.elf)) return found;
    }
    for (const fs::path& folder : defaults_) {
      if (auto found = open(folder / wanted, user.elf)) return found;
    }
    return std::nullopt;
  }

 private:
  std::optional<Library> open(const fs::path& path, const Elf& user) const {
    const FileDescriptor file = machine_.open(path);
    if (!file.valid()) return std::nullopt;
    auto elf = Elf::read(file);
    if (!elf || elf->bits != user.bits || elf->machine != user.machine) return std::nullopt;
    return Library{path, std::move(*elf)};
  }

  const Host& machine_;
  std::vector<fs::path> defaults_;
};

}  // namespace

std::vector<fs::path> library_folders(const Host& machine) {
  std::vector<fs::path> folders;
  for (const fs::path& file : machine.list("/etc/ld.so.conf.d")) {
    std::istringstream lines(machine.read(file).value_or(""));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('/')) folders.emplace_back(line);
    }
  }
  for (const char* folder : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"})
    folders.emplace_back(folder);
  return folders;
}

std::optional<Library> find_library(const Host& machine, const std::string& name,
                                    const Library& user) {
  return Search(machine).find(name, user);
}

Libraries find_libraries(const Host& machine, const fs::path& program, const Elf& elf) {
  const Search search(machine);
  Libraries found = {{program, elf}};
  std::set<std::string> seen;
  for (std::size_t i = 0; i < found.size() && found.size() < kMostLibraries; ++i) {
    const std::vector<std::string> needed = found[i].elf.needed;
    for (const std::string& wanted : needed) {
      if (!seen.insert(wanted).second) continue;
      if (auto library = search.find(wanted, found[i])) found.push_back(std::move(*library));
    }
  }
  return found;
}

}  // namespace hlb::ctl::doctor
