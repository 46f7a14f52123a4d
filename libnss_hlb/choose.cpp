#include "libnss_hlb/choose.h"

#include <algorithm>

namespace hlb {
namespace {

using record::AnswerMode;
using record::BackendState;
using record::Family;
using record::kNever;

constexpr int kMostPasses = 3;

std::uint32_t total_weight(const record::View& record, const BackendSet& candidates) {
  std::uint32_t total = 0;
  candidates.for_each([&](std::uint32_t index) {
    total += record.backend(index).weight();
    return true;
  });
  return total;
}

struct Pick {
  std::uint32_t index = 0;
  std::uint32_t weight = 0;
};

// Picks a candidate by weight. As weights may have changed since `total` was made, the last one is
// picked if the weights before it don't suffice.
Pick pick_from(const record::View& record, const BackendSet& candidates, std::uint32_t total,
               Random& random) {
  std::uint32_t rest = random.below(total);
  Pick picked;
  candidates.for_each([&](std::uint32_t index) {
    picked = {index, record.backend(index).weight()};
    if (rest < picked.weight) return false;
    rest -= picked.weight;
    return true;
  });
  return picked;
}

// Candidates that are still to be picked, with their weights as they were.
class Draw {
 public:
  Draw(const record::View& record, const BackendSet& candidates)
      : record_(record), left_(candidates), total_(total_weight(record, candidates)) {}

  // Picks a candidate by weight, which isn't a candidate any longer.
  std::uint32_t pick(Random& random) {
    const Pick picked = pick_from(record_, left_, total_, random);
    left_.remove(picked.index);
    total_ -= std::min(picked.weight, total_);
    return picked.index;
  }

  // Drops those that glibc's sort would put before this backend; returns how many are left.
  std::uint32_t keep_what_stays_behind(std::uint32_t index) {
    const std::uint32_t highest = record_.backend(index).sort_score();
    std::uint32_t kept = 0;
    left_.for_each([&](std::uint32_t other) {
      const bool stays = record_.backend(other).sort_score() <= highest;
      if (!stays) left_.remove(other);
      kept += stays ? 1 : 0;
      return true;
    });
    total_ = total_weight(record_, left_);
    return kept;
  }

 private:
  const record::View& record_;
  BackendSet left_;
  std::uint32_t total_;
};

}  // namespace

BackendSet::BackendSet(const BackendSet& other) : used_(other.used_) {
  std::copy_n(other.words_.begin(), used_, words_.begin());
}

Choice::Choice(const record::View& record, Asked asked, bool healthy)
    : record_(record), asked_(asked) {
  read(healthy);
  availability_ = judge();
}

void Choice::read(bool healthy) {
  for (int pass = 0; pass < kMostPasses && !settled_; ++pass) {
    const std::uint32_t before = record_.changes<Order::acquire>();
    word_ = record_.word();
    read_once(healthy);
    settled_ = record_.changes<Order::relaxed>() == before;
  }
}

void Choice::start_over(record::Rank best) {
  best_rank_ = best;
  ipv4_count_ = ipv6_count_ = 0;
  ipv4_.clear();
  ipv6_.clear();
}

void Choice::read_once(bool healthy) {
  start_over(kNever);
  for (std::uint32_t i = 0; i < record_.backend_count(); ++i) {
    const BackendState state = record_.state(i);
    const record::Rank found = state.rank(word_.when_all_down(), healthy);
    if (found < best_rank_) start_over(found);
    if (found == best_rank_ && found != kNever) take(i, state.family());
  }
}

void Choice::take(std::uint32_t index, Family family) {
  if (family == Family::ipv4 && asked_ != Asked::ipv6) {
    ipv4_.add(index);
    ++ipv4_count_;
  } else if (family == Family::ipv6 && asked_ != Asked::ipv4) {
    ipv6_.add(index);
    ++ipv6_count_;
  }
}

Availability Choice::judge() const {
  if (ipv4_count_ + ipv6_count_ != 0) return Availability::answerable;
  if (best_rank_ != kNever) return Availability::no_address;
  return word_.when_all_down() == record::WhenAllDown::next ? Availability::let_next
                                                            : Availability::none_healthy;
}

bool Choice::spreads() const {
  return word_.mode() != AnswerMode::one && word_.mode() != AnswerMode::all;
}

bool Choice::counts_on_sort() const {
  return spreads() && std::max(ipv4_count_, ipv6_count_) > 1;
}

std::uint32_t Choice::most_of(std::uint32_t candidates) const {
  if (alone_ || word_.mode() == AnswerMode::one) return std::min(candidates, 1U);
  return spreads() ? std::min(candidates, record_.max_addresses()) : candidates;
}

std::uint32_t Choice::choose_from(const BackendSet& family, std::uint32_t candidates,
                                  Random& random, std::span<std::uint16_t> chosen) const {
  std::uint32_t most = std::min(most_of(candidates), static_cast<std::uint32_t>(chosen.size()));
  if (most == 0) return 0;
  if (most == 1) {
    const std::uint32_t total = total_weight(record_, family);
    chosen[0] = static_cast<std::uint16_t>(pick_from(record_, family, total, random).index);
    return 1;
  }
  Draw draw(record_, family);
  const std::uint32_t first = draw.pick(random);
  chosen[0] = static_cast<std::uint16_t>(first);
  if (spreads()) most = std::min(most, 1 + draw.keep_what_stays_behind(first));
  for (std::uint32_t i = 1; i < most; ++i)
    chosen[i] = static_cast<std::uint16_t>(draw.pick(random));
  return most;
}

std::uint32_t Choice::choose(Random& random, std::span<std::uint16_t> chosen) const {
  const std::uint32_t ipv6 = choose_from(ipv6_, ipv6_count_, random, chosen);
  return ipv6 + choose_from(ipv4_, ipv4_count_, random, chosen.subspan(ipv6));
}

}  // namespace hlb
