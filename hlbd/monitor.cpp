#include "monitor.h"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace hlb {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestFirstRound{10'000};
constexpr std::chrono::minutes kTroubleSaidEvery{1};
constexpr milliseconds kRampStep{500};

// Each probe takes a descriptor; most are left for the peer socket.
std::size_t probes_at_a_time() {
  constexpr rlim_t kMost = 1024;
  constexpr rlim_t kLeast = 16;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::clamp(limit.rlim_cur / 4, kLeast, kMost);
}

probes::Target target_of(const ServiceSpec& service, const BackendSpec& backend,
                         std::shared_ptr<const CheckSpec> check) {
  const bool told_the_service = std::holds_alternative<ExecCheck>(check->method) ||
                                std::holds_alternative<FileCheck>(check->method);
  const std::uint16_t port = check_port(*check, backend);
  return {backend.address, port, std::move(check), told_the_service ? service.name : ""};
}

probes::Listener listener_of(const probes::Target& target) {
  return {target.address, target.port};
}

struct TargetHash {
  std::size_t operator()(const probes::Target& target) const {
    std::size_t hash = std::size_t{target.port} << 8U ^ target.spec->method.index();
    for (const std::uint8_t byte : target.address.bytes)
      hash = (hash ^ byte) * 0x100000001b3U;  // FNV-1a
    return hash;
  }
};

const char* name_of(State state) {
  switch (state) {
    case State::up:
      return "up";
    case State::down:
      return "down";
    case State::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

// What was running, to be taken over by the new configuration.
class Monitor::Running {
 public:
  Running(std::span<const ServiceSpec> specs, std::vector<WatchedService> services) {
    for (std::size_t i = 0; i < services.size(); ++i) {
      for (WatchedBackend& backend : services[i].backends) {
        for (auto& check : backend.checks)
          checks_.emplace(check->target(), check);
        backends_[specs[i].name].emplace(backend.spec.address, std::move(backend));
      }
    }
  }

  // The backend of that address, whatever tested it; nullopt if there was none, or it was taken.
  std::optional<WatchedBackend> take(const ServiceSpec& service, const Address& address) {
    const auto found = backends_.find(service.name);
    if (found == backends_.end()) return std::nullopt;
    auto backend = found->second.extract(address);
    if (backend.empty()) return std::nullopt;
    return std::move(backend.mapped());
  }

  // The backends of that service that nobody took and that are up.
  std::vector<WatchedBackend> left_up(const ServiceSpec& service) {
    std::vector<WatchedBackend> left;
    const auto found = backends_.find(service.name);
    if (found == backends_.end()) return left;
    for (auto& [address, backend] : found->second) {
      if (backend.state == State::up) left.push_back(std::move(backend));
    }
    return left;
  }

  // The check that does the same, whoever uses it; empty if there is none as yet.
  std::shared_ptr<SharedCheck>& check(const probes::Target& target) { return checks_[target]; }

 private:
  std::unordered_map<std::string, std::map<Address, WatchedBackend>> backends_;
  std::unordered_map<probes::Target, std::shared_ptr<SharedCheck>, TargetHash> checks_;
};

Monitor::Monitor(const boost::asio::any_io_executor& executor, std::function<void()> on_change)
    : slots_(executor, probes_at_a_time()),
      prober_(executor),
      on_change_(std::move(on_change)),
      first_round_(executor),
      ramp_(executor) {}

Monitor::~Monitor() = default;

void Monitor::apply(std::vector<ServiceSpec> specs, const Published& published) {
  Running running(specs_, std::exchange(services_, {}));
  specs_ = std::move(specs);
  services_.reserve(specs_.size());
  for (const ServiceSpec& spec : specs_) {
    CheckSpecs checks;
    checks.reserve(spec.checks.size());
    for (const CheckSpec& check : spec.checks)
      checks.push_back(std::make_shared<const CheckSpec>(check));
    WatchedService& service = services_.emplace_back();
    service.backends.reserve(spec.backends.size());
    for (const BackendSpec& backend : spec.backends) {
      service.backends.push_back(make_backend(spec, backend, checks, running, published));
    }
    service.retiring = running.left_up(spec);
  }
  enlist_users();
  give_first_round_time();
  drop_retired();
}

WatchedBackend Monitor::make_backend(const ServiceSpec& service, const BackendSpec& spec,
                                     const CheckSpecs& checks, Running& running,
                                     const Published& published) {
  const std::optional<WatchedBackend> before = running.take(service, spec.address);
  const State state = before ? before->state : published(service, spec);
  Check::Observer& observer = *this;
  WatchedBackend backend;
  backend.spec = spec;
  for (const auto& check : checks) {
    probes::Target target = target_of(service, spec, check);
    std::shared_ptr<SharedCheck>& shared = running.check(target);
    if (shared == nullptr) {
      shared = std::make_shared<SharedCheck>(slots_, prober_, std::move(target), state, observer);
    }
    backend.checks.push_back(shared);
  }
  backend.state = backend.together();
  if (before) backend.back_since = before->back_since;
  return backend;
}

void Monitor::enlist_users() {
  for (const WatchedService& service : services_) {
    for (const WatchedBackend& backend : service.backends) {
      for (const auto& check : backend.checks)
        check->users.clear();
    }
    for (const WatchedBackend& backend : service.retiring) {
      for (const auto& check : backend.checks)
        check->users.clear();
    }
  }
  for (std::size_t i = 0; i < services_.size(); ++i) {
    for (std::size_t k = 0; k < services_[i].backends.size(); ++k) {
      for (const auto& check : services_[i].backends[k].checks)
        check->users.push_back({i, k});
    }
  }
}

void Monitor::changed(const Check& check, const Check::Change& change) {
  for (const auto& [service, backend] : static_cast<const SharedCheck&>(check).users) {
    settle(specs_[service], services_[service].backends[backend], check, change);
    if (!awaits_outcomes(services_[service])) services_[service].retiring.clear();
  }
  on_change_();
}

void Monitor::settle(const ServiceSpec& service, WatchedBackend& backend, const Check& check,
                     const Check::Change& change) {
  const State before = std::exchange(backend.state, backend.together());
  if (backend.state == before) return;
  const bool up = backend.state == State::up;
  const std::string evidence = backend.checks.size() == 1
                                   ? change.outcome.reason
                                   : describe(check.target()) + ": " + change.outcome.reason;
  spdlog::log(up ? spdlog::level::info : spdlog::level::warn, "{}/{}: {} -> {}: {} ({} in a row)",
              service.name, backend.spec.address.to_string(), name_of(before),
              name_of(backend.state), evidence, change.in_a_row);
  if (!up && change.rise_factor > 1) {
    spdlog::warn("{}/{} is flapping: now needs {} passes in a row to come back", service.name,
                 backend.spec.address.to_string(), check.target().spec->rise * change.rise_factor);
  }
  backend.back_since.reset();
  if (up && before == State::down && service.slow_start != milliseconds{0}) {
    backend.back_since = Clock::now();
    ramp_until(*backend.back_since + service.slow_start);
  }
}

// Publishes every step of a slow start, and its end.
void Monitor::ramp_until(Clock::time_point end) {
  const bool running = ramp_until_ > Clock::now();
  ramp_until_ = std::max(ramp_until_, end);
  if (!running) next_ramp_step();
}

void Monitor::next_ramp_step() {
  ramp_.expires_after(kRampStep);
  ramp_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    on_change_();
    if (Clock::now() < ramp_until_) next_ramp_step();
  });
}

void Monitor::own_trouble(const Outcome& outcome) {
  if (Clock::now() < next_trouble_said_) return;
  next_trouble_said_ = Clock::now() + kTroubleSaidEvery;
  spdlog::warn("checks find nothing out, for a reason of this host's own, and the states stay: {}",
               outcome.reason);
}

void Monitor::give_first_round_time() {
  milliseconds longest_timeout{0};
  std::size_t checks = 0;
  for (const ServiceSpec& service : specs_) {
    for (const CheckSpec& check : service.checks)
      longest_timeout = std::max(longest_timeout, check.timeout);
    checks += service.backends.size() * service.checks.size();
  }
  constexpr milliseconds kMargin{500};
  constexpr std::size_t kProbesPerMillisecond = 10;
  const milliseconds enough =
      longest_timeout + kMargin + milliseconds(checks / kProbesPerMillisecond);
  first_round_timed_out_ = false;
  first_round_.expires_after(std::min(enough, kLongestFirstRound));
  first_round_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    first_round_timed_out_ = true;
    drop_retired();
    on_change_();
  });
}

bool Monitor::awaits_outcomes(const WatchedService& service) const {
  return !first_round_timed_out_ && service.any_unknown();
}

void Monitor::drop_retired() {
  for (WatchedService& service : services_) {
    if (!awaits_outcomes(service)) service.retiring.clear();
  }
}

std::vector<probes::Listener> Monitor::listeners() const {
  std::vector<probes::Listener> listeners;
  for (const WatchedService& service : services_) {
    for (const WatchedBackend& backend : service.backends) {
      for (const auto& check : backend.checks)
        listeners.push_back(listener_of(check->target()));
    }
  }
  return listeners;
}

void Monitor::probe_now(std::span<const probes::Listener> listeners) {
  for (const WatchedService& service : services_) {
    for (const WatchedBackend& backend : service.backends) {
      for (const auto& check : backend.checks) {
        if (std::ranges::binary_search(listeners, listener_of(check->target()))) {
          check->probe_now();
        }
      }
    }
  }
}

bool Monitor::first_round_over() const {
  const auto decided = [](const auto& check) { return check->decided(); };
  return first_round_timed_out_ ||
         std::ranges::all_of(services_, [&](const WatchedService& service) {
           return std::ranges::all_of(service.backends, [&](const WatchedBackend& backend) {
             return std::ranges::all_of(backend.checks, decided);
           });
         });
}

std::vector<ServiceVerdict> Monitor::verdicts() const {
  std::vector<ServiceVerdict> verdicts;
  verdicts.reserve(specs_.size());
  for (std::size_t i = 0; i < specs_.size(); ++i)
    verdicts.push_back(verdict_of(specs_[i], services_[i], !first_round_timed_out_, Clock::now()));
  return verdicts;
}

}  // namespace hlb
