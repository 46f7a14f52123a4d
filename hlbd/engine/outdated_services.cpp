#include "engine/outdated_services.h"

#include <algorithm>

namespace hlb {

OutdatedServices::OutdatedServices(Clock& clock, OnDue on_due)
    : on_due_(std::move(on_due)), clock_(clock), alarm_(clock, [this] { ring(); }) {}

void OutdatedServices::reset(std::size_t count) {
  is_marked_.assign(count, false);
  marked_.clear();
  times_.clear();
  order_.clear();
}

void OutdatedServices::resize(std::size_t count) {
  is_marked_.resize(count, false);
  std::erase_if(marked_, [count](std::size_t service) { return service >= count; });
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

std::vector<std::size_t> OutdatedServices::take() {
  for (const std::size_t service : marked_)
    is_marked_[service] = false;
  std::ranges::sort(marked_);
  return std::exchange(marked_, {});
}

void OutdatedServices::forget_time(std::size_t service) {
  const auto found = times_.find(service);
  if (found == times_.end()) return;
  order_.erase({found->second, service});
  times_.erase(found);
}

void OutdatedServices::ring() {
  std::vector<std::size_t> due;
  while (!order_.empty() && order_.begin()->first <= clock_.now()) {
    due.push_back(order_.begin()->second);
    forget_time(due.back());
  }
  if (!order_.empty()) alarm_.set(order_.begin()->first);
  for (const std::size_t service : due) {
    mark(service);
    on_due_();
  }
}

}  // namespace hlb
