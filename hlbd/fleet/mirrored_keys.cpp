#include "fleet/mirrored_keys.h"

namespace hlb::fleet {
namespace {

std::size_t size_of(std::string_view key, std::string_view value) {
  return key.size() + value.size();
}

}  // namespace

MirroredKeys::MirroredKeys(std::vector<SavedMirror::Key> keys) {
  for (SavedMirror::Key& each : keys) {
    bytes_ += size_of(each.key, each.kept.value);
    if (each.kept.refused) ++refused_;
    if (each.kept.held) ++held_;
    map_.emplace_hint(map_.end(), std::move(each.key), std::move(each.kept));
  }
}

const KeptValue* MirroredKeys::find(std::string_view key) const {
  const auto found = map_.find(key);
  return found == map_.end() ? nullptr : &found->second;
}

// Of a key that changes twice the first change counts as if it stayed, which errs by little.
bool MirroredKeys::fit(const std::vector<Change>& changes, std::size_t most) const {
  std::size_t more = 0;
  std::size_t less = 0;
  for (const Change& change : changes) {
    if (const KeptValue* kept = find(change.key)) less += size_of(change.key, kept->value);
    if (change.value) more += size_of(change.key, *change.value);
  }
  return more <= less || bytes_ + more - less <= most;
}

bool MirroredKeys::take(const Change& change) {
  auto found = map_.find(change.key);
  const bool is_new = found == map_.end();
  if (!change.value && is_new) return false;
  if (is_new) found = map_.try_emplace(change.key).first;
  KeptValue& kept = found->second;
  if (std::exchange(kept.held, false)) --held_;
  if (!is_new) bytes_ -= size_of(change.key, kept.value);
  if (!change.value) {
    mark_refused(kept, false);
    map_.erase(found);
    return true;
  }
  bytes_ += size_of(change.key, *change.value);
  kept.revision = change.revision;
  if (!is_new && kept.value == *change.value) return false;
  if (!is_new && !kept.refused) kept.good = std::move(kept.value);
  mark_refused(kept, false);
  kept.value = *change.value;
  return true;
}

void MirroredKeys::mark_refused(KeptValue& kept, bool refused) {
  if (kept.refused == refused) return;
  kept.refused = refused;
  refused_ += refused ? 1U : std::size_t(-1);
}

void MirroredKeys::settle(std::string_view key) {
  const auto found = map_.find(key);
  if (found != map_.end() && !found->second.refused) found->second.good.reset();
}

void MirroredKeys::refuse(std::string_view key) {
  const auto found = map_.find(key);
  if (found != map_.end()) mark_refused(found->second, true);
}

void MirroredKeys::accept(std::string_view key) {
  const auto found = map_.find(key);
  if (found == map_.end()) return;
  mark_refused(found->second, false);
  found->second.good.reset();
}

void MirroredKeys::hold(std::string_view key) {
  const auto found = map_.find(key);
  if (found != map_.end() && !std::exchange(found->second.held, true)) ++held_;
}

std::vector<std::string> MirroredKeys::held_back() const {
  std::vector<std::string> keys;
  if (held_ == 0) return keys;
  for (const auto& [key, kept] : map_)
    if (kept.held) keys.push_back(key);
  return keys;
}

std::pair<std::vector<Change>, std::vector<Change>> MirroredKeys::tell_anew() {
  std::pair<std::vector<Change>, std::vector<Change>> told;
  told.first.reserve(map_.size());
  for (auto& [key, kept] : map_) {
    told.first.push_back({key, kept.good ? *kept.good : kept.value, kept.revision});
    if (kept.good) told.second.push_back({key, kept.value, kept.revision});
    mark_refused(kept, false);
  }
  return told;
}

void MirroredKeys::tell_present(std::string_view key) {
  const auto found = map_.find(key);
  if (found == map_.end()) return;
  if (found->second.refused) found->second.good.reset();
  mark_refused(found->second, false);
}

ListedDifference::ListedDifference(const MirroredKeys& keys, const SavedPosition& known,
                                   std::vector<Change>& listing, std::string_view prefix,
                                   std::string watched)
    : map_(keys.all()),
      known_(known.revision),
      known_change_(known.last_change),
      ours_(map_.begin()),
      listing_(listing),
      prefix_(prefix),
      watched_(std::move(watched)) {}

bool ListedDifference::step(std::size_t count) {
  for (; count > 0 && fault_.empty(); --count) {
    if (ours_ == map_.end() && next_ == listing_.size()) return false;
    step_once();
  }
  return fault_.empty();
}

void ListedDifference::step_once() {
  if (next_ == listing_.size()) return lack(*ours_++);
  Change& listed = listing_[next_];
  if (ours_ != map_.end() && ours_->first < listed.key) return lack(*ours_++);
  if (!check(listed)) return;
  ++next_;
  listed_bytes_ += size_of(listed.key, *listed.value);
  if (listed.revision > last_change_.at) last_change_ = LastChange::of(listed);
  if (listed.revision == known_change_.at)
    shows_last_change_ |= LastChange::of(listed) == known_change_;
  if (listed.key == watched_) watched_value_ = *listed.value;
  if (ours_ != map_.end() && ours_->first == listed.key) return compare(listed, ours_++->second);
  if (listed.revision <= known_) other_history_ = true;
  put(listed);
}

void ListedDifference::put(Change& listed) {
  before_ = listed.key;
  puts_.push_back(std::move(listed));
}

void ListedDifference::compare(Change& listed, const KeptValue& kept) {
  const bool same = kept.value == *listed.value && kept.revision == listed.revision;
  const bool is_known = listed.revision <= known_;
  if (kept.held) {  // one that is back as it was is of an engine restored from before the loss
    other_history_ |= same || is_known;
  } else {
    other_history_ |= !same && (is_known || listed.revision <= kept.revision);
  }
  if (!same || kept.held) return put(listed);
  before_ = std::move(listed.key);
  listed.value.reset();
}

void ListedDifference::lack(const MirroredKeys::Map::value_type& entry) {
  const auto& [key, kept] = entry;
  if (kept.held) {
    held_bytes_ += size_of(key, kept.value);
    return;
  }
  gone_bytes_ += size_of(key, kept.value);
  gone_.push_back({key, std::nullopt, 0});
}

bool ListedDifference::check(const Change& listed) {
  if (!std::string_view(listed.key).starts_with(prefix_)) {
    fault_ = "it lists keys that it wasn't asked for";
  } else if (!listed.value) {
    fault_ = "it lists a key without a value";
  } else if (listed.key <= before_) {
    fault_ = "it lists keys out of their order";
  }
  return fault_.empty();
}

}  // namespace hlb::fleet
