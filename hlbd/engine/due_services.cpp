#include "engine/due_services.h"

#include <utility>
#include <vector>

namespace hlb {

DueServices::DueServices(Clock& clock, OnDue on_due)
    : clock_(clock), on_due_(std::move(on_due)), alarm_(clock, [this] { ring(); }) {}

void DueServices::set(std::size_t service, std::optional<Clock::TimePoint> time) {
  erase(service);
  if (!time) return;
  times_.emplace(service, *time);
  order_.emplace(*time, service);
  alarm_.set(*time);
}

void DueServices::clear() {
  times_.clear();
  order_.clear();
}

void DueServices::erase(std::size_t service) {
  const auto found = times_.find(service);
  if (found == times_.end()) return;
  order_.erase({found->second, service});
  times_.erase(found);
}

void DueServices::ring() {
  std::vector<std::size_t> due;
  while (!order_.empty() && order_.begin()->first <= clock_.now()) {
    due.push_back(order_.begin()->second);
    erase(due.back());
  }
  if (!order_.empty()) alarm_.set(order_.begin()->first);
  for (const std::size_t service : due)
    on_due_(service);
}

}  // namespace hlb
