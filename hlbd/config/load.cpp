// Which files make up the configuration, and reading them.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "config/config.h"
#include "config/draft.h"
#include "config/reader.h"
#include "system/whole_file.h"
#include "text/wording.h"

namespace hlb {

namespace {

constexpr std::size_t kMostNamed = 8;

// What stands in the way of reading a file, and what to do about it.
std::string fault_of(const std::error_code& error) {
  if (error == std::errc::is_a_directory) return "is a directory; put a file in its place";
  if (error == std::errc::not_a_stream) return "is not a regular file; put one in its place";
  if (error == std::errc::file_too_large)
    return "is larger than 1 MiB; split it into services.d/*.toml";
  return config::unreadable(error);
}

void add_file(config::Draft& draft, const std::filesystem::path& path, config::FileRole role) {
  const auto text = read_whole(path, kMaxConfigFile);
  if (text) {
    draft.add_text(path.string(), *text, role);
  } else {
    draft.add_fault(path.string(), fault_of(text.error()));
  }
}

// Matches as a shell's *.toml does: without the hidden files that editors leave beside a file that
// they write.
bool is_services_file(const std::filesystem::path& path) {
  return path.extension() == ".toml" && !path.filename().string().starts_with('.');
}

// Whether a file is there on purpose without being read: hidden, or what editors, package managers
// and people who set a file aside leave beside one.
bool is_set_aside(const std::string& name) {
  constexpr auto kEndings = std::to_array<std::string_view>(
      {"~", "#", ".bak", ".disabled", ".old", ".orig", ".save", ".swp", ".tmp"});
  constexpr auto kOfPackages = std::to_array<std::string_view>({".dpkg-", ".ucf-", ".rpm"});
  return name.starts_with('.') ||
         std::ranges::any_of(kEndings, [&](std::string_view end) { return name.ends_with(end); }) ||
         std::ranges::any_of(kOfPackages, [&](std::string_view part) {
           return name.find(part) != std::string::npos;
         });
}

// Warns of files that were meant to be read, most likely.
void warn_of_unread(std::vector<std::string> names, const std::filesystem::path& folder,
                    config::Draft& draft) {
  if (names.empty()) return;
  std::ranges::sort(names);
  std::string message = "files whose names don't end in .toml are not read; rename or move";
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i)
    message += (i == 0 ? " " : ", ") + text::in_quotes(names[i]);
  if (names.size() > kMostNamed)
    message += " and " + std::to_string(names.size() - kMostNamed) + " more";
  draft.add_warning(folder.string(), std::move(message));
}

// The files of services.d. A folder that isn't there counts as empty.
std::vector<std::filesystem::path> services_files(const std::filesystem::path& folder,
                                                  config::Draft& draft) {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> unread;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (is_services_file(entry->path())) {
      files.push_back(entry->path());
    } else if (!is_set_aside(name) && !entry->is_directory(ignored)) {
      unread.push_back(name);
    }
    entry.increment(error);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    draft.add_fault(folder.string(), config::unreadable(error));
  }
  std::ranges::sort(files);
  warn_of_unread(std::move(unread), folder, draft);
  return files;
}

}  // namespace

std::string ConfigError::place() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string ConfigError::to_string() const {
  return place() + ": " + message;
}

tl::expected<Config, ConfigErrors> load_config(const std::filesystem::path& file) {
  config::Draft draft;
  add_file(draft, file, config::FileRole::main);
  for (const auto& path : services_files(file.parent_path() / "services.d", draft)) {
    add_file(draft, path, config::FileRole::services);
  }
  return draft.finish(file.string());
}

}  // namespace hlb
