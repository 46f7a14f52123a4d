#include "publish/table_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "libnss_hlb/bytes.h"
#include "libnss_hlb/clock.h"
#include "libnss_hlb/table.h"
#include "system/file_descriptor.h"

namespace hlb::publish {
namespace {

namespace at = table::at;

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), what + (" " + path.string()));
}

// Programs read these words at any time.
template <class Int>
void store_live(std::uint8_t* bytes, Int value) {
  __atomic_store_n(reinterpret_cast<Int*>(bytes), little_endian(value), __ATOMIC_RELEASE);
}

void write_all(const FileDescriptor& file, std::span<const std::uint8_t> bytes,
               const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    if (written < 0) fail("can't write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

// The words of a table that may be written, in whatever version it is: those of the first bytes.
class LiveWords {
 public:
  explicit LiveWords(const std::filesystem::path& path) {
    const FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status{};
    if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    if (static_cast<std::size_t>(status.st_size) < at::kSize) return;
    void* start = mmap(nullptr, at::kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (start == MAP_FAILED) return;
    start_ = static_cast<std::uint8_t*>(start);
  }
  ~LiveWords() {
    if (start_ != nullptr) munmap(start_, at::kSize);
  }
  LiveWords(const LiveWords&) = delete;
  LiveWords& operator=(const LiveWords&) = delete;

  void supersede() {
    if (start_ == nullptr) return;
    if (!std::equal(std::begin(table::kMagic), std::end(table::kMagic), start_)) return;
    store_live(start_ + at::kSuperseded, std::uint32_t{1});
  }

 private:
  std::uint8_t* start_ = nullptr;
};

}  // namespace

TableFile::~TableFile() {
  if (start_ != nullptr) munmap(start_, size_);
}

void TableFile::publish(std::span<const std::uint8_t> table) {
  std::uint8_t* draft = write_draft(table);
  LiveWords predecessor(path_);
  if (rename(draft_.c_str(), path_.c_str()) != 0) {
    const int error = std::exchange(errno, 0);
    munmap(draft, table.size());
    errno = error;
    fail("can't put into place", path_);
  }
  predecessor.supersede();
  if (start_ != nullptr) munmap(start_, size_);
  start_ = draft;
  size_ = table.size();
}

std::uint8_t* TableFile::write_draft(std::span<const std::uint8_t> table) const {
  unlink(draft_.c_str());  // left by one that was killed while writing
  constexpr mode_t kReadableByAll = 0644;
  const FileDescriptor file(
      open(draft_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll));
  if (!file.valid()) fail("can't create", draft_);
  if (fchmod(file.get(), kReadableByAll) != 0) fail("can't make readable", draft_);
  // By write(2), since a full file system would otherwise show as SIGBUS.
  write_all(file, table, draft_);
  void* start = mmap(nullptr, table.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (start == MAP_FAILED) fail("can't map", draft_);
  auto* draft = static_cast<std::uint8_t*>(start);
  extend_lease(draft);
  return draft;
}

void TableFile::extend_lease(std::uint8_t* table) {
  const auto lease = load<std::uint64_t>(table + at::kLease);
  store_live(table + at::kLeaseUntil, read_clock(CLOCK_BOOTTIME) + lease);
}

void TableFile::renew() {
  if (start_ == nullptr) return;
  extend_lease(start_);
  struct stat status{};
  if (lstat(path_.c_str(), &status) == 0 || errno != ENOENT) return;
  publish(std::vector<std::uint8_t>(start_, start_ + size_));
}

}  // namespace hlb::publish
