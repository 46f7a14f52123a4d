#include "operators/telemetry.h"

#include <utility>

#include "libnss_hlb/choose.h"
#include "system/moment.h"

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

metrics::BackendSample sample_of(const WatchedBackend& backend, const BackendVerdict& verdict) {
  metrics::BackendSample sample{
      .up = backend.state == State::up,
      .unknown = backend.state == State::unknown,
      .suspect = verdict.suspect,
      .override = backend.override ? name_of(*backend.override) : std::string_view(),
      .latency = backend.checks.front()->history.last(),
      .certificate_end = {}};
  for (const auto& check : backend.checks) {
    const auto end = check->certificate_end;
    if (end == WallTime{}) continue;
    const bool sooner = sample.certificate_end == WallTime{} || end < sample.certificate_end;
    if (sooner) sample.certificate_end = end;
  }
  return sample;
}

}  // namespace

Telemetry::Telemetry(const boost::asio::any_io_executor& executor, const Clock& clock,
                     const Monitor& monitor, connections::Census& census,
                     std::function<FleetReport()> fleet, OnTrouble on_trouble)
    : clock_(clock),
      monitor_(monitor),
      census_(census),
      fleet_(std::move(fleet)),
      on_trouble_(std::move(on_trouble)),
      next_count_(executor) {}

void Telemetry::count_connections(bool wanted) {
  if (std::exchange(counts_, wanted) == wanted) return;
  if (wanted) return count();
  next_count_.cancel();
  counts_now_.reset();
  on_trouble_("");
}

void Telemetry::count() {
  next_count_.expires_after(kBetweenCounts);
  next_count_.async_wait(scope_.guard([this](const boost::system::error_code& error) {
    if (!error && counts_) count();
  }));
  census_.ask(scope_.guard([this](const connections::Counted& counted) {
    if (counts_) take(counted);
  }));
}

void Telemetry::take(const connections::Counted& counted) {
  counts_now_ = counted.value_or(nullptr);
  on_trouble_(counted ? "" : "connections can't be counted: " + counted.error());
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

metrics::Exposition Telemetry::expose(metrics::Exposition::Format format) const {
  metrics::Samples samples{
      .services = monitor_.list(), .now = moment_now().wall, .states = {}, .backends = {}};
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
    for (std::size_t k = 0; k < backends.size(); ++k)
      samples.backends.push_back(sample_of(backends[k], monitor_.verdicts()[i].backends[k]));
  }
  if (counts_now_) {
    samples.connections = [counts = counts_now_](const ServiceSpec& service,
                                                 const BackendSpec& backend) {
      return counts->to(service, backend);
    };
  }
  return metrics_.expose(std::move(samples), format, fleet_());
}

}  // namespace hlb
