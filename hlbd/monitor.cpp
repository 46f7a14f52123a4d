#include "monitor.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace hlb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestFirstRound{10'000};

// Each probe takes a descriptor; most are left for the peer socket.
std::size_t probes_at_a_time() {
  constexpr rlim_t kMost = 1024;
  constexpr rlim_t kLeast = 16;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::clamp(limit.rlim_cur / 4, kLeast, kMost);
}

probes::Target target_of(const ServiceSpec& service, const BackendSpec& backend) {
  const CheckSpec& check = service.checks.front();
  return {backend.address, check_port(check, backend), std::make_shared<const CheckSpec>(check),
          service.name};
}

probes::Listener listener_of(const probes::Target& target) {
  return {target.address, target.port};
}

// The checks that were running, to be taken over by the new configuration.
class Running {
 public:
  explicit Running(std::vector<std::vector<std::unique_ptr<Check>>> checks) {
    for (auto& of_service : checks) {
      for (auto& check : of_service) {
        const probes::Target& target = check->target();
        checks_.emplace(std::pair(target.service, target.address), std::move(check));
      }
    }
  }

  // The check of that backend, whatever it tested; nullptr if there was none.
  std::unique_ptr<Check> take(const probes::Target& target) {
    const auto found = checks_.find(std::pair(target.service, target.address));
    return found == checks_.end() ? nullptr : std::move(found->second);
  }

 private:
  std::map<std::pair<std::string, Address>, std::unique_ptr<Check>> checks_;
};

}  // namespace

Monitor::Monitor(const boost::asio::any_io_executor& executor, std::function<void()> on_change)
    : slots_(executor, probes_at_a_time()),
      prober_(executor),
      on_change_(std::move(on_change)),
      first_round_(executor) {}

Monitor::~Monitor() = default;

void Monitor::apply(std::vector<ServiceSpec> services, const Published& published) {
  Running running(std::exchange(checks_, {}));
  services_ = std::move(services);
  for (const ServiceSpec& service : services_) {
    Checks& checks = checks_.emplace_back();
    for (const BackendSpec& backend : service.backends) {
      probes::Target target = target_of(service, backend);
      std::unique_ptr<Check> before = running.take(target);
      if (before == nullptr || before->target() != target) {
        const State state = before != nullptr ? before->state() : published(service, backend);
        before = std::make_unique<Check>(slots_, prober_, std::move(target), state, on_change_);
      }
      checks.push_back(std::move(before));
    }
  }
  give_first_round_time();
}

void Monitor::give_first_round_time() {
  milliseconds longest_timeout{0};
  std::size_t backends = 0;
  for (const ServiceSpec& service : services_) {
    longest_timeout = std::max(longest_timeout, service.checks.front().timeout);
    backends += service.backends.size();
  }
  constexpr milliseconds kMargin{500};
  constexpr std::size_t kProbesPerMillisecond = 10;
  const milliseconds enough =
      longest_timeout + kMargin + milliseconds(backends / kProbesPerMillisecond);
  first_round_timed_out_ = false;
  first_round_.expires_after(std::min(enough, kLongestFirstRound));
  first_round_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    first_round_timed_out_ = true;
    on_change_();
  });
}

std::vector<probes::Listener> Monitor::listeners() const {
  std::vector<probes::Listener> listeners;
  for (const Checks& checks : checks_) {
    for (const auto& check : checks)
      listeners.push_back(listener_of(check->target()));
  }
  return listeners;
}

void Monitor::probe_now(std::span<const probes::Listener> listeners) {
  for (const Checks& checks : checks_) {
    for (const auto& check : checks) {
      if (std::ranges::binary_search(listeners, listener_of(check->target()))) check->probe_now();
    }
  }
}

bool Monitor::first_round_over() const {
  if (first_round_timed_out_) return true;
  return std::ranges::all_of(checks_, [](const Checks& checks) {
    return std::ranges::all_of(checks, [](const auto& check) { return check->decided(); });
  });
}

ServiceVerdict Monitor::verdict(std::size_t service) const {
  const ServiceSpec& spec = services_[service];
  ServiceVerdict verdict{&spec, !first_round_timed_out_, {}};
  bool any_unknown = false;
  verdict.backends.reserve(spec.backends.size());
  for (std::size_t i = 0; i < spec.backends.size(); ++i) {
    const BackendSpec& backend = spec.backends[i];
    const State state = checks_[service][i]->state();
    verdict.backends.push_back({backend.address, backend.weight, backend.priority, state, 0});
    any_unknown |= state == State::unknown;
    if (state == State::up) verdict.undecided = false;
  }
  verdict.undecided = verdict.undecided && any_unknown;
  return verdict;
}

std::vector<ServiceVerdict> Monitor::verdicts() const {
  std::vector<ServiceVerdict> verdicts;
  verdicts.reserve(services_.size());
  for (std::size_t i = 0; i < services_.size(); ++i)
    verdicts.push_back(verdict(i));
  return verdicts;
}

}  // namespace hlb
