#include "system/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace hlb {
namespace {

std::string why() {
  return std::generic_category().message(errno);
}

Unusable too_large(off_t most) {
  return {"is larger than " + std::to_string(most >> 20U) + " MiB"};
}

// Up to `most`, whatever the file grows to meanwhile.
std::variant<std::optional<std::string>, Unusable> read_all(const FileDescriptor& file,
                                                            off_t most) {
  std::string text;
  std::string space(std::size_t{1} << 16U, '\0');
  while (text.size() <= static_cast<std::size_t>(most)) {
    const ssize_t count = read(file.get(), space.data(), space.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Unusable{"can't be read: " + why()};
    if (count == 0) return text;
    text.append(space, 0, static_cast<std::size_t>(count));
  }
  return too_large(most);
}

// A rename is on the disk when its folder is.
bool sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && fsync(opened.get()) == 0;
}

}  // namespace

std::variant<std::optional<std::string>, Unusable> read_whole(const std::filesystem::path& path,
                                                              off_t most) {
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!file.valid() && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (!file.valid() || fstat(file.get(), &status) != 0) return Unusable{"can't be read: " + why()};
  if (!S_ISREG(status.st_mode)) return Unusable{"is not a regular file"};
  if (status.st_size > most) return too_large(most);
  return read_all(file, most);
}

bool write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string save_to_disk(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path draft = path.string() + ".new";
  const FileDescriptor file = open_draft(draft);
  const bool kept = file.valid() && write_all(file, text) && fsync(file.get()) == 0 &&
                    rename(draft.c_str(), path.c_str()) == 0 && sync_folder(path.parent_path());
  if (kept) return "";
  std::string trouble = why();
  unlink(draft.c_str());
  return trouble;
}

FileDescriptor open_draft(const std::filesystem::path& draft) {
  constexpr mode_t kReadableByAll = 0644;
  std::error_code error;
  std::filesystem::create_directories(draft.parent_path(), error);
  if (error) {
    errno = error.value();
    return FileDescriptor(-1);
  }
  unlink(draft.c_str());  // left by one that was killed while writing
  return FileDescriptor(
      open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll));
}

}  // namespace hlb
