#include "fleet/snapshot_file.h"

#include <algorithm>
#include <utility>

namespace hlb::fleet {

SnapshotFile::SnapshotFile(Clock& clock, Worker& worker, const std::filesystem::path& folder,
                           const Mirror& mirror, OnTrouble on_trouble)
    : clock_(clock),
      worker_(worker),
      file_(folder, kSnapshotFile),
      mirror_(mirror),
      on_trouble_(std::move(on_trouble)),
      due_(clock.alarm([this] { go_on(); })) {}

tl::expected<SavedMirror, PutAside> SnapshotFile::load(const std::filesystem::path& folder) {
  return DurableFile(folder, kSnapshotFile).load(decode_snapshot);
}

void SnapshotFile::changed() {
  if (std::exchange(pending_, true) || writing_ || encoder_) return;
  due_->set(std::max(clock_.now() + kDelay, earliest_));
}

// Gathers some keys in a turn of the loop, then writes.
void SnapshotFile::go_on() {
  if (!gather()) return due_->set(clock_.now());
  write();
}

// True once all keys are gathered. A loss in the middle has it begin anew.
bool SnapshotFile::gather() {
  if (!encoder_ || losses_ != mirror_.losses()) {
    pending_ = false;
    losses_ = mirror_.losses();
    encoder_.emplace(mirror_.position());
    next_.clear();
  }
  const auto left = mirror_.save(*encoder_, next_);
  next_ = left.value_or("");
  return !left;
}

void SnapshotFile::write_now() {
  encoder_.reset();
  while (!gather()) {
  }
  write();
}

void SnapshotFile::write() {
  writing_ = true;
  const auto tell = scope_.guard(
      [this, began = clock_.now()](const std::string& trouble) { written(trouble, began); });
  auto bytes = std::make_shared<std::string>(std::move(*encoder_).finish());
  encoder_.reset();
  const bool posted = worker_.post([tell, file = file_, bytes] {
    SnapshotEncoder::seal(*bytes);
    return [tell, trouble = file.save(*bytes)] { tell(trouble); };
  });
  if (!posted) written("the disk is busy", clock_.now());
}

void SnapshotFile::written(const std::string& trouble, Clock::TimePoint began) {
  writing_ = false;
  earliest_ = clock_.now() + 9 * (clock_.now() - began);
  const std::string told = file_.in_words(trouble);
  if (told != trouble_ && on_trouble_) on_trouble_(told);
  trouble_ = told;
  if (!trouble.empty()) pending_ = true;
  if (std::exchange(pending_, false)) changed();
}

}  // namespace hlb::fleet
