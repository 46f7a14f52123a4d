#include "libnss_hlb/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/held.h"
#include "libnss_hlb/runtime_file.h"

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
constexpr int kPlaces = 4;  // the current one, one that is left, and two lost to forks

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

}  // namespace

bool Mapping::open() {
  const CancellationHeld cancellation_held;
  const RuntimeFile path(bus::kTableFile);
  if (!path.fits()) return false;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return false;
  struct stat file{};
  constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
  if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && (file.st_mode & kWritableByOthers) == 0 &&
      file.st_size > 0) {
    size_ = static_cast<std::size_t>(file.st_size);
    void* start = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, 0);
    if (start != MAP_FAILED) start_ = start;
  }
  ::close(fd);
  if (start_ == nullptr) return false;
  device_ = file.st_dev;
  inode_ = file.st_ino;
  view_ = table::View::over({static_cast<const std::uint8_t*>(start_), size_});
  return true;
}

void Mapping::close() {
  if (start_ != nullptr) munmap(start_, size_);
  *this = Mapping();
}

bool Mapping::is_newest() const {
  const RuntimeFile path(bus::kTableFile);
  struct stat file{};
  // Without a file the one that is mapped remains the newest there was.
  if (!path.fits() || ::lstat(path.c_str(), &file) != 0) return true;
  return file.st_dev == device_ && file.st_ino == inode_;
}

BorrowedTable::BorrowedTable(std::uint64_t now_ns) {
  if (!join_current() || !good_enough(now_ns)) remap();
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
  if (!newest.open()) return;
  leave_place();
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
