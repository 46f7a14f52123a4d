#include "libnss_hlb/lookup.h"

#include <atomic>

#include "libnss_hlb/clock.h"

namespace hlb {
namespace {

// A hlbd that is there and doesn't answer (stopped, or starved) would cost each lookup the whole
// deadline. So once it has, this process doesn't ask again for a while, as long as it has a table.
// In milliseconds, which wrap around, since a word is an atomic on every machine.
constexpr std::uint32_t kSilenceMs = 1000;
constinit std::atomic<std::uint32_t> silent_until = 0;

std::uint32_t in_ms(std::uint64_t ns) {
  return static_cast<std::uint32_t>(ns / kNsPerMs);
}

bool is_silent(std::uint64_t now_ns) {
  const std::uint32_t left = silent_until.load(std::memory_order_relaxed) - in_ms(now_ns);
  return left != 0 && left <= kSilenceMs;
}

void note_silence(std::uint64_t now_ns) {
  silent_until.store(in_ms(now_ns) + kSilenceMs, std::memory_order_relaxed);
}

}  // namespace

Lookup::Lookup(const Name& name, std::uint64_t now_ns) : table_(now_ns) {
  const table::View& table = table_.view();
  const auto freshness = table.valid() ? table.freshness(now_ns) : table::Freshness::expired;
  if (!read_table(name, freshness) && !ask_hlbd(name, now_ns)) fall_back(freshness);
}

// Which names are services is the newest table's word even when hlbd no longer renews it: a name of
// others never waits for hlbd.
bool Lookup::read_table(const Name& name, table::Freshness freshness) {
  const table::View& table = table_.view();
  if (!table.valid()) return false;
  record_ = table.find(name);
  if (table.superseded() || table_.may_be_outdated()) return false;
  if (!record_.valid()) return true;
  if (freshness != table::Freshness::current || record_.undecided()) return false;
  found_ = Found::service;
  return true;
}

bool Lookup::ask_hlbd(const Name& name, std::uint64_t now_ns) {
  if (table_.view().valid() && is_silent(now_ns)) return false;
  reply_.emplace(name);
  if (reply_->kind() == PeerReply::Kind::no_such_service) return true;
  const record::View replied = record::View::over(reply_->record());
  if (replied.valid()) {
    record_ = replied;
    found_ = Found::service;
    return true;
  }
  const std::uint64_t ended_ns = read_clock(CLOCK_BOOTTIME);
  if (ended_ns - now_ns >= kLookupDeadlineMs * kNsPerMs) note_silence(ended_ns);
  return false;
}

void Lookup::fall_back(table::Freshness freshness) {
  if (record_.valid()) {
    found_ = Found::service;
    trusted_ = freshness != table::Freshness::expired && !record_.undecided();
  } else if (table_.may_be_outdated()) {
    found_ = Found::unknown;
  }
}

}  // namespace hlb
