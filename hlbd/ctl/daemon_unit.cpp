#include "ctl/daemon_unit.h"

#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "ctl/import/text_file.h"
#include "system/whole_file.h"
#include "text/ascii.h"

namespace hlb::ctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostUnit = std::size_t{1} << 20U;

// Where systemd looks, first the folder that wins (systemd.unit(5)).
constexpr auto kUnitFolders = std::to_array<const char*>(
    {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
     "/usr/lib/systemd/system", "/lib/systemd/system"});

// To ping, and to read files that aren't open to hlbd's user.
constexpr auto kOfUse = std::to_array<std::pair<std::string_view, unsigned>>(
    {{"cap_net_raw", CAP_NET_RAW},
     {"cap_dac_override", CAP_DAC_OVERRIDE},
     {"cap_dac_read_search", CAP_DAC_READ_SEARCH}});

// The unit, then its drop-ins by name, of which each comes from the first folder that has it.
std::vector<fs::path> unit_files() {
  std::vector<fs::path> files;
  std::map<std::string, fs::path> drop_ins;
  for (const fs::path folder : kUnitFolders) {
    std::error_code error;
    if (files.empty() && fs::exists(folder / "hlbd.service", error))
      files.push_back(folder / "hlbd.service");
    for (fs::directory_iterator each(folder / "hlbd.service.d", error), end; !error && each != end;
         each.increment(error)) {
      if (each->path().extension() == ".conf")
        drop_ins.try_emplace(each->path().filename().string(), each->path());
    }
  }
  if (files.empty()) return {};
  for (const auto& [name, path] : drop_ins)
    files.push_back(path);
  return files;
}

std::vector<std::string> words_of(const std::string& value) {
  std::istringstream words(value);
  std::vector<std::string> all;
  for (std::string word; words >> word;)
    all.push_back(std::move(word));
  return all;
}

std::uint32_t capability(std::string_view word) {
  const auto* const known = std::ranges::find(kOfUse, text::lower_case(word),
                                              [](const auto& each) { return each.first; });
  return known == kOfUse.end() ? 0 : std::uint32_t{1} << known->second;
}

// Takes one setting; an empty value takes back what lists had before it.
void take_in(DaemonUnit& unit, std::string_view key, const std::string& value) {
  if (key == "User") unit.user = value.empty() ? "root" : value;
  if (key == "SupplementaryGroups") {
    if (value.empty()) unit.groups.clear();
    for (std::string& group : words_of(value))
      unit.groups.push_back(std::move(group));
  }
  if (key == "AmbientCapabilities") {
    if (value.empty()) unit.capabilities = 0;
    for (const std::string& word : words_of(value))
      unit.capabilities |= capability(word);
  }
}

}  // namespace

std::optional<DaemonUnit> read_daemon_unit() {
  std::error_code error;
  if (!fs::is_directory("/run/systemd/system", error)) return std::nullopt;  // as sd_booted(3)
  const std::vector<fs::path> files = unit_files();
  if (files.empty()) return std::nullopt;
  DaemonUnit unit;
  for (const fs::path& file : files) {
    const std::string text = read_whole(file, kMostUnit).value_or("");
    for (const std::string_view line : lines_of(text)) {
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      take_in(unit, trimmed(line.substr(0, equals)), std::string(trimmed(line.substr(equals + 1))));
    }
  }
  return unit;
}

}  // namespace hlb::ctl
