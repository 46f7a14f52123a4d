#include "fleet/forgetter.h"

#include <algorithm>
#include <utility>

namespace hlb::fleet {
namespace {

// At a time, so that a fault of this host's takes out few.
constexpr std::size_t kMostAtOnce = 10;

}  // namespace

bool is_to_be_forgotten(const FleetBackend& backend, State state, Clock::TimePoint::duration lasted,
                        bool another_is_up) {
  const bool may_go = !backend.by.empty() && backend.forget_after.count() > 0;
  return may_go && another_is_up && state == State::down && lasted >= backend.forget_after;
}

Forgetter::Forgetter(boost::asio::any_io_executor executor, Clock& clock, Connect connect,
                     std::vector<std::string> endpoints, std::uint64_t seed, Dead dead,
                     OnForgotten on_forgotten)
    : executor_(std::move(executor)),
      clock_(clock),
      writer_(std::move(connect)),
      endpoints_(std::move(endpoints)),
      dead_(std::move(dead)),
      on_forgotten_(std::move(on_forgotten)),
      random_(seed),
      next_(clock.alarm([this] { look(); })) {
  look_later();
}

void Forgetter::look_later() {
  constexpr auto kMilliseconds = std::chrono::milliseconds(kLookEvery).count();
  const auto part = random_.below(static_cast<std::uint32_t>(kMilliseconds));
  next_->set(clock_.now() + kLookEvery / 2 + std::chrono::milliseconds(part));
}

void Forgetter::look() {
  std::vector<Transaction::Condition> keys = dead_();
  if (keys.empty()) return look_later();
  keys.resize(std::min(keys.size(), kMostAtOnce));
  scope_.spawn(executor_, take_out(std::move(keys)));
}

boost::asio::awaitable<void> Forgetter::take_out(std::vector<Transaction::Condition> keys) {
  Transaction transaction{.only_if = keys, .writes = {}};
  for (const Transaction::Condition& each : keys)
    transaction.writes.push_back({each.key, std::nullopt});
  const std::string& endpoint =
      endpoints_[random_.below(static_cast<std::uint32_t>(endpoints_.size()))];
  const auto committed = co_await writer_.write(endpoint, std::move(transaction));
  look_later();
  if (committed && committed->done) on_forgotten_(keys);
}

}  // namespace hlb::fleet
