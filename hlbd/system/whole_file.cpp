#include "system/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "system/last_error.h"

namespace hlb {
namespace {

enum class Through { kernel, disk };

bool write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

FileDescriptor create(const std::filesystem::path& draft) {
  constexpr mode_t kOwnersAlone = 0600;
  std::error_code error;
  std::filesystem::create_directories(draft.parent_path(), error);
  if (error) {
    errno = error.value();
    return FileDescriptor(-1);
  }
  unlink(draft.c_str());  // left by one that was killed while writing
  return FileDescriptor(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnersAlone));
}

// A rename is on the disk when its folder is.
bool sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.valid() && fsync(opened.get()) == 0;
}

// Puts the draft in the file's place, through to the disk. Until that is sure the file before has
// the draft's name, so that it can come back; a file system that exchanges no names loses it.
bool put_in_place(const std::filesystem::path& draft, const std::filesystem::path& path) {
  const auto exchange = [&] {
    return renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0;
  };
  const bool exchanged = exchange();
  struct stat before{};
  if (exchanged && lstat(draft.c_str(), &before) == 0 && S_ISDIR(before.st_mode)) {
    exchange();  // a folder isn't taken for a file
    errno = EISDIR;
    return false;
  }
  const bool is_first = !exchanged && errno == ENOENT;
  if (!exchanged && rename(draft.c_str(), path.c_str()) != 0) return false;
  const bool synced = sync_folder(path.parent_path());
  const int error = errno;
  if (!synced && exchanged) rename(draft.c_str(), path.c_str());
  if (!synced && is_first) unlink(path.c_str());
  if (synced && exchanged) unlink(draft.c_str());
  errno = error;
  return synced;
}

tl::expected<FileDescriptor, std::error_code> replace(const std::filesystem::path& path,
                                                      std::string_view text, Through through) {
  const std::filesystem::path draft = path.string() + ".new";
  FileDescriptor file = create(draft);
  const bool written = file.valid() && write_all(file, text);
  const bool kept = through == Through::kernel
                        ? written && rename(draft.c_str(), path.c_str()) == 0
                        : written && fsync(file.get()) == 0 && put_in_place(draft, path);
  if (kept) return file;
  const std::error_code error = last_error();
  unlink(draft.c_str());
  return tl::unexpected(error);
}

}  // namespace

tl::expected<std::string, std::error_code> read_up_to(const FileDescriptor& file,
                                                      std::size_t most) {
  std::string text;
  std::string space(std::min(most, std::size_t{1} << 16U), '\0');
  while (text.size() < most) {
    const std::size_t wanted = std::min(space.size(), most - text.size());
    const ssize_t count = read(file.get(), space.data(), wanted);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return tl::unexpected(last_error());
    if (count == 0) break;
    text.append(space, 0, static_cast<std::size_t>(count));
  }
  return text;
}

tl::expected<std::string, std::error_code> read_whole(const std::filesystem::path& path,
                                                      std::size_t most, int flags) {
  const FileDescriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  struct stat status{};
  if (!file.valid() || fstat(file.get(), &status) != 0) return tl::unexpected(last_error());
  const auto refused = [](std::errc why) { return tl::unexpected(std::make_error_code(why)); };
  if (S_ISDIR(status.st_mode)) return refused(std::errc::is_a_directory);
  if (!S_ISREG(status.st_mode)) return refused(std::errc::not_a_stream);
  if (std::cmp_greater(status.st_size, most)) return refused(std::errc::file_too_large);
  auto text = read_up_to(file, most + 1);  // it may have grown meanwhile
  if (text && text->size() > most) return refused(std::errc::file_too_large);
  return text;
}

tl::expected<std::optional<std::string>, Unusable> read_own(const std::filesystem::path& path,
                                                            std::size_t most) {
  auto text = read_whole(path, most, O_NOFOLLOW);
  if (text) return std::move(*text);
  const std::error_code& error = text.error();
  if (error == std::errc::no_such_file_or_directory) return std::nullopt;
  std::string reason = "can't be read: " + error.message();
  if (error == std::errc::file_too_large)
    reason = "is larger than " + std::to_string(most >> 20U) + " MiB";
  if (error == std::errc::is_a_directory || error == std::errc::not_a_stream)
    reason = "is not a regular file";
  return tl::unexpected(Unusable{std::move(reason)});
}

tl::expected<FileDescriptor, std::error_code> replace_whole(const std::filesystem::path& path,
                                                            std::string_view text) {
  return replace(path, text, Through::kernel);
}

tl::expected<FileDescriptor, std::error_code> save_to_disk(const std::filesystem::path& path,
                                                           std::string_view text) {
  return replace(path, text, Through::disk);
}

}  // namespace hlb
