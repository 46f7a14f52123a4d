#include "engine/outdated_services.h"

#include <algorithm>

namespace hlb {
namespace {

constexpr std::size_t kDueAtOnce = 1000;  // services that are marked without a pause

}  // namespace

OutdatedServices::OutdatedServices(Clock& clock, OnDue on_due)
    : on_due_(std::move(on_due)), clock_(clock), alarm_(clock, [this] { ring(); }) {}

void OutdatedServices::rearrange(std::span<const std::optional<std::size_t>> from) {
  const std::vector<bool> was_marked = std::exchange(is_marked_, std::vector<bool>(from.size()));
  const auto times = std::exchange(times_, {});
  taken_ += std::exchange(marked_, {}).size();
  order_.clear();
  for (std::size_t service = 0; service < from.size(); ++service) {
    if (!from[service]) continue;
    if (was_marked[*from[service]]) mark(service);
    const auto time = times.find(*from[service]);
    if (time != times.end()) mark_at(service, time->second);
  }
}

void OutdatedServices::resize(std::size_t count) {
  is_marked_.resize(count, false);
  taken_ += std::erase_if(marked_, [count](std::size_t service) { return service >= count; });
  while (!times_.empty() && times_.rbegin()->first >= count)
    forget_time(times_.rbegin()->first);
}

void OutdatedServices::mark(std::size_t service) {
  if (is_marked_[service]) return;
  is_marked_[service] = true;
  marked_.push_back(service);
}

void OutdatedServices::mark_at(std::size_t service, std::optional<Clock::TimePoint> time) {
  forget_time(service);
  if (!time) return;
  times_.emplace(service, *time);
  order_.emplace(*time, service);
  alarm_.set(*time);
}

std::vector<std::size_t> OutdatedServices::take(std::size_t most) {
  const auto end = marked_.begin() + static_cast<std::ptrdiff_t>(std::min(most, marked_.size()));
  const std::vector<std::size_t> first(marked_.begin(), end);
  marked_.erase(marked_.begin(), end);
  taken_ += first.size();
  for (const std::size_t service : first)
    is_marked_[service] = false;
  return first;
}

void OutdatedServices::forget_time(std::size_t service) {
  const auto found = times_.find(service);
  if (found == times_.end()) return;
  order_.erase({found->second, service});
  times_.erase(found);
}

void OutdatedServices::ring() {
  std::size_t due = 0;
  for (; !order_.empty() && order_.begin()->first <= clock_.now() && due < kDueAtOnce; ++due) {
    const std::size_t service = order_.begin()->second;
    forget_time(service);
    mark(service);
  }
  if (!order_.empty()) alarm_.set(order_.begin()->first);
  if (due > 0) on_due_();
}

}  // namespace hlb
