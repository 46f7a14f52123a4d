#include "libnss_hlb/lookup.h"

#include <atomic>

#include "libnss_hlb/clock.h"
#include "libnss_hlb/network.h"

namespace hlb {
namespace {

// Attempts at a table, until it stays as it is while it is read.
constexpr int kMostAttempts = 3;

// Turns to another table, after hlbd was asked in vain.
constexpr int kMostTurns = 3;

// An hlbd that is there and doesn't answer (stopped, or starved) would cost each lookup the whole
// deadline. So after one such lookup this process asks no more for a while, if it has a table.
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

// Asking which network namespace this is takes system calls, a fifth of a lookup of two addresses.
// So what they said holds for a second, for all threads: one that changes its namespace, or is in
// another one than the others, may get an answer that is balanced as there.
// In milliseconds, but for the lowest bit, which says whether it is hlbd's; 0: not asked yet.
constexpr std::uint32_t kNetworkMs = 1000;
constexpr std::uint32_t kIsTheirs = 1;
constinit std::atomic<std::uint32_t> network_seen = 0;

}  // namespace

Lookup::Lookup(const Name& name, Asked asked)
    : name_(name), asked_(asked), now_ns_(read_clock(CLOCK_BOOTTIME)), table_(now_ns_) {}

Lookup::Found Lookup::find() {
  // The table that was left may have been replaced while it was read.
  if (source_ == Source::left_table && !another_table_stands()) return found_ = Found::unknown;
  for (;;) {
    if (attempts_++ < kMostAttempts && ask_table()) return found_;
    if (ask_hlbd()) return found_;
    if (!another_table_stands()) return read_what_is_left();
  }
}

// Which names are services is the newest table's word even when hlbd no longer renews it: a name of
// others never waits for hlbd.
bool Lookup::ask_table() {
  if (attempts_ > 1) table_.refresh(now_ns_);
  const table::View& table = table_.view();
  if (!table.valid() || table.superseded() || table_.may_be_outdated()) return false;
  source_ = Source::table;
  record_ = table.find(name_);
  found_ = Found::foreign;
  if (!record_.valid()) return !table.incomplete();
  if (table.freshness(now_ns_) != table::Freshness::current) return false;
  read(record_, true);
  return choice_->settled() && !choice_->undecided();
}

bool Lookup::ask_hlbd() {
  if (table_.view().valid() && is_silent(now_ns_)) return false;
  source_ = Source::hlbd;
  if (call_hlbd()) return true;
  const std::uint64_t ended_ns = read_clock(CLOCK_BOOTTIME);
  if (ended_ns - now_ns_ >= kLookupDeadlineMs * kNsPerMs) note_silence(ended_ns);
  return false;
}

bool Lookup::call_hlbd() {
  if (deadline_ns_ == 0) {
    deadline_ns_ = read_clock(CLOCK_MONOTONIC) + kLookupDeadlineMs * kNsPerMs;
  }
  reply_.emplace(name_, deadline_ns_);
  found_ = Found::foreign;
  if (reply_->kind() == PeerReply::Kind::no_such_service) return true;
  const record::View record = record::View::over(reply_->record());
  if (record.valid()) read(record, true);
  return record.valid();
}

// Finds the table of an hlbd that died just after it had put that in place.
bool Lookup::another_table_stands() {
  if (turns_ == kMostTurns || table_.is_newest()) return false;
  ++turns_;
  attempts_ = 0;
  table_.refresh(now_ns_);
  return true;
}

Lookup::Found Lookup::read_what_is_left() {
  const table::View& table = table_.view();
  source_ = Source::none;
  if (table_.may_be_outdated()) return found_ = Found::unknown;
  if (!table.valid() || table.retired()) return found_ = Found::foreign;
  source_ = Source::left_table;
  const record::View record = table.find(name_);
  if (!record.valid()) return found_ = Found::foreign;
  const bool counts = table.freshness(now_ns_) != table::Freshness::expired && !record.undecided();
  read(record, counts);
  return found_;
}

void Lookup::read(const record::View& record, bool healthy) {
  found_ = Found::service;
  record_ = record;
  choice_.emplace(record_, asked_, healthy);
}

bool Lookup::shares_network_with_hlbd() const {
  if (!table_.view().valid()) return true;
  const std::uint32_t now = in_ms(now_ns_) & ~kIsTheirs;
  std::uint32_t seen = network_seen.load(std::memory_order_relaxed);
  if (seen == 0 || now - (seen & ~kIsTheirs) > kNetworkMs) {
    seen = now | (is_this_network(table_.view().network()) ? kIsTheirs : 0U);
    network_seen.store(seen, std::memory_order_relaxed);
  }
  return (seen & kIsTheirs) != 0;
}

bool Lookup::stands() const {
  if (source_ == Source::table) return !table_.view().superseded_meanwhile();
  return source_ != Source::left_table || found_ == Found::unknown || table_.is_newest();
}

}  // namespace hlb
