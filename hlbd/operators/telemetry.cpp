#include "operators/telemetry.h"

#include <spdlog/spdlog.h>
#include <string>
#include <system_error>
#include <utility>

#include "libnss_hlb/choose.h"
#include "text/endpoint.h"

namespace hlb {
namespace {

using metrics::Cause;
using metrics::LookupResult;

Cause cause_of(const BackendChange& change) {
  if (change.before == State::unknown) return Cause::first;
  if (change.decision.check.is_told()) return Cause::told;
  if (change.decision.outcome.result == Outcome::Result::passed) return Cause::passed;
  return change.decision.outcome.evidence == Outcome::Evidence::hard ? Cause::hard : Cause::soft;
}

std::string name_of(const MetricsAddress& at) {
  return at.port == 0 ? at.socket : Endpoint{at.address, at.port}.to_string();
}

}  // namespace

Telemetry::Telemetry(const boost::asio::any_io_executor& executor, const Clock& clock,
                     const Monitor& monitor, connections::Census& census, OnTrouble on_trouble)
    : clock_(clock),
      monitor_(monitor),
      census_(census),
      on_trouble_(std::move(on_trouble)),
      server_(executor, [this] { return expose(); }),
      next_count_(executor) {}

void Telemetry::serve_at(const std::optional<MetricsAddress>& address) {
  if (address && address == address_) return;
  server_.close();
  address_.reset();
  not_served_ = address ? try_to_serve_at(*address) : "";
  // Each time, as who reloads for its sake waits for an answer.
  if (!not_served_.empty()) spdlog::warn("metrics: {}; a reload tries again", not_served_);
  tell_trouble();
}

void Telemetry::tell_trouble() {
  on_trouble_(not_served_.empty() ? not_counted_ : not_served_);
}

void Telemetry::count_connections(bool wanted) {
  if (std::exchange(counts_, wanted) == wanted) return;
  if (wanted) return count();
  next_count_.cancel();
  counts_now_.reset();
  not_counted_.clear();
  tell_trouble();
}

void Telemetry::count() {
  next_count_.expires_after(kBetweenCounts);
  next_count_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && counts_) count();
  }));
  census_.ask(scope_.guard([this](const connections::Counted& counted) {
    if (counts_) this->counted(counted);
  }));
}

void Telemetry::counted(const connections::Counted& counted) {
  counts_now_ = counted.value_or(nullptr);
  const std::string why = counted ? "" : "connections can't be counted: " + counted.error();
  if (std::exchange(not_counted_, why) == why) return;
  if (!why.empty()) spdlog::warn("metrics: {}", why);
  tell_trouble();
}

// Returns what stands in the way; empty when nothing does.
std::string Telemetry::try_to_serve_at(const MetricsAddress& address) {
  const std::error_code error = address.port == 0
                                    ? server_.serve_at(address.socket)
                                    : server_.serve_at(Endpoint{address.address, address.port});
  if (error) return fmt::format("can't be served at {}: {}", name_of(address), error.message());
  address_ = address;
  return "";
}

void Telemetry::changed(const BackendChange& change) {
  metrics_.changed(cause_of(change));
  if (change.before == State::unknown || change.now == State::unknown) return;
  unpublished_.push_back({change.now, clock_.now() - change.took});
}

void Telemetry::published(std::uint64_t tables_so_far) {
  metrics_.published_tables(tables_so_far);
  for (const auto& [now, first_seen] : std::exchange(unpublished_, {}))
    metrics_.detected(now, clock_.now() - first_seen);
}

void Telemetry::looked_up(const record::View& record) {
  if (!record.valid()) return metrics_.looked_up(LookupResult::no_such_service);
  if (record.undecided()) return;  // it is asked for again
  const auto availability = Choice(record, Asked::any).availability();
  metrics_.looked_up(availability == Availability::answerable ? LookupResult::answered
                                                              : LookupResult::no_healthy_backend);
}

void Telemetry::looked_up(const tl::expected<bus::Resolved, Refusal>& answer) {
  if (answer) return metrics_.looked_up(LookupResult::answered);
  const bool unknown = answer.error().kind == Refusal::Kind::no_such_service;
  metrics_.looked_up(unknown ? LookupResult::no_such_service : LookupResult::no_healthy_backend);
}

metrics::Exposition Telemetry::expose() const {
  metrics::Samples samples{.services = monitor_.list(), .states = {}, .backends = {}};
  samples.states.reserve(monitor_.verdicts().size());
  samples.backends.reserve(monitor_.totals().backends);
  for (const ServiceVerdict& verdict : monitor_.verdicts()) {
    const ServiceStatus& status = verdict.status;
    samples.states.push_back({.healthy = status.healthy,
                              .held_back = status.held_back,
                              .panic = status.serving && status.serving->all});
  }
  for (std::size_t i = 0; i < monitor_.watched().size(); ++i) {
    const std::vector<WatchedBackend>& backends = monitor_.watched()[i].backends;
    for (std::size_t k = 0; k < backends.size(); ++k) {
      const auto& override = backends[k].override;
      samples.backends.push_back({.up = backends[k].state == State::up,
                                  .suspect = monitor_.verdicts()[i].backends[k].suspect,
                                  .override = override ? name_of(*override) : std::string_view()});
    }
  }
  if (counts_now_) {
    samples.connections = [counts = counts_now_](const ServiceSpec& service,
                                                 const BackendSpec& backend) {
      return counts->to(service, backend);
    };
  }
  return metrics_.expose(std::move(samples));
}

}  // namespace hlb
