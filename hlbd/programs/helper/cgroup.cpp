#include "programs/helper/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace hlb::programs {
namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";

// The helper's own cgroup, named by a line such as "0::/system.slice/hlb-programs.service".
std::optional<std::filesystem::path> own_cgroup() {
  constexpr std::string_view kPrefix = "0::";
  std::ifstream list("/proc/self/cgroup");
  for (std::string line; std::getline(list, line);) {
    if (line.starts_with(kPrefix)) return kRoot + line.substr(kPrefix.size());
  }
  return std::nullopt;
}

// Whether systemd has marked it as delegated: see org.freedesktop.systemd1(5), Delegate.
bool is_delegated(const std::filesystem::path& cgroup) {
  char value = 0;
  return getxattr(cgroup.c_str(), "user.delegate", &value, sizeof value) == 1 && value == '1';
}

// Removes the cgroup with those that a program has made in it. False while something lives there.
bool remove_tree(const std::filesystem::path& cgroup) {
  std::error_code error;
  std::filesystem::directory_iterator inside(cgroup, error);
  for (; !error && inside != std::filesystem::directory_iterator(); inside.increment(error)) {
    if (inside->is_directory(error) && !remove_tree(inside->path())) return false;
  }
  return rmdir(cgroup.c_str()) == 0 || errno != EBUSY;
}

}  // namespace

std::optional<Cgroup> Cgroup::make(const std::filesystem::path& path) {
  constexpr mode_t kMode = 0755;
  if (mkdir(path.c_str(), kMode) != 0) return std::nullopt;
  FileDescriptor entrance(open((path / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  Cgroup cgroup(path, std::move(entrance));
  if (cgroup.entrance_.valid()) return cgroup;
  cgroup.remove();
  return std::nullopt;
}

void Cgroup::kill() const {
  const FileDescriptor file(open((path_ / "cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
  if (file.valid()) (void)!write(file.get(), "1", 1);
}

bool Cgroup::remove() const {
  return remove_tree(path_);
}

Cgroups::Cgroups() : own_(own_cgroup()) {
  if (own_ && !is_delegated(*own_)) own_.reset();
}

std::optional<Cgroup> Cgroups::make() {
  if (!own_) return std::nullopt;
  do {
    errno = 0;
    auto cgroup = Cgroup::make(*own_ / ("program-" + std::to_string(++last_)));
    if (cgroup) return cgroup;
  } while (errno == EEXIST);  // it was left by an earlier helper
  return std::nullopt;
}

}  // namespace hlb::programs
