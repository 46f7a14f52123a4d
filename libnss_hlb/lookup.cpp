#include "libnss_hlb/lookup.h"

#include <atomic>

#include "libnss_hlb/clock.h"

namespace hlb {
namespace {

// A hlbd that is there and doesn't answer (stopped, or starved) would cost each lookup of the
// machine the whole deadline, foreign names included. So once it has, this process doesn't ask
// again for a while, as long as it has a table that tells which names are hlbd's.
constexpr std::uint64_t kSilence = kNsPerSecond;
constinit std::atomic<std::uint64_t> silent_until = 0;

bool ran_into_deadline(std::uint64_t started_ns, std::uint64_t ended_ns) {
  return ended_ns - started_ns >= kLookupDeadlineMs * kNsPerMs;
}

}  // namespace

Lookup::Lookup(const Name& name, std::uint64_t now_ns) : table_(now_ns) {
  const table::View& table = table_.view();
  const auto freshness = table.valid() ? table.freshness(now_ns) : table::Freshness::expired;
  const bool current = freshness == table::Freshness::current && !table.superseded();
  if (current) {
    record_ = table.find(name);
    if (!record_.valid() || !record_.undecided()) return;
  } else if (table.valid() && now_ns < silent_until.load(std::memory_order_relaxed)) {
    fall_back(name, freshness);
    return;
  }
  if (ask_hlbd(name)) return;
  const std::uint64_t ended_ns = read_clock(CLOCK_BOOTTIME);
  if (!current && ran_into_deadline(now_ns, ended_ns)) {
    silent_until.store(ended_ns + kSilence, std::memory_order_relaxed);
  }
  fall_back(name, freshness);
}

bool Lookup::ask_hlbd(const Name& name) {
  reply_.emplace(name);
  if (reply_->kind() == PeerReply::Kind::no_answer) return false;
  record_ = {};
  if (reply_->kind() == PeerReply::Kind::no_such_service) return true;
  record_ = record::View::over(reply_->record());
  return record_.valid();
}

void Lookup::fall_back(const Name& name, table::Freshness freshness) {
  const table::View& table = table_.view();
  record_ = table.valid() ? table.find(name) : record::View();
  if (!record_.valid()) return;
  trusted_ = freshness != table::Freshness::expired && !record_.undecided();
}

}  // namespace hlb
