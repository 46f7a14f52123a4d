#include "publish/table_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/bytes.h"
#include "libnss_hlb/clock.h"
#include "libnss_hlb/table.h"
#include "system/file_descriptor.h"

namespace hlb::publish {
namespace {

using std::chrono::seconds;

constexpr mode_t kReadableByAll = 0644;

// The rest of an old table before its room is used again. A lookup that was stopped while it read
// goes on within this time, as far as can be helped; a later one would read zeroes, notice, and
// start over.
constexpr seconds kShortestRest{1};
constexpr seconds kLongestRest{60};

// Bytes of an old table that stay, for programs that have it mapped: while the file system is full,
// reading given back room would end them.
constexpr off_t kKept = 65'536;

constexpr std::size_t kMappedAtATime = std::size_t{1} << 20U;  // a millisecond's work

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw std::system_error(errno, std::generic_category(), what + (" " + path.string()));
}

FileDescriptor open_table(const std::filesystem::path& path) {
  return FileDescriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

// Maps a table as it stands, of whatever version; no bytes if there is none, or it was cut to none.
MappedFile map_table(const FileDescriptor& file) {
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return {file.get(), static_cast<std::size_t>(status.st_size)};
}

void supersede(const FileDescriptor& file) {
  const MappedFile table = map_table(file);
  LiveTable(table.bytes()).supersede();
}

void supersede(const std::filesystem::path& path) {
  supersede(open_table(path));
}

bool reserve(const FileDescriptor& file, std::size_t size) {
  int error = 0;
  do {
    error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(size));
  } while (error == EINTR);
  errno = error;
  return error == 0;
}

// The hole reaches beyond the file's end: the last page is given back only if it is in the hole as
// a whole.
void give_back_room(const FileDescriptor& file) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || status.st_size <= kKept) return;
  ::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kKept, status.st_size);
}

// The time since the file was last changed, an exchange of names included.
std::chrono::nanoseconds age_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return kLongestRest;
  const auto changed =
      seconds(status.st_ctim.tv_sec) + std::chrono::nanoseconds(status.st_ctim.tv_nsec);
  return std::chrono::system_clock::now().time_since_epoch() - changed;
}

// The time when a table that another hlbd has left under this name has rested.
TableFile::Monotonic::time_point rested_since(const std::filesystem::path& path) {
  const auto rest =
      std::clamp<std::chrono::nanoseconds>(kShortestRest - age_of(path), seconds(0), kShortestRest);
  return TableFile::Monotonic::now() + rest;
}

}  // namespace

MappedFile::MappedFile(int file, std::size_t size) {
  if (size == 0) return;
  void* start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (start == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  bytes_ = {static_cast<std::uint8_t*>(start), size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

// The next table while it is made.
class TableFile::Draft {
 public:
  Draft(const std::filesystem::path& path, const std::filesystem::path& spare, std::size_t size)
      : path_(path) {
    ::rename(spare.c_str(), path.c_str());  // reserved room, if there is any
    file_ = FileDescriptor(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kReadableByAll));
    if (!file_.valid()) fail("can't create", path);
    if (::fchmod(file_.get(), kReadableByAll) != 0) fail("can't make readable", path);
    if (!reserve(file_, size)) give_up("no room for", spare);
    if (::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) give_up("can't size", spare);
    table_ = MappedFile(file_.get(), size);
  }

  std::span<std::uint8_t> bytes() const { return table_.bytes(); }

  // Has the kernel map the next part, which else the first write to each page does; an older kernel
  // can't. Returns true when all is mapped.
  bool map_more() {
    const std::span<std::uint8_t> rest = bytes().subspan(mapped_);
    const std::span<std::uint8_t> next = rest.first(std::min(kMappedAtATime, rest.size()));
    (void)::madvise(next.data(), next.size(), MADV_POPULATE_WRITE);
    mapped_ += next.size();
    return next.size() == rest.size();
  }
  FileDescriptor take_file() { return std::move(file_); }
  MappedFile take() { return std::move(table_); }

 private:
  // Fails, but keeps the reserved room.
  [[noreturn]] void give_up(const char* what, const std::filesystem::path& spare) const {
    const int error = errno;
    ::rename(path_.c_str(), spare.c_str());
    errno = error;
    fail(what, path_);
  }

  const std::filesystem::path& path_;
  FileDescriptor file_{-1};
  MappedFile table_;
  std::size_t mapped_ = 0;  // bytes of the table
};

TableFile::TableFile(const std::filesystem::path& folder)
    : path_(folder / bus::kTableFile),
      old_(path_.string() + ".new"),
      spare_(path_.string() + ".spare"),
      rested_at_(rested_since(old_)) {}

TableFile::~TableFile() = default;

bool TableFile::prepare(std::size_t size) {
  return draft_of(size).map_more();
}

TableFile::Draft& TableFile::draft_of(std::size_t size) {
  if (draft_ == nullptr || draft_->bytes().size() != size) {
    draft_.reset();
    end_old_table();
    draft_ = std::make_unique<Draft>(old_, spare_, size);
  }
  return *draft_;
}

void TableFile::give_up_draft() {
  if (draft_ == nullptr) return;
  draft_.reset();
  ::rename(old_.c_str(), spare_.c_str());
}

void TableFile::publish(std::span<const std::uint8_t> table) {
  draft_of(table.size());
  const std::unique_ptr<Draft> draft = std::move(draft_);
  std::ranges::copy(table, draft->bytes().begin());
  extend_lease(LiveTable(draft->bytes()));
  if (::renameat2(AT_FDCWD, old_.c_str(), AT_FDCWD, path_.c_str(), RENAME_EXCHANGE) == 0) {
    supersede(old_);
    end_old_at_ = Monotonic::now() + kLongestRest;
    rested_at_ = Monotonic::now() + kShortestRest;
  } else if (::rename(old_.c_str(), path_.c_str()) != 0) {
    fail("can't put into place", path_);
  }
  file_ = draft->take_file();
  table_ = draft->take();
  looked_at();
}

void TableFile::extend_lease(LiveTable table) {
  const auto lease = table.lease_length();
  lease_until_ns_ = read_clock(CLOCK_BOOTTIME) + lease;
  table.set_lease(lease_until_ns_);
}

bool TableFile::renew() {
  if (end_old_at_ && Monotonic::now() >= *end_old_at_) end_old_table();
  if (!stands() || live().lease() != lease_until_ns_) return false;
  extend_lease(live());
  if (!end_old_at_ && draft_ == nullptr) reserve_spare();
  return true;
}

// Looks at the file first: of a table that was cut no byte may be read.
bool TableFile::stands() const {
  struct stat status{};
  if (::lstat(path_.c_str(), &status) != 0) return false;
  const FileStamp there = stamp_of(status);
  if (there.device != seen_.device || there.inode != seen_.inode || there.size != seen_.size)
    return false;
  const table::View view = table::View::over(published());
  return view.valid() && !view.superseded();
}

bool TableFile::looked_at() {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) fail("can't look at", path_);
  const FileStamp before = std::exchange(seen_, stamp_of(status));
  return seen_ == before;
}

void TableFile::give_up() {
  supersede(path_);
  supersede(file_);
  table_ = MappedFile();
}

// Ends the table under the old name, also if a hlbd that ended in between has left it.
void TableFile::end_old_table() {
  end_old_at_.reset();
  const FileDescriptor old = open_table(old_);
  if (!old.valid()) return;
  supersede(old_);
  give_back_room(old);
  ::unlink(old_.c_str());
}

void TableFile::reserve_spare() const {
  struct stat status{};
  const auto size = static_cast<off_t>(published().size());
  if (::lstat(spare_.c_str(), &status) == 0 && status.st_size >= size) return;
  const FileDescriptor spare(
      ::open(spare_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kReadableByAll));
  if (spare.valid()) reserve(spare, published().size());
}

void TableFile::supersede_predecessor() const {
  if (published().empty()) supersede(path_);
}

void retire_table(const std::filesystem::path& folder) {
  const MappedFile table = map_table(open_table(folder / bus::kTableFile));
  LiveTable(table.bytes()).retire();
}

}  // namespace hlb::publish
