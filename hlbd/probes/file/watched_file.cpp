#include "probes/file/watched_file.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// By the wall clock, and never negative, though that clock may have been set since.
nanoseconds age_of(std::int64_t modified_ns) {
  constexpr nanoseconds kLongest = std::chrono::years(1);
  const nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  const nanoseconds modified(std::clamp<std::int64_t>(modified_ns, 0, now.count()));
  return std::min(now - modified, kLongest);
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path();
}

}  // namespace

WatchedFile::WatchedFile(std::string path, std::weak_ptr<WatchedFiles> all,
                         std::shared_ptr<Worker> worker)
    : path_(std::move(path)), all_(std::move(all)), worker_(std::move(worker)) {}

asio::awaitable<bool> WatchedFile::refresh(milliseconds rest, milliseconds timeout) {
  const bool rests = looked_at_ && Monotonic::now() - *looked_at_ < rest;
  if (!rests && !looking_) look();
  if (!looking_) co_return true;
  co_return co_await waiters_.wait(timeout);
}

// An event that names the file has it read whatever its stamp: times are too coarse to tell two
// changes in a row apart.
void WatchedFile::take(std::span<const FolderEvents::Event> events) {
  const std::string name = std::filesystem::path(path_).filename();
  bool touched = false;
  for (const FolderEvents::Event& event : events) {
    const bool lost = event.folder == FolderEvents::kEvery;
    const bool named = event.name == name;
    // While it is looked at, its folder may have become another one.
    if (event.folder != folder_ && !lost && !(named && looking_)) continue;
    touched = true;
    due_ |= named || lost;
  }
  if (touched) look();
}

// First the folder, then the file: what happens in between is then told.
void WatchedFile::look() {
  const std::shared_ptr<WatchedFiles> all = all_.lock();
  if (all == nullptr || all->ended_) return;
  again_ = looking_ || is_paused();
  if (again_) return all->look_later();
  looked_at_ = Monotonic::now();
  const auto tell =
      scope_.guard([this](int folder, const FileLook& look) { looked(folder, look); });
  looking_ = worker_->post([tell, path = path_, known = known_, anyway = due_,
                            watched = all->events_->watched()]() -> Worker::Completion {
    const int folder = watched == nullptr ? -1 : watched->add(folder_of(path));
    return [tell, folder, look = look_at(path, known, anyway)] { tell(folder, look); };
  });
  if (looking_) due_ = false;
}

void WatchedFile::looked(int folder, const FileLook& look) {
  const std::shared_ptr<WatchedFiles> all = all_.lock();
  if (all == nullptr || all->ended_) return;
  looking_ = false;
  all->leave_folder(std::exchange(folder_, folder));
  if (look.read) note_age(*look.now.stamp);
  take_over(look);
  waiters_.tell();
  if (again_) this->look();
}

void WatchedFile::note_age(const FileStamp& stamp) {
  read_at_ = Monotonic::now();
  if (!known_.stamp) {
    changed_at_ = *read_at_ - age_of(stamp.modified_ns);
  } else if (!known_.stamp->same_contents(stamp)) {
    changed_at_ = *read_at_;
  }
}

void WatchedFile::take_over(const FileLook& look) {
  const bool first = known_.contents == nullptr && known_.trouble.empty();
  known_ = look.now;
  FileChange change{path_, {}, {}};
  if (!first) change.addresses = look.changed;
  if (known_.contents == nullptr) {
    change.faults = {{0, known_.trouble}};
  } else {
    change.faults.assign(known_.contents->faults().begin(), known_.contents->faults().end());
  }
  if (change.addresses.empty() && change.faults == faults_) return;
  faults_ = change.faults;
  if (const auto all = all_.lock()) all->tell(std::move(change));
}

WatchedFiles::WatchedFiles(const asio::any_io_executor& executor, FolderWorkers& workers,
                           OnFileChange on_change)
    : on_change_(std::move(on_change)),
      workers_(workers),
      events_(std::in_place, executor, [this](auto events) { take(events); }),
      pause_(executor) {}

void WatchedFiles::end() {
  ended_ = true;
  events_.reset();
  pause_.cancel();
}

std::shared_ptr<WatchedFile> WatchedFiles::get(const std::string& path) {
  std::erase_if(files_, [](const auto& each) { return each.second.expired(); });
  std::weak_ptr<WatchedFile>& known = files_[path];
  std::shared_ptr<WatchedFile> file = known.lock();
  if (file == nullptr) {
    file = std::make_shared<WatchedFile>(path, weak_from_this(), workers_.get({folder_of(path)}));
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

void WatchedFiles::take(std::span<const FolderEvents::Event> events) {
  for (const auto& file : all())
    file->take(events);
  for (const FolderEvents::Event& event : events)
    leave_folder(event.folder);
}

// Unless a file is in it. A look that is under way may just have begun to watch it.
void WatchedFiles::leave_folder(int folder) {
  const auto needs = [&](const auto& file) { return file->looking_ || file->folder_ == folder; };
  if (folder < 0 || std::ranges::any_of(all(), needs)) return;
  if (const auto watched = events_->watched()) watched->remove(folder);
}

void WatchedFiles::look_later() {
  if (std::exchange(pausing_, true)) return;
  pause_.expires_after(WatchedFile::kPause);
  pause_.async_wait([weak = weak_from_this()](const error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr || self->ended_) return;
    self->pausing_ = false;
    for (const auto& file : self->all()) {
      if (file->again_ && !file->looking_) file->look();
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
