#include "monitor_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "config/duration.h"
#include "health/check_name.h"
#include "health/state_name.h"
#include "libnss_hlb/name.h"
#include "state/moment.h"

namespace hlb {
namespace {

using std::chrono::milliseconds;

std::string text_of(const CheckSpec& check) {
  const std::string port = check.port == 0 ? "" : fmt::format(", port {}", check.port);
  return fmt::format("{}{}, every {}", name_of(check.method), port,
                     config::to_string(check.interval));
}

std::string name_of(AnswerMode mode) {
  if (mode == AnswerMode::one) return "one";
  return mode == AnswerMode::all ? "all" : "spread";
}

// Whether lookups are answered with a backend: it is healthy, and of the best priority that is; or
// none is, and the service then answers with all.
class Answered {
 public:
  explicit Answered(const ServiceVerdict& verdict) {
    for (const BackendVerdict& each : verdict.backends) {
      if (healthy(each)) best_ = std::min<std::uint32_t>(best_, each.priority);
    }
    fails_open_ =
        !any_healthy() && !verdict.undecided && verdict.spec->when_all_down == WhenAllDown::all;
  }
  bool operator()(const BackendVerdict& backend) const {
    if (fails_open_) return usable(backend);
    return healthy(backend) && backend.priority == best_;
  }
  bool any_healthy() const { return best_ != kNone; }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  static bool usable(const BackendVerdict& backend) {
    return !backend.withdrawn && backend.weight > 0;
  }
  static bool healthy(const BackendVerdict& backend) {
    return backend.state == State::up && usable(backend);
  }

  std::uint32_t best_ = kNone;
  bool fails_open_ = false;
};

// The port at which all checks ask; 0 when there is none, or several.
std::uint16_t common_port(const WatchedBackend& backend) {
  std::uint16_t port = 0;
  for (const auto& check : backend.checks) {
    const std::uint16_t each = check->target().port;
    if (each == 0 || check->may_be_silent()) continue;
    if (port != 0 && port != each) return 0;
    port = each;
  }
  return port;
}

// The reason why a backend is as it is: of the first check that says so.
std::string reason_of(const WatchedBackend& backend) {
  for (const auto& check : backend.checks) {
    if (check->state() == backend.state) return check->history.reason();
  }
  return backend.checks.front()->history.reason();
}

// The indices of a part of `size` things: `most` from `wanted_first` on, as far as there are any.
struct Range {
  Range(std::size_t wanted_first, std::size_t most, std::size_t size)
      : first(std::min(wanted_first, size)), end(first + std::min(most, size - first)) {}

  std::size_t first;
  std::size_t end;
};

std::string state_of(bool any_healthy, bool all_up, bool undecided) {
  if (any_healthy) return all_up ? "up" : "degraded";
  return undecided ? "unknown" : "down";
}

}  // namespace

MonitorDirectory::MonitorDirectory(const Monitor& monitor, const Publisher& publisher,
                                   const Clock& clock, const EventLog& events,
                                   const Degraded& degraded)
    : monitor_(monitor),
      publisher_(publisher),
      clock_(clock),
      events_(events),
      degraded_(degraded) {}

// ---- the states of services --------------------------------------------------------------------

void MonitorDirectory::configured() {
  ++configurations_;
  std::map<std::string, ServiceReport> before;
  for (ServiceReport& each : services_)
    before.emplace(each.name, std::move(each));
  indices_.clear();
  services_.clear();
  for (const ServiceSpec& spec : monitor_.services()) {
    indices_.emplace(spec.name, services_.size());
    const auto known = before.find(spec.name);
    ServiceReport report = known == before.end() ? ServiceReport() : std::move(known->second);
    report.name = spec.name;
    services_.push_back(std::move(report));
  }
}

std::vector<Event> MonitorDirectory::update(std::span<const std::size_t> services) {
  std::vector<Event> events;
  const WallTime now = moment_now().wall;
  for (const std::size_t index : services) {
    const ServiceVerdict& verdict = publisher_.verdicts()[index];
    const auto& watched = monitor_.watched()[index].backends;
    ServiceReport& report = services_[index];
    const Answered answered(verdict);
    report.backends = static_cast<std::uint32_t>(watched.size());
    report.answered = static_cast<std::uint32_t>(std::ranges::count_if(verdict.backends, answered));
    report.up = 0;
    bool all_up = true;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      const auto kind = monitor_.overrides().kind_of(report.name, watched[i].spec.address);
      const bool up = verdict.backends[i].state == State::up;
      report.up += up ? 1U : 0U;
      all_up &= up || kind == OverrideKind::maintenance;
    }
    const std::string state = state_of(answered.any_healthy(), all_up, verdict.undecided);
    if (state == report.state) continue;
    const std::string before = std::exchange(report.state, state);
    report.since = now;
    if (!before.empty() && before != "unknown") {
      events.push_back({.at = now,
                        .service = report.name,
                        .address = "",
                        .what = Event::What::state,
                        .before = before,
                        .now = state,
                        .reason = ""});
    }
  }
  return events;
}

// The same as before, unless the clock was set: a time that is asked for twice is then the same.
const BothClocks& MonitorDirectory::both_clocks() const {
  const BothClocks now(clock_);
  if (!clocks_ || !clocks_->agrees_with(now)) clocks_ = now;
  return *clocks_;
}

// ---- what is asked for -------------------------------------------------------------------------

Overview MonitorDirectory::overview() const {
  Overview overview;
  overview.services = static_cast<std::uint32_t>(services_.size());
  for (const ServiceReport& each : services_) {
    overview.services_down += each.state == "down" ? 1U : 0U;
    overview.backends += each.backends;
    overview.backends_up += each.up;
  }
  return overview;
}

std::optional<std::size_t> MonitorDirectory::index_of(std::string_view service) const {
  const auto found = indices_.find(service);
  return found == indices_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ServiceReport> MonitorDirectory::services(std::size_t first, std::size_t most) const {
  const auto at = [this](std::size_t index) {
    return services_.begin() + static_cast<std::ptrdiff_t>(index);
  };
  const Range range(first, most, services_.size());
  return {at(range.first), at(range.end)};
}

std::optional<ServiceReport> MonitorDirectory::service(std::string_view name) const {
  const auto index = index_of(name);
  return index ? std::optional(services_[*index]) : std::nullopt;
}

std::optional<ServiceSettings> MonitorDirectory::settings(std::string_view service) const {
  const auto index = index_of(service);
  if (!index) return std::nullopt;
  const ServiceSpec& spec = monitor_.services()[*index];
  ServiceSettings settings{.aliases = spec.aliases, .answer = name_of(spec.answer), .checks = {}};
  for (const CheckSpec& check : spec.checks)
    settings.checks.push_back(text_of(check));
  return settings;
}

std::optional<std::vector<BackendReport>> MonitorDirectory::backends(std::string_view service,
                                                                     std::size_t first,
                                                                     std::size_t most) const {
  const auto index = index_of(service);
  if (!index) return std::nullopt;
  const BothClocks& clocks = both_clocks();
  const ServiceVerdict verdict = monitor_.verdict(*index);
  const Range range(first, most, monitor_.watched()[*index].backends.size());
  std::vector<BackendReport> reports;
  for (std::size_t i = range.first; i < range.end; ++i)
    reports.push_back(report(*index, i, verdict, clocks));
  return reports;
}

BackendReport MonitorDirectory::report(std::size_t service, std::size_t index,
                                       const ServiceVerdict& verdict,
                                       const BothClocks& clocks) const {
  const ServiceSpec& spec = monitor_.services()[service];
  const WatchedBackend& backend = monitor_.watched()[service].backends[index];
  const std::string& name = spec.name;
  const bool answered = Answered(verdict)(verdict.backends[index]);
  BackendReport report{
      .service = name,
      .address = backend.spec.address.to_string(),
      .port = common_port(backend),
      .state = std::string(name_of(backend.state)),
      .since = clocks.wall(backend.since),
      .reason = reason_of(backend),
      .override = {},
      .weight = backend.spec.weight,
      .weight_percent = answered ? backend.weight_percent(spec.slow_start, clock_.now()) : 0,
      .priority = backend.spec.priority,
      .outcomes = backend.checks.front()->history.latest()};
  if (const Override* found = monitor_.overrides().find(name, backend.spec.address)) {
    report.override = {.kind = std::string(name_of(found->kind)),
                       .reason = found->reason,
                       .set_by = found->set_by,
                       .since = found->since,
                       .until = found->until ? clocks.wall(*found->until) : WallTime()};
  }
  return report;
}

std::optional<std::size_t> MonitorDirectory::index_of(std::size_t service,
                                                      std::string_view address) const {
  const auto& watched = monitor_.watched()[service].backends;
  const auto parsed = Address::parse(address);
  const auto found = std::ranges::find_if(
      watched, [&](const WatchedBackend& each) { return each.spec.address == parsed; });
  if (found == watched.end()) return std::nullopt;
  return static_cast<std::size_t>(found - watched.begin());
}

std::optional<BackendReport> MonitorDirectory::backend(std::string_view service,
                                                       std::string_view address) const {
  const auto service_index = index_of(service);
  const auto index = service_index ? index_of(*service_index, address) : std::nullopt;
  if (!index) return std::nullopt;
  return report(*service_index, *index, monitor_.verdict(*service_index), both_clocks());
}

std::vector<CheckReport> MonitorDirectory::checks(std::string_view service,
                                                  std::string_view address) const {
  std::vector<CheckReport> reports;
  const auto service_index = index_of(service);
  const auto index = service_index ? index_of(*service_index, address) : std::nullopt;
  if (!index) return reports;
  for (const auto& check : monitor_.watched()[*service_index].backends[*index].checks) {
    reports.push_back({.description = describe(check->target()),
                       .state = std::string(name_of(check->state())),
                       .reason = check->history.reason(),
                       .against = check->judge.against(),
                       .outcomes = check->history.latest()});
  }
  return reports;
}

std::optional<std::string> MonitorDirectory::service_of(std::string_view name) const {
  const record::View record = publisher_.table().find(Name(name));
  return record.valid() ? std::optional(std::string(record.name())) : std::nullopt;
}

}  // namespace hlb
