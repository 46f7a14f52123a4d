#include "operators/bus/connection_lists.h"

#include <optional>
#include <utility>

#include "operators/bus/versions.h"

namespace hlb::bus {

ConnectionLists::ConnectionLists(LoopSide& loop, std::function<void()> on_ready)
    : loop_(loop), calls_(std::make_shared<Calls>()) {
  calls_->on_ready = std::move(on_ready);
}

void ConnectionLists::ask(Result&& result, std::string service) {
  if (calls_->waiting.size() + calls_->ready.size() >= kMostWaiting) {
    return result.returnError(sdbus::Error(BusName{"org.freedesktop.DBus.Error.LimitsExceeded"},
                                           "too many ask for connections"));
  }
  calls_->waiting.push_back({std::move(result), std::move(service)});
  if (calls_->waiting.size() > 1) return;
  loop_.count_connections([weak = std::weak_ptr(calls_)](const CountTaken& taken) {
    if (const auto still = weak.lock()) counted(*still, taken);
  });
}

void ConnectionLists::counted(Calls& calls, const CountTaken& taken) {
  for (Call& call : std::exchange(calls.waiting, {}))
    calls.ready.push_back({std::move(call), taken});
  calls.on_ready();
}

bool ConnectionLists::answer_next() {
  if (calls_->ready.empty()) return false;
  const Answerable next = std::move(calls_->ready.front());
  calls_->ready.pop_front();
  const Result& result = next.call.result;
  if (!next.taken) {
    result.returnError(to_bus_error(next.taken.error()));
    return !calls_->ready.empty();
  }
  auto reports = next.call.service.empty() ? std::optional(loop_.all_connections())
                                           : loop_.connections(next.call.service);
  if (reports) {
    result.returnResults(ConnectionRow::of_all(*std::move(reports)));
  } else {
    result.returnError(to_bus_error(
        {Refusal::Kind::no_such_service, next.call.service + ": no service has this name"}));
  }
  return !calls_->ready.empty();
}

}  // namespace hlb::bus
