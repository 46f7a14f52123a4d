#include "ctl/doctor/host.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "system/whole_file.h"

namespace hlb::ctl::doctor {
namespace fs = std::filesystem;

namespace {

tl::unexpected<std::error_code> failed(int error) {
  return tl::unexpected(std::error_code(error, std::generic_category()));
}

}  // namespace

FileDescriptor Host::open(const fs::path& path, int flags) const {
  constexpr int kNeverWait = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const int how = (flags & O_PATH) != 0 ? flags | O_CLOEXEC : flags | kNeverWait;
  // /proc holds links that RESOLVE_IN_ROOT refuses, and here nothing leads astray.
  if (is_ours()) return FileDescriptor(::open(path.c_str(), how));
  const FileDescriptor root(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return FileDescriptor(-1);
  open_how within{};
  within.flags = static_cast<unsigned>(how);
  within.resolve = RESOLVE_IN_ROOT;
  const long fd = syscall(SYS_openat2, root.get(), path.c_str(), &within, sizeof within);
  if (fd < 0 && errno == ENOSYS) return FileDescriptor(::open(at(path).c_str(), how));
  return FileDescriptor(static_cast<int>(fd));
}

tl::expected<std::string, std::error_code> Host::read(const fs::path& path,
                                                      std::size_t most) const {
  const FileDescriptor file = open(path);
  if (!file.valid()) return failed(errno);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) return failed(S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  return read_up_to(file, most);
}

std::optional<struct stat> Host::status(const fs::path& path) const {
  const FileDescriptor file = open(path, O_PATH);
  struct stat status{};
  if (!file.valid() || fstat(file.get(), &status) != 0) return std::nullopt;
  return status;
}

std::vector<fs::path> Host::list(const fs::path& folder) const {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator each(at(folder), error), end; !error && each != end;
       each.increment(error)) {
    found.push_back(folder / each->path().filename());
  }
  std::ranges::sort(found);
  return found;
}

bool same_file(const std::optional<struct stat>& one, const std::optional<struct stat>& other) {
  return one && other && one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

}  // namespace hlb::ctl::doctor
