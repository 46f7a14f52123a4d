#include "probes/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "system/file_descriptor.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using std::chrono::nanoseconds;

std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// By the wall clock, and never negative, though that clock may have been set since.
nanoseconds age_of(std::int64_t modified_ns) {
  constexpr nanoseconds kLongest = std::chrono::years(1);
  const nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  const nanoseconds modified(std::clamp<std::int64_t>(modified_ns, 0, now.count()));
  return std::min(now - modified, kLongest);
}

std::string last_error() {
  return "cannot be read: " + std::generic_category().message(errno);
}

// Why it isn't to be read; empty when it is.
std::string refusal(const struct stat& status) {
  return S_ISREG(status.st_mode) ? "" : "is not a regular file";
}

// The bytes of a regular file; `trouble` says why there are none. Anything else may have taken its
// place since it was looked at, even what would block.
std::string bytes_of(const std::string& path, std::string& trouble) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) trouble = last_error();
  if (trouble.empty()) trouble = refusal(status);
  std::string bytes;
  std::array<char, 65536> chunk;
  while (trouble.empty()) {
    const ssize_t count = ::read(file.get(), chunk.data(), chunk.size());
    if (count == 0) break;
    if (count < 0) {
      trouble = last_error();
    } else if (bytes.size() + static_cast<std::size_t>(count) > BackendFile::kMaxSize) {
      trouble = "is larger than 1 MiB";
    } else {
      bytes.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }
  return bytes;
}

}  // namespace

bool WatchedFile::Stamp::same_contents(const Stamp& other) const {
  return device == other.device && inode == other.inode && size == other.size &&
         modified_ns == other.modified_ns;
}

WatchedFile::WatchedFile(std::string path, std::weak_ptr<WatchedFiles> all)
    : path_(std::move(path)), all_(std::move(all)) {}

void WatchedFile::refresh(std::chrono::milliseconds rest) {
  if (!looked_at_ || Clock::now() - *looked_at_ >= rest) look(false);
}

// An event that names the file has it read whatever its stamp: times are too coarse to tell two
// changes in a row apart.
void WatchedFile::take(std::span<const FolderEvents::Event> events) {
  const std::string name = std::filesystem::path(path_).filename();
  bool touched = false;
  bool named = false;
  for (const FolderEvents::Event& event : events) {
    const bool lost = event.folder == FolderEvents::kEvery;
    if (event.folder != folder_ && !lost) continue;
    touched = true;
    named |= event.name == name || lost;
  }
  if (touched) look(named);
}

// First the folder, then the file: what happens in between is then told.
void WatchedFile::look(bool read_anyway) {
  const std::shared_ptr<WatchedFiles> all = all_.lock();
  if (all == nullptr) return;
  all->follow_folder(*this);
  looked_at_ = Clock::now();
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return take_over(nullptr, last_error());
  if (!S_ISREG(status.st_mode)) return take_over(nullptr, refusal(status));
  const Stamp stamp = {status.st_dev, status.st_ino, status.st_size, nanoseconds_of(status.st_mtim),
                       nanoseconds_of(status.st_ctim)};
  due_ |= read_anyway || stamp_ != stamp;
  if (!due_) return;
  if (is_paused()) return all->look_later();
  read(stamp);
}

void WatchedFile::read(const Stamp& stamp) {
  read_at_ = Clock::now();
  if (!stamp_) {
    changed_at_ = *read_at_ - age_of(stamp.modified_ns);
  } else if (!stamp_->same_contents(stamp)) {
    changed_at_ = *read_at_;
  }
  stamp_ = stamp;
  std::string trouble;
  std::string bytes = bytes_of(path_, trouble);
  if (!trouble.empty()) return take_over(nullptr, std::move(trouble));
  take_over(std::make_unique<const BackendFile>(std::move(bytes)), "");
}

void WatchedFile::take_over(std::unique_ptr<const BackendFile> contents, std::string trouble) {
  const bool first = contents_ == nullptr && trouble_.empty();
  FileChange change{path_, {}, {}};
  if (!first) change.addresses = BackendFile::difference(contents_.get(), contents.get());
  if (contents == nullptr) {
    change.faults = {{0, trouble}};
  } else {
    change.faults.assign(contents->faults().begin(), contents->faults().end());
  }
  due_ = contents == nullptr;
  contents_ = std::move(contents);
  trouble_ = std::move(trouble);
  if (change.addresses.empty() && change.faults == faults_) return;
  faults_ = change.faults;
  if (const auto all = all_.lock()) all->tell(std::move(change));
}

WatchedFiles::WatchedFiles(const asio::any_io_executor& executor, OnFileChange on_change)
    : on_change_(std::move(on_change)),
      events_(std::make_shared<FolderEvents>(executor, [this](auto events) { take(events); })),
      pause_(executor) {}

void WatchedFiles::end() {
  ended_ = true;
  events_->end();
  pause_.cancel();
}

std::shared_ptr<WatchedFile> WatchedFiles::get(const std::string& path) {
  std::erase_if(files_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<WatchedFile>& known = files_[path];
  std::shared_ptr<WatchedFile> file = known.lock();
  if (file == nullptr) {
    file = std::make_shared<WatchedFile>(path, weak_from_this());
    known = file;
  }
  return file;
}

std::vector<std::shared_ptr<WatchedFile>> WatchedFiles::all() const {
  std::vector<std::shared_ptr<WatchedFile>> files;
  for (const auto& [path, known] : files_) {
    if (auto file = known.lock()) files.push_back(std::move(file));
  }
  return files;
}

bool WatchedFiles::is_used(int folder) const {
  return std::ranges::any_of(all(), [&](const auto& file) { return file->folder_ == folder; });
}

// The folder of that path may be another one than before.
void WatchedFiles::follow_folder(WatchedFile& file) {
  const int before = file.folder_;
  file.folder_ = events_->watch(std::filesystem::path(file.path_).parent_path());
  if (before >= 0 && before != file.folder_ && !is_used(before)) events_->unwatch(before);
}

void WatchedFiles::take(std::span<const FolderEvents::Event> events) {
  for (const auto& file : all())
    file->take(events);
  for (const FolderEvents::Event& event : events) {
    if (event.folder >= 0 && !is_used(event.folder)) events_->unwatch(event.folder);
  }
}

void WatchedFiles::look_later() {
  if (std::exchange(pausing_, true)) return;
  pause_.expires_after(WatchedFile::kPause);
  pause_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr || self->ended_) return;
    self->pausing_ = false;
    for (const auto& file : self->all()) {
      if (file->due_) file->look(false);
    }
  });
}

void WatchedFiles::tell(FileChange change) {
  asio::post(pause_.get_executor(), [weak = weak_from_this(), change = std::move(change)] {
    const auto self = weak.lock();
    if (self != nullptr && !self->ended_ && self->on_change_) self->on_change_(change);
  });
}

}  // namespace hlb::probes
