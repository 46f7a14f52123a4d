#include "probes/file/look.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "system/file_descriptor.h"

namespace hlb::probes {
namespace {

std::string unreadable() {
  return "cannot be read: " + std::generic_category().message(errno);
}

// Why a file isn't to be read; empty when it is.
std::string refusal(const struct stat& status) {
  return S_ISREG(status.st_mode) ? "" : "is not a regular file";
}

// The bytes of a regular file; `trouble` says why there are none. Anything else may have taken its
// place since it was looked at, even what would block.
std::string bytes_of(const std::string& path, std::string& trouble) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) trouble = unreadable();
  if (trouble.empty()) trouble = refusal(status);
  std::string bytes;
  std::array<char, 65536> chunk;
  while (trouble.empty()) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) break;
    if (count < 0) {
      trouble = unreadable();
    } else if (bytes.size() + static_cast<std::size_t>(count) > BackendFile::kMaxSize) {
      trouble = "is larger than 1 MiB";
    } else {
      bytes.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }
  return bytes;
}

KnownFile read(const std::string& path, const std::optional<FileStamp>& stamp) {
  KnownFile file{stamp, nullptr, ""};
  std::string bytes = bytes_of(path, file.trouble);
  if (file.trouble.empty()) file.contents = std::make_shared<const BackendFile>(std::move(bytes));
  return file;
}

}  // namespace

FileLook look_at(const std::string& path, const KnownFile& before, bool anyway) {
  FileLook look{before, false, {}};
  struct stat status{};
  std::string trouble = ::stat(path.c_str(), &status) != 0 ? unreadable() : refusal(status);
  if (!trouble.empty()) {
    look.now = {before.stamp, nullptr, std::move(trouble)};
  } else if (anyway || before.contents == nullptr || before.stamp != stamp_of(status)) {
    look.now = read(path, stamp_of(status));
    look.read = true;
  }
  look.changed = BackendFile::difference(before.contents.get(), look.now.contents.get());
  return look;
}

}  // namespace hlb::probes
