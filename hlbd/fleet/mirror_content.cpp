#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_set>
#include <utility>

#include "fleet/mirror.h"
#include "fleet/talk.h"
#include "text/printable.h"
#include "text/wording.h"

namespace hlb::fleet {
namespace {

// What is done in a turn of the loop: compared takes about 0.2 us a key, told some us of the
// catalog, or as many ms for a value that is as long as possible and made to take long.
constexpr std::size_t kComparedInTurn = 2048;
constexpr std::size_t kToldInTurn = 512;
constexpr std::size_t kBytesToldInTurn = 64 << 10;
constexpr std::size_t kSavedInTurn = 2048;

EngineFault overfull() {
  return {.message = "it has more keys than a host may keep"};
}

boost::asio::awaitable<void> turn() {
  co_await boost::asio::post(boost::asio::use_awaitable);
}

std::string by_whom(const Acceptance& acceptance) {
  return "as " + (acceptance.by.empty() ? "somebody" : text::readable(acceptance.by, 64)) +
         " has accepted";
}

std::vector<Change> removals(std::vector<std::string> keys, Revision revision) {
  std::vector<Change> changes;
  changes.reserve(keys.size());
  for (std::string& key : keys)
    changes.push_back({std::move(key), std::nullopt, revision});
  return changes;
}

}  // namespace

Mirror::Running<Mirror::Fault> Mirror::take_news(WatchNews news) {
  if (news.stand.cluster != position_.cluster)
    co_return EngineFault{.message = "another cluster answers"};
  Revision last = position_.revision;
  bool heeds = false;
  for (const Change& change : news.changes) {
    if (!std::string_view(change.key).starts_with(settings_.prefix))
      co_return EngineFault{.message = "it tells of keys that it wasn't asked for"};
    last = std::max(last, change.revision);
    heeds |= change.key == accept_key_;
  }
  if (!keys_.fit(news.changes, settings_.most_bytes)) {
    overfull_ = true;
    co_return overfull();
  }
  standing_.events += news.changes.size();
  for (const Change& change : news.changes)
    if (change.revision >= position_.last_change.at) position_.last_change = LastChange::of(change);
  const std::size_t held_before = keys_.held();
  if (!news.changes.empty()) co_await apply(std::move(news.changes));
  if (heeds && keys_.held() > 0) co_await heed_acceptance(last);
  position_.revision = last;
  position_.seen = std::max(position_.seen, std::max(news.stand.revision, last));
  position_.last_sign = settings_.wall();
  if (keys_.held() != held_before) observer_.standing_changed();
  co_return std::nullopt;
}

Mirror::Running<void> Mirror::heed_acceptance(Revision revision) {
  const KeptValue* written = keys_.find(accept_key_);
  if (written == nullptr) co_return;
  const auto acceptance = counting(written->value, position_.lost);
  if (!acceptance) co_return;
  const std::size_t held = keys_.held();
  co_await apply(removals(keys_.held_back(), revision), true);
  close_batch();
  observer_.notice({.text = "fleet: " + text::counted(held, "key") + " that etcd had lost went, " +
                            by_whom(*acceptance)});
}

Mirror::Running<Mirror::Fault> Mirror::take_listing(Listing listing, TalkPtr talk) {
  ListedDifference difference(keys_, position_, listing.keys, settings_.prefix, accept_key_);
  while (difference.step(kComparedInTurn))
    co_await turn();
  if (!difference.fault().empty()) co_return EngineFault{.message = difference.fault()};
  const bool shown = difference.shows_last_change();
  const bool lost = losing_ || is_another(listing.stand) || difference.other_history() ||
                    talk->doubt == Talk::Doubt::other ||
                    (talk->doubt == Talk::Doubt::silent && !shown);
  if (!lost && talk->doubt == Talk::Doubt::behind && !shown)
    co_return EngineFault{.message = "it is behind the other members"};
  const WallTime since = lost && !losing_ ? last_sign_before_loss() : position_.lost;
  std::optional<Acceptance> acceptance;
  if (lost || keys_.held() > 0) acceptance = counting(difference.watched(), since);
  std::size_t bytes = difference.listed_bytes();
  if (!acceptance) bytes += difference.held_bytes() + (lost ? difference.gone_bytes() : 0);
  overfull_ = bytes > settings_.most_bytes;
  if (overfull_) co_return overfull();
  if (lost && !std::exchange(losing_, true)) {
    ++standing_.losses;
    position_.lost = since;
  }
  // Has a name, as g++ 12 destroys twice what is put together within co_await.
  Reading reading{.stand = listing.stand,
                  .last_change = difference.last_change(),
                  .puts = std::move(difference.puts()),
                  .gone = std::move(difference.gone()),
                  .acceptance = std::move(acceptance)};
  co_await put_in_force(std::move(reading));
  co_return std::nullopt;
}

// Nothing is saved as lost before all of it is held back: who starts from what was saved in the
// middle finds the loss again.
Mirror::Running<void> Mirror::put_in_force(Reading reading) {
  const std::size_t held_before = keys_.held();
  std::size_t lacking = reading.gone.size();
  co_await apply(std::move(reading.puts), true);
  if (losing_ && !reading.acceptance) {
    co_await hold(reading.gone);
  } else {
    for (Change& change : reading.gone)
      change.revision = reading.stand.revision;
    if (reading.acceptance) {
      lacking += keys_.held();
      std::ranges::move(removals(keys_.held_back(), reading.stand.revision),
                        std::back_inserter(reading.gone));
    }
    co_await apply(std::move(reading.gone), true);
  }
  close_batch();
  if (losing_ || reading.acceptance) tell_loss(reading, lacking);
  const bool known = position_.revision > 0 && !losing_;
  position_.seen =
      known ? std::max(position_.seen, reading.stand.revision) : reading.stand.revision;
  position_.cluster = reading.stand.cluster;
  position_.last_change = reading.last_change;
  position_.revision = reading.stand.revision;
  position_.last_sign = settings_.wall();
  if (held_before == 0 && keys_.held() > 0) position_.held_since = position_.last_sign;
  if (std::exchange(losing_, false) || keys_.held() != held_before) observer_.standing_changed();
}

void Mirror::tell_loss(const Reading& reading, std::size_t lacking) {
  const std::string keys = text::counted(lacking, "key");
  std::string found = "what etcd had lost is given up";
  if (losing_ && reading.stand.cluster != position_.cluster) {
    found = "another cluster of etcd answers";
  } else if (losing_) {
    found = "etcd was wiped, or restored from an older state: it is at revision " +
            std::to_string(reading.stand.revision) + ", after " + std::to_string(position_.seen);
  }
  if (reading.acceptance) {
    found += "; " + keys + " went, " + by_whom(*reading.acceptance);
  } else if (keys_.held() > 0) {
    found += "; " + text::counted(keys_.held(), "key") +
             " that it lacks stay in force until `hlbctl fleet accept`";
  } else {
    found += "; it lacks nothing";
  }
  told_frozen_ = false;  // this line says that it answers again
  observer_.notice({.trouble = keys_.held() > 0, .text = "fleet: " + found});
}

bool Mirror::is_another(const Stand& stand) const {
  if (position_.revision == 0) return false;
  return stand.cluster != position_.cluster || stand.revision < position_.seen;
}

Mirror::Running<void> Mirror::hold(const std::vector<Change>& gone) {
  std::size_t count = 0;
  for (const Change& change : gone) {
    if (++count % kComparedInTurn == 0) co_await turn();
    keys_.hold(change.key);
  }
}

// A key that comes twice is told by two calls, as the catalog says of keys alone that it refuses
// them; a listing has none twice. What is told goes bit by bit, too: to free a long
// list in one turn takes long.
Mirror::Running<void> Mirror::apply(std::vector<Change> changes, bool of_listing) {
  std::vector<Change> told;
  std::unordered_set<std::string> in_call;
  std::size_t done = 0;
  std::size_t bytes = 0;  // in this turn
  for (Change& change : changes) {
    if (in_call.contains(change.key)) {
      tell(told, true);
      in_call.clear();
    }
    bytes += change.value ? change.value->size() : 0;
    if (keys_.take(change)) {
      if (!of_listing) in_call.insert(change.key);
      told.push_back(std::move(change));
    }
    if (++done == changes.size()) break;
    if (done % kToldInTurn != 0 && bytes < kBytesToldInTurn) continue;
    if (!told.empty()) tell(told, true);
    in_call.clear();
    bytes = 0;
    co_await turn();
  }
  if (!told.empty()) tell(told, of_listing);
  if (!of_listing) close_batch();
}

void Mirror::tell(std::vector<Change>& told, bool more) {
  for (const Change& change : told) {
    const KeptValue* kept = keys_.find(change.key);
    if (kept != nullptr && kept->good) unsettled_.push_back(change.key);
  }
  batch_open_ = more;
  observer_.changed(told, more);
  told.clear();
  settle();
}

void Mirror::settle() {
  for (const std::string& key : unsettled_)
    keys_.settle(key);
  unsettled_.clear();
}

void Mirror::close_batch() {
  if (std::exchange(batch_open_, false)) observer_.changed({}, false);
}

std::optional<Acceptance> Mirror::counting(const std::optional<std::string>& value,
                                           WallTime lost) const {
  if (!value) return std::nullopt;
  auto acceptance = read_acceptance(*value);
  if (!acceptance || acceptance->at <= lost) return std::nullopt;
  if (acceptance->at > settings_.wall() + kClockTolerance) return std::nullopt;
  return acceptance;
}

// One that this host has seen before the loss is of before the loss, whatever the clocks say.
WallTime Mirror::last_sign_before_loss() const {
  const WallTime last = std::max(position_.last_sign, position_.lost);
  const KeptValue* written = keys_.find(accept_key_);
  const auto acceptance = written == nullptr ? std::nullopt : read_acceptance(written->value);
  return acceptance ? std::max(last, acceptance->at) : last;
}

std::optional<std::string> Mirror::save(SnapshotEncoder& encoder, const std::string& first) const {
  std::size_t left = kSavedInTurn;
  auto next = keys_.all().lower_bound(first);
  for (; next != keys_.all().end() && left > 0; ++next, --left)
    encoder.add(next->first, next->second);
  return next == keys_.all().end() ? std::nullopt : std::optional(next->first);
}

}  // namespace hlb::fleet
