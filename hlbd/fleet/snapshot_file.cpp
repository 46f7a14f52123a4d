#include "fleet/snapshot_file.h"

#include <utility>

namespace hlb::fleet {

SnapshotFile::SnapshotFile(boost::asio::any_io_executor executor, Worker& worker,
                           const std::filesystem::path& folder, OnTrouble on_trouble)
    : worker_(worker),
      file_(folder, kSnapshotFile),
      on_trouble_(std::move(on_trouble)),
      timer_(std::move(executor)) {}

SavedMirror SnapshotFile::load(const OnNotice& on_notice) const {
  auto loaded = file_.load(decode_snapshot);
  if (loaded) return *std::move(loaded);
  on_notice({true, "fleet: " + loaded.error().reason + ": nothing is known from before; " +
                       loaded.error().kept});
  return {};
}

void SnapshotFile::follow(const Mirror& mirror) {
  mirror_ = &mirror;
  encoder_.reset();
}

void SnapshotFile::changed() {
  if (std::exchange(pending_, true)) return;
  timer_.expires_after(kDelay);
  timer_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && !writing_) save_now();
  }));
}

void SnapshotFile::save_now() {
  if (!std::exchange(pending_, false)) return;
  encoder_.emplace(mirror_->position());
  losses_ = mirror_->losses();
  std::optional<std::string> next = "";
  while (next)
    next = mirror_->save(*encoder_, *next);
  write();
}

void SnapshotFile::write() {
  writing_ = true;
  worker_.post([this, file = file_, text = std::move(*encoder_).finish()]() mutable {
    SnapshotEncoder::seal(text);
    std::string trouble = file.save(text);
    return [this, trouble = std::move(trouble)] { written(trouble); };
  });
  encoder_.reset();
}

void SnapshotFile::written(const std::string& trouble) {
  writing_ = false;
  on_trouble_(file_.in_words(trouble));
  if (pending_) {
    pending_ = false;
    changed();
  }
}

}  // namespace hlb::fleet
