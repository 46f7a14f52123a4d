// Which files make up the configuration, and reading them.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <variant>

#include "config/config.h"
#include "config/draft.h"

namespace hlb {

namespace {

struct Unreadable {
  std::string reason;
};

Unreadable system_fault() {
  return {"cannot be read: " + std::generic_category().message(errno)};
}

class OpenFile {
 public:
  // Never waits: a FIFO in the file's place would block an open without O_NONBLOCK.
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }

  int fd() const { return fd_; }

 private:
  int fd_;
};

// The fault of what was opened; empty for a regular file.
std::string type_fault(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0) return system_fault().reason;
  if (S_ISDIR(status.st_mode)) return "is a directory; put a file in its place";
  if (!S_ISREG(status.st_mode)) return "is not a regular file; put one in its place";
  return "";
}

// Reads on through short reads and signals, one byte past the limit at most.
std::variant<std::string, Unreadable> read_bounded(int fd) {
  std::string text(kMaxConfigFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_fault();
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMaxConfigFile)
    return Unreadable{"is larger than 1 MiB; split it into services.d/*.toml"};
  text.resize(size);
  return text;
}

std::variant<std::string, Unreadable> read_file(const std::filesystem::path& path) {
  const OpenFile file(path);
  if (file.fd() < 0) return system_fault();
  if (std::string fault = type_fault(file.fd()); !fault.empty())
    return Unreadable{std::move(fault)};
  return read_bounded(file.fd());
}

void add_file(config::Draft& draft, const std::filesystem::path& path, config::FileRole role) {
  const auto contents = read_file(path);
  if (const auto* unreadable = std::get_if<Unreadable>(&contents)) {
    draft.add_fault(path.string(), unreadable->reason);
  } else {
    draft.add_text(path.string(), std::get<std::string>(contents), role);
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
