#include "libnss_hlb/choose.h"

#include <utility>

namespace hlb {
namespace {

using record::AnswerMode;
using record::Backend;
using record::Family;

constexpr std::uint32_t kNoPriority = UINT32_MAX;

bool usable(const Backend& backend) {
  return !backend.withdrawn() && backend.weight() > 0;
}

std::uint32_t best_priority(const record::View& record) {
  std::uint32_t best = kNoPriority;
  for (std::uint32_t i = 0; i < record.backend_count(); ++i) {
    const Backend backend = record.backend(i);
    if (backend.up() && usable(backend) && backend.priority() < best) best = backend.priority();
  }
  return best;
}

// Moves one of `indices`, picked by weight, to their front.
void pick_to_front(const record::View& record, Random& random, std::span<std::uint16_t> indices) {
  std::uint32_t total = 0;
  for (const std::uint16_t index : indices)
    total += record.backend(index).weight();
  std::uint32_t rest = random.below(total);
  for (std::uint16_t& index : indices) {
    const std::uint32_t weight = record.backend(index).weight();
    if (rest < weight) return std::swap(indices.front(), index);
    rest -= weight;
  }
}

// Drops those that glibc's sort would put before the first; returns how many are left.
std::uint32_t keep_what_stays_behind_first(const record::View& record,
                                           std::span<std::uint16_t> indices) {
  const std::uint32_t highest = record.backend(indices.front()).sort_score();
  std::uint32_t kept = 0;
  for (const std::uint16_t index : indices) {
    if (record.backend(index).sort_score() <= highest) indices[kept++] = index;
  }
  return kept;
}

}  // namespace

Choice::Choice(const record::View& record, Asked asked, bool healthy)
    : record_(record),
      asked_(asked),
      best_priority_(healthy ? best_priority(record) : kNoPriority) {
  if (best_priority_ == kNoPriority) settle_all_down();
  if (availability_ != Availability::answerable) return;
  for (const Family family : {Family::ipv6, Family::ipv4}) {
    const std::uint32_t candidates = count(family);
    most_ += record_.mode() == AnswerMode::one && candidates > 1 ? 1 : candidates;
  }
  if (most_ == 0) availability_ = Availability::no_address;
}

void Choice::settle_all_down() {
  switch (record_.when_all_down()) {
    case record::WhenAllDown::all:
      fail_open_ = true;
      if (!any_serves()) availability_ = Availability::none_healthy;
      return;
    case record::WhenAllDown::next:
      availability_ = Availability::let_next;
      return;
    case record::WhenAllDown::fail:
    default:
      availability_ = Availability::none_healthy;
  }
}

bool Choice::serves(const Backend& backend) const {
  return usable(backend) && (fail_open_ || (backend.up() && backend.priority() == best_priority_));
}

bool Choice::serves(const Backend& backend, Family family) const {
  return backend.family() == family && serves(backend);
}

bool Choice::any_serves() const {
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    if (serves(record_.backend(i))) return true;
  }
  return false;
}

bool Choice::wants(Family family) const {
  return asked_ == Asked::any || asked_ == (family == Family::ipv4 ? Asked::ipv4 : Asked::ipv6);
}

std::uint32_t Choice::count(Family family) const {
  if (!wants(family)) return 0;
  std::uint32_t candidates = 0;
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    if (serves(record_.backend(i), family)) ++candidates;
  }
  return candidates;
}

// As pick_to_front(), without room for the candidates: `one` needs room for one address alone.
std::uint32_t Choice::pick_one(Family family, Random& random) const {
  std::uint32_t total = 0;
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    const Backend backend = record_.backend(i);
    if (serves(backend, family)) total += backend.weight();
  }
  std::uint32_t rest = random.below(total);
  std::uint32_t picked = 0;
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    const Backend backend = record_.backend(i);
    if (!serves(backend, family)) continue;
    picked = i;
    if (rest < backend.weight()) break;
    rest -= backend.weight();
  }
  return picked;
}

std::uint32_t Choice::choose_family(Family family, Random& random,
                                    std::span<std::uint16_t> chosen) const {
  std::uint32_t candidates = count(family);
  if (candidates == 0) return 0;
  if (record_.mode() == AnswerMode::one) {
    chosen[0] = static_cast<std::uint16_t>(pick_one(family, random));
    return 1;
  }
  candidates = 0;
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    if (serves(record_.backend(i), family)) chosen[candidates++] = static_cast<std::uint16_t>(i);
  }
  pick_to_front(record_, random, chosen.first(candidates));
  if (record_.mode() != AnswerMode::all) {
    candidates = keep_what_stays_behind_first(record_, chosen.first(candidates));
  }
  for (std::uint32_t i = 1; i + 1 < candidates; ++i) {
    pick_to_front(record_, random, chosen.subspan(i, candidates - i));
  }
  return candidates;
}

std::uint32_t Choice::choose(Random& random, std::span<std::uint16_t> chosen) const {
  const std::uint32_t ipv6 = choose_family(Family::ipv6, random, chosen);
  return ipv6 + choose_family(Family::ipv4, random, chosen.subspan(ipv6));
}

}  // namespace hlb
