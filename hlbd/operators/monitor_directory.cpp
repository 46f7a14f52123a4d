#include "operators/monitor_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "health/check_spec.h"
#include "health/machine.h"
#include "libnss_hlb/name.h"
#include "system/moment.h"
#include "text/duration.h"

namespace hlb {
namespace {

using std::chrono::milliseconds;

std::string text_of(const CheckSpec& check) {
  const std::string port = check.port == 0 ? "" : fmt::format(", port {}", check.port);
  return fmt::format("{}{}, every {}", name_of(check.method), port,
                     text::to_string(check.interval));
}

std::string name_of(AnswerMode mode) {
  if (mode == AnswerMode::one) return "one";
  return mode == AnswerMode::all ? "all" : "spread";
}

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

// The reason why a backend is as it is: that of the first check that says so or, while the backend
// is suspect, of the one that suspects it.
std::string reason_of(const WatchedBackend& backend) {
  const bool suspect = backend.suspect();
  for (const auto& check : backend.checks) {
    if (suspect ? check->suspects() : check->state() == backend.state) {
      return check->history.reason();
    }
  }
  return backend.checks.front()->history.reason();
}

// The indices of a part of `size` things: `most` from `wanted_first` on, or fewer at the end.
struct Range {
  Range(std::size_t wanted_first, std::size_t most, std::size_t size)
      : first(std::min(wanted_first, size)), end(first + std::min(most, size - first)) {}

  std::size_t first;
  std::size_t end;
};

}  // namespace

MonitorDirectory::MonitorDirectory(const Monitor& monitor, const Publisher& publisher,
                                   const Clock& clock, const EventLog& events,
                                   const Troubles& troubles, const connections::Census& census,
                                   std::function<FleetReport()> fleet)
    : monitor_(monitor),
      publisher_(publisher),
      clock_(clock),
      events_(events),
      troubles_(troubles),
      census_(census),
      fleet_(std::move(fleet)) {}

// Returns the same as before unless the clock was set, so that a time which is asked for twice is
// the same.
const BothClocks& MonitorDirectory::both_clocks() const {
  const BothClocks now(clock_);
  if (!clocks_ || !clocks_->agrees_with(now)) clocks_ = now;
  return *clocks_;
}

// ---- what is asked for -------------------------------------------------------------------------

Overview MonitorDirectory::overview() const {
  const Totals& totals = monitor_.totals();
  return {.services = static_cast<std::uint32_t>(monitor_.services().size()),
          .services_down = static_cast<std::uint32_t>(totals.services_down),
          .backends = static_cast<std::uint32_t>(totals.backends),
          .backends_up = static_cast<std::uint32_t>(totals.backends_up)};
}

std::vector<ServiceReport> MonitorDirectory::services(std::size_t first, std::size_t most) const {
  const BothClocks& clocks = both_clocks();
  const Range range(first, most, monitor_.services().size());
  std::vector<ServiceReport> reports;
  reports.reserve(range.end - range.first);
  for (std::size_t i = range.first; i < range.end; ++i)
    reports.push_back(report(i, clocks));
  return reports;
}

std::optional<ServiceReport> MonitorDirectory::service(std::string_view name) const {
  const auto index = monitor_.find(name);
  return index ? std::optional(report(*index, both_clocks())) : std::nullopt;
}

ServiceReport MonitorDirectory::report(std::size_t service, const BothClocks& clocks) const {
  const ServiceStatus& status = monitor_.verdicts()[service].status;
  return {.name = monitor_.services()[service].name,
          .state = std::string(name_of(status.state)),
          .backends = status.backends,
          .up = status.up,
          .answered = status.answered,
          .since = clocks.wall(status.since),
          .serving = status.serving ? to_string(*status.serving) : ""};
}

std::optional<ServiceSettings> MonitorDirectory::settings(std::string_view service) const {
  const auto index = monitor_.find(service);
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
  const auto index = monitor_.find(service);
  if (!index) return std::nullopt;
  const BothClocks& clocks = both_clocks();
  const Range range(first, most, monitor_.watched()[*index].backends.size());
  std::vector<BackendReport> reports;
  for (std::size_t i = range.first; i < range.end; ++i)
    reports.push_back(report(*index, i, clocks));
  return reports;
}

BackendReport MonitorDirectory::report(std::size_t service, std::size_t index,
                                       const BothClocks& clocks) const {
  const ServiceSpec& spec = monitor_.services()[service];
  const WatchedBackend& backend = monitor_.watched()[service].backends[index];
  const std::string& name = spec.name;
  const ServiceVerdict& verdict = monitor_.verdicts()[service];
  const bool answered = verdict.serves(verdict.backends[index]);
  BackendReport report{
      .service = name,
      .address = backend.spec.address.to_string(),
      .port = common_port(backend),
      .state = std::string(name_of(backend.state)),
      .suspect = verdict.backends[index].suspect,
      .since = clocks.wall(backend.since),
      .reason = reason_of(backend),
      .override = {},
      .weight = backend.spec.weight,
      .weight_percent = answered ? backend.weight_percent(spec.slow_start, clock_.now()) : 0,
      .priority = backend.spec.priority,
      .held_back = verdict.backends[index].held_back,
      .outcomes = backend.checks.front()->history.latest()};
  if (const Override* found = monitor_.override_of(name, backend.spec.address)) {
    report.override = {.kind = std::string(name_of(found->kind)),
                       .reason = found->reason,
                       .set_by = found->set_by,
                       .of_fleet = found->of_fleet,
                       .since = found->since,
                       .until = found->until ? clocks.wall(*found->until) : WallTime()};
  }
  return report;
}

std::optional<std::size_t> MonitorDirectory::find(std::size_t service,
                                                  std::string_view address) const {
  const auto parsed = Address::parse(address);
  return parsed ? monitor_.watched()[service].find(*parsed) : std::nullopt;
}

std::optional<BackendReport> MonitorDirectory::backend(std::string_view service,
                                                       std::string_view address) const {
  const auto place = monitor_.find(service);
  const auto index = place ? find(*place, address) : std::nullopt;
  return index ? std::optional(report(*place, *index, both_clocks())) : std::nullopt;
}

std::vector<CheckReport> MonitorDirectory::checks(std::string_view service,
                                                  std::string_view address) const {
  std::vector<CheckReport> reports;
  const auto place = monitor_.find(service);
  const auto index = place ? find(*place, address) : std::nullopt;
  if (!index) return reports;
  for (const auto& check : monitor_.watched()[*place].backends[*index].checks) {
    reports.push_back({.description = describe(check->target()),
                       .state = std::string(name_of(check->state())),
                       .reason = check->history.reason(),
                       .against = check->judge.against(),
                       .outcomes = check->history.latest()});
  }
  return reports;
}

std::optional<std::vector<ConnectionReport>> MonitorDirectory::connections(std::string_view service,
                                                                           std::size_t first,
                                                                           std::size_t most) const {
  const auto index = monitor_.find(service);
  const connections::ConnectionCounts* const counts = census_.latest();
  if (!index || counts == nullptr) return std::nullopt;
  const ServiceSpec& spec = monitor_.services()[*index];
  const std::vector<WatchedBackend>& backends = monitor_.watched()[*index].backends;
  const Range range(first, most, backends.size());
  std::vector<ConnectionReport> reports;
  for (std::size_t i = range.first; i < range.end; ++i) {
    const BackendSpec& backend = backends[i].spec;
    reports.push_back({spec.name, backend.address.to_string(), counts->to(spec, backend)});
  }
  return reports;
}

// ---- what would be -----------------------------------------------------------------------------

std::vector<OverridePreview> MonitorDirectory::preview(const bus::PreviewRequest& request,
                                                       std::size_t service) const {
  if (service >= monitor_.services().size()) return preview_of_gone(request);
  const std::string& name = monitor_.services()[service].name;
  if (!request.targets.may_mean(name)) return {};
  std::vector<OverridePreview> previews;
  std::vector<std::size_t> places;
  const std::vector<WatchedBackend>& backends = monitor_.watched()[service].backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    const Address& backend = backends[i].spec.address;
    const std::string address = backend.to_string();
    const auto kind = backends[i].override;
    const bool clears_nothing =
        !request.kind && monitor_.overrides().find(name, backend) == nullptr;
    if (clears_nothing || !request.targets.matches(name, address)) continue;
    const auto now = monitor_.override_if(name, backend, request.kind);
    places.push_back(i);
    previews.push_back({.service = name,
                        .address = address,
                        .before = kind ? std::string(name_of(*kind)) : "",
                        .now = now ? std::string(name_of(*now)) : ""});
  }
  if (places.empty()) return {};
  const std::uint32_t remaining =
      monitor_.verdict_if(service, places, request.kind).status.answered;
  for (OverridePreview& each : previews) {
    each.answered = monitor_.verdicts()[service].status.answered;
    each.remaining = remaining;
  }
  return previews;
}

// Only what is in force can be cleared.
std::vector<OverridePreview> MonitorDirectory::preview_of_gone(
    const bus::PreviewRequest& request) const {
  std::vector<OverridePreview> previews;
  if (request.kind) return previews;
  for (const auto& [key, override] : monitor_.overrides().all()) {
    const auto service = monitor_.find(key.service);
    if (service && monitor_.watched()[*service].find(key.backend)) continue;
    const std::string address = key.backend.to_string();
    if (!request.targets.matches(key.service, address)) continue;
    previews.push_back({.service = key.service,
                        .address = address,
                        .before = std::string(name_of(override.kind)),
                        .now = ""});
  }
  return previews;
}

std::optional<std::string> MonitorDirectory::service_of(std::string_view name) const {
  const record::View record = publisher_.table().find(Name(name));
  return record.valid() ? std::optional(std::string(record.name())) : std::nullopt;
}

}  // namespace hlb
