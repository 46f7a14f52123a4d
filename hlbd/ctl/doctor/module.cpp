#include "ctl/doctor/module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <array>
#include <cstring>
#include <optional>

#include "ctl/doctor/aside.h"
#include "ctl/doctor/elf.h"
#include "ctl/doctor/obstacles.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/module_note.h"

namespace hlb::ctl::doctor {
namespace {

constexpr char kAboutModule[] = "module";
constexpr char kName[] = "libnss_hlb.so.2";
constexpr char kReinstall[] = "Type: apt install --reinstall libnss-hlb";

constexpr std::array<const char*, 4> kEntryPoints = {
    "_nss_hlb_gethostbyname4_r", "_nss_hlb_gethostbyname3_r", "_nss_hlb_gethostbyname2_r",
    "_nss_hlb_gethostbyname_r"};

// Tells 'e' and an error; or 'f' and the file, before which may stand 'm' and an entry point that
// is missing, in a line of their own.
void load_here(const Tell& tell) {
  void* module = ::dlopen(kName, RTLD_NOW);
  if (module == nullptr) return tell(std::string("e") + ::dlerror());
  for (const char* entry : kEntryPoints) {
    if (::dlsym(module, entry) != nullptr) continue;
    tell(std::string("m") + entry + "\n");
    break;
  }
  link_map* map = nullptr;
  if (::dlinfo(module, RTLD_DI_LINKMAP, &map) == 0) tell(std::string("f") + map->l_name);
}

struct TableVersion {
  std::uint16_t major = 0;
};

// The version of the tables that the module reads; nullopt when its file doesn't say.
std::optional<TableVersion> table_version(const Host& machine, const std::filesystem::path& file) {
  const auto elf = Elf::read(machine.open(file));
  if (!elf) return std::nullopt;
  for (const Elf::Note& note : elf->notes) {
    if (note.owner != module_note::kOwner || note.type != module_note::kTableVersion) continue;
    if (note.content.size() < 2 * sizeof(std::uint16_t)) continue;
    std::uint16_t major = 0;
    std::memcpy(&major, note.content.data(), sizeof major);
    return TableVersion{major};
  }
  return std::nullopt;
}

Findings check_version(const Host& machine, const Module& module, const Published& table) {
  const auto published = table.version();
  const auto read = table_version(machine, module.file);
  if (!published || (read && read->major == *published)) return {};
  return {fault(kAboutModule,
                read ? fmt::format("{} reads tables of version {}, but hlbd publishes version {}",
                                   module.file.string(), read->major, *published)
                     : fmt::format("{} is of another release than hlbd", module.file.string()),
                "Each lookup has to ask hlbd over its socket.",
                "Install libnss-hlb and hlbd of one release, and restart hlbd.")};
}

}  // namespace

tl::expected<Module, LoadFailure> load_module() {
  const Aside aside = run_aside(load_here);
  const std::string& told = aside.told;
  if (aside.end == Aside::End::late)
    return tl::unexpected(LoadFailure{"doesn't come to an end", true});
  if (aside.end == Aside::End::died) {
    return tl::unexpected(LoadFailure{
        aside.signal == 0 ? "ends the program"
                          : fmt::format("ends the program: {}", ::strsignal(aside.signal)),
        true});
  }
  if (!told.starts_with('f') && !told.starts_with('m'))
    return tl::unexpected(LoadFailure{told.empty() ? "" : told.substr(1), false});
  Module module;
  const std::size_t end = told.find('\n');
  if (told.starts_with('m')) module.missing = told.substr(1, end - 1);
  module.file = told.substr(told.starts_with('m') ? end + 2 : 1);
  return module;
}

Findings check_module(const Host& machine, const tl::expected<Module, LoadFailure>& module,
                      const Published& table) {
  if (!module && module.error().breaks_programs) {
    return {fault(kAboutModule, fmt::format("loading {} {}", kName, module.error().reason),
                  "It does so in every program that looks up a host name.", kReinstall)};
  }
  if (!module) {
    return {fault(kAboutModule, "glibc can't load it: " + module.error().reason,
                  "No lookup reaches hlb.", "Type: apt install libnss-hlb")};
  }
  if (!module->missing.empty()) {
    return {fault(kAboutModule, fmt::format("{} has no {}", module->file.string(), module->missing),
                  "glibc finds nothing to call.", kReinstall)};
  }
  Findings findings = check_version(machine, *module, table);
  append(findings, check_open_to_all(machine, module->file,
                                     "Programs of other users can't load the module."));
  return findings;
}

}  // namespace hlb::ctl::doctor
