#include "libnss_hlb/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/file_facts.h"
#include "libnss_hlb/held.h"

namespace hlb {
namespace {

// A place for a mapping. `users` counts the lookups that read it; kClaimed is added by the thread
// that exchanges the mapping, which it may do only in a place that nobody uses and that isn't the
// current one. All orders are sequentially consistent: the argument below needs it, and on the
// machines we run on it costs a reader nothing more.
//
// A reader counts itself in, then looks whether the place is current and unclaimed; a claimer
// claims, then looks whether the place is current. Of the two at least one sees the other.
struct Place {
  std::atomic<std::uint32_t> users = 0;
  Mapping mapping;
};

constexpr std::uint32_t kClaimed = 1u << 31;
constexpr int kPlaces = 4;  // the current one, one just left, and two lost to forks

// Together these stay within one page of the file, as `current` doesn't start as zero: with nothing
// but zeroes the loader would have to map a page more.
constinit Place places[kPlaces];
constinit std::atomic<int> current = kNoPlace;

// A place that this thread alone may now fill, or kNoPlace.
int claim_place() {
  for (int i = 0; i < kPlaces; ++i) {
    std::uint32_t nobody = 0;
    if (current == i || !places[i].users.compare_exchange_strong(nobody, kClaimed)) continue;
    if (current != i) return i;
    places[i].users -= kClaimed;  // it has become current just before
  }
  return kNoPlace;
}

bool others_may_write(const struct statx& file) {
  return (file.stx_mode & (S_IWGRP | S_IWOTH)) != 0;
}

// The folder's owner is taken for hlbd's user, whose number can't be asked for: in a rootless
// container it shows as nobody's.
bool by_owner_of_folder(const struct statx& file) {
  struct statx folder{};
  return look_at(AT_FDCWD, bus::kRuntimeFolder, 0, folder) && folder.stx_uid == file.stx_uid &&
         !others_may_write(folder) && !others_may_write(file);
}

bool short_of_means(int error) {
  // mmap(2) says EAGAIN where all memory is to be locked and no more may be.
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EAGAIN;
}

// open(2) may say that there are no descriptors left also for a file that doesn't exist.
Opening why_not_opened(int error) {
  struct statx file{};
  const bool stands = look_at(AT_FDCWD, bus::kTablePath, AT_SYMLINK_NOFOLLOW, file);
  return stands && short_of_means(error) ? Opening::no_means : Opening::no_table;
}

}  // namespace

Opening Mapping::open() {
  const CancellationHeld cancellation_held;
  const int fd = ::open(bus::kTablePath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return why_not_opened(errno);
  const Opening opening = map(fd);
  ::close(fd);
  return opening;
}

Opening Mapping::map(int fd) {
  struct statx file{};
  if (!look_at(fd, "", AT_EMPTY_PATH, file) || !S_ISREG(file.stx_mode)) return Opening::no_table;
  if (file.stx_size == 0 || file.stx_size > SIZE_MAX || !by_owner_of_folder(file)) {
    return Opening::no_table;
  }
  const auto size = static_cast<std::size_t>(file.stx_size);
  void* start = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) {
    return short_of_means(errno) ? Opening::no_means : Opening::no_table;
  }
  start_ = start;
  size_ = size;
  device_ = device_of(file);
  inode_ = file.stx_ino;
  view_ = table::View::over({static_cast<const std::uint8_t*>(start_), size_});
  return Opening::mapped;
}

void Mapping::close() {
  if (start_ != nullptr) munmap(start_, size_);
  *this = Mapping();
}

bool Mapping::is_newest() const {
  struct statx file{};
  // Without a file the mapped table remains the newest there was.
  if (!look_at(AT_FDCWD, bus::kTablePath, AT_SYMLINK_NOFOLLOW, file)) return true;
  return device_of(file) == device_ && file.stx_ino == inode_;
}

BorrowedTable::BorrowedTable(std::uint64_t now_ns) {
  if (!join_current() || !good_enough(now_ns)) remap();
}

void BorrowedTable::refresh(std::uint64_t now_ns) {
  if (!good_enough(now_ns)) remap();
}

BorrowedTable::~BorrowedTable() {
  leave_place();
  own_.close();
}

bool BorrowedTable::join_current() {
  const int i = current;
  if (i == kNoPlace) return false;
  const std::uint32_t before = places[i].users.fetch_add(1);
  if ((before & kClaimed) != 0 || current != i) {
    places[i].users -= 1;
    return false;
  }
  place_ = i;
  mapping_ = &places[i].mapping;
  return true;
}

bool BorrowedTable::good_enough(std::uint64_t now_ns) const {
  const table::View& table = view();
  const bool fresh =
      table.valid() && !table.superseded() && table.freshness(now_ns) == table::Freshness::current;
  return fresh || mapping_->is_newest();
}

void BorrowedTable::leave_place() {
  if (place_ != kNoPlace) places[place_].users -= 1;
  place_ = kNoPlace;
}

void BorrowedTable::remap() {
  Mapping newest;
  const Opening opening = newest.open();
  may_be_outdated_ = opening == Opening::no_means;
  if (opening != Opening::mapped) return;
  leave_place();
  own_.close();
  const int i = claim_place();
  if (i == kNoPlace) {
    own_ = newest;
    mapping_ = &own_;
    return;
  }
  places[i].mapping.close();
  places[i].mapping = newest;
  current = i;
  places[i].users -= kClaimed - 1;  // from claimed to one user, this lookup
  place_ = i;
  mapping_ = &places[i].mapping;
}

}  // namespace hlb
