#include "engine/due_services.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace hlb {

DueServices::DueServices(Clock& clock, OnDue on_due)
    : clock_(clock), on_due_(std::move(on_due)), alarm_(clock.alarm([this] { ring(); })) {}

// The alarm may ring for one that isn't due any more: it then finds nothing.
void DueServices::set(std::size_t service, std::optional<Clock::TimePoint> time) {
  if (!time) {
    times_.erase(service);
    return;
  }
  times_.insert_or_assign(service, *time);
  wait();
}

void DueServices::ring() {
  std::vector<std::size_t> due;
  std::erase_if(times_, [&](const auto& each) {
    if (each.second > clock_.now()) return false;
    due.push_back(each.first);
    return true;
  });
  wait();
  for (const std::size_t service : due)
    on_due_(service);
}

void DueServices::wait() {
  if (times_.empty()) return;
  const auto next =
      std::ranges::min_element(times_, {}, [](const auto& each) { return each.second; });
  alarm_->set(next->second);
}

}  // namespace hlb
