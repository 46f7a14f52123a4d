#include "publish/runtime_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "system/file_identity.h"

namespace hlb::publish {
namespace {

FileDescriptor take(const std::filesystem::path& lock_path) {
  constexpr mode_t kOursAlone = 0600;
  FileDescriptor lock(
      open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kOursAlone));
  if (!lock.valid()) throw std::system_error(errno, std::generic_category(), lock_path.string());
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error("another hlbd serves " + lock_path.parent_path().string());
  }
  return lock;
}

}  // namespace

RuntimeFolder::RuntimeFolder(const std::filesystem::path& folder)
    : lock_path_(folder / kLockFile), lock_(-1) {
  std::filesystem::create_directories(folder);
  lock_ = take(lock_path_);
}

bool RuntimeFolder::is_ours() const {
  const auto standing = identity_of(lock_path_);
  return standing && standing == identity_of(lock_);
}

}  // namespace hlb::publish
