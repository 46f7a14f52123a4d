#include "state/state_file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/system/error_code.hpp>
#include <chrono>
#include <utility>

#include "system/whole_file.h"

namespace hlb {
namespace {

constexpr std::size_t kMaxStates = std::size_t{64} << 20U;  // of about 600,000 backends

// Whether the file still has its name: it loses it when it is removed or replaced.
bool has_name(const FileDescriptor& file) {
  struct stat status{};
  return file.valid() && fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

}  // namespace

tl::expected<SavedStates, Unusable> load_states(const std::filesystem::path& folder,
                                                const Moment& now) {
  return load_whole(folder / kStateFile, kMaxStates,
                    [&now](std::string_view text) { return decode_states(text, now); });
}

// The file on disk; used by the worker's thread alone.
class StateFile::OnDisk {
 public:
  explicit OnDisk(std::filesystem::path path) : path_(std::move(path)) {}

  // Writes the file. Returns the reason of a failure; empty on success.
  std::string write(std::string_view text) {
    auto written = replace_whole(path_, text);
    file_ = written ? std::move(*written) : FileDescriptor(-1);
    return written ? "" : written.error().message();
  }

  // Rewrites the head in place: it is so short that no reader sees a part of it. Returns false when
  // that can't be done.
  bool rewrite_head(std::string_view head) const {
    const auto size = static_cast<ssize_t>(head.size());
    return has_name(file_) && pwrite(file_.get(), head.data(), head.size(), 0) == size;
  }

 private:
  std::filesystem::path path_;
  FileDescriptor file_{-1};  // the file in place; not valid when the last write failed
};

StateFile::StateFile(const boost::asio::any_io_executor& executor, Worker& worker,
                     const std::filesystem::path& folder, Snapshot snapshot, OnTrouble on_trouble,
                     Now now)
    : path_(folder / kStateFile),
      worker_(worker),
      on_disk_(std::make_shared<OnDisk>(path_)),
      snapshot_(std::move(snapshot)),
      on_trouble_(std::move(on_trouble)),
      now_(std::move(now)),
      change_(executor),
      next_part_(executor),
      refresh_(executor) {
  await_refresh();
}

void StateFile::changed() {
  if (!std::exchange(pending_, true)) write_when_due();
}

// Waits while the disk is at the text before, else texts would pile up.
void StateFile::write_when_due() {
  change_.expires_after(kDelay);
  change_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (error) return;
    if (under_way_ > 0 || encoder_) return write_when_due();
    pending_ = false;
    encoder_.emplace(now_());
    gather_from(0);
  }));
}

// Gathers all states. Services that come or go meanwhile make another write follow.
void StateFile::gather_from(std::size_t first) {
  const auto left = snapshot_(*encoder_, first);
  if (!left) return write();
  next_part_.expires_after(std::chrono::seconds(0));
  next_part_.async_wait(scope_.guard([this, left](const boost::system::error_code& error) {
    if (!error) gather_from(*left);
  }));
}

void StateFile::write_now() {
  pending_ = false;
  change_.cancel();
  next_part_.cancel();
  encoder_.emplace(now_());
  std::optional<std::size_t> left = 0;
  while (left)
    left = snapshot_(*encoder_, *left);
  write();
}

void StateFile::write() {
  ++under_way_;
  const auto tell = scope_.guard([this](const std::string& trouble) { written(trouble); });
  worker_.post([tell, file = on_disk_, text = std::move(*encoder_).finish()] {
    return [tell, trouble = file->write(text)] { tell(trouble); };
  });
  encoder_.reset();
}

void StateFile::written(const std::string& trouble) {
  --under_way_;
  say(trouble);
}

void StateFile::await_refresh() {
  refresh_.expires_after(kRefresh);
  refresh_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (error) return;
    if (under_way_ == 0 && !encoder_) refresh();
    await_refresh();
  }));
}

void StateFile::refresh() {
  ++under_way_;
  const auto tell = scope_.guard([this](bool done) {
    --under_way_;
    if (!done) write_now();
  });
  worker_.post([tell, file = on_disk_, head = StateEncoder::head(now_())] {
    return [tell, done = file->rewrite_head(head)] { tell(done); };
  });
}

void StateFile::say(const std::string& trouble) {
  if (!on_trouble_) return;
  on_trouble_(trouble.empty()
                  ? ""
                  : fmt::format("can't write {}: {}; a restarted hlbd will know no states from it",
                                path_.string(), trouble));
}

}  // namespace hlb
