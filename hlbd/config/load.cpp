// Which files make up the configuration, and reading them.

#include <algorithm>
#include <system_error>
#include <variant>

#include "config/config.h"
#include "config/draft.h"
#include "system/whole_file.h"

namespace hlb {

namespace {

// What stands in the way of reading a file, and what to do about it.
std::string fault_of(const std::error_code& error) {
  if (error == std::errc::is_a_directory) return "is a directory; put a file in its place";
  if (error == std::errc::not_a_stream) return "is not a regular file; put one in its place";
  if (error == std::errc::file_too_large)
    return "is larger than 1 MiB; split it into services.d/*.toml";
  return "cannot be read: " + error.message();
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

// The files of services.d. A folder that isn't there counts as empty.
std::vector<std::filesystem::path> services_files(const std::filesystem::path& folder,
                                                  config::Draft& draft) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    if (is_services_file(entry->path())) files.push_back(entry->path());
    entry.increment(error);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    draft.add_fault(folder.string(), "cannot be read: " + error.message());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

std::string ConfigError::to_string() const {
  std::string place = file;
  if (line != 0) place += ":" + std::to_string(line) + ":" + std::to_string(column);
  return place + ": " + message;
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
