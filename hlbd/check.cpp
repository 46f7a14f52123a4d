#include "check.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <variant>

#include "health/flap_damper.h"
#include "health/schedule.h"
#include "libnss_hlb/random.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using Clock = asio::steady_timer::clock_type;

std::uint64_t identity_of(const probes::Target& target) {
  return std::hash<std::string>{}(target.service + describe(target));
}

Intervals intervals_of(const CheckSpec& spec) {
  return {spec.interval, spec.fast_interval, spec.down_interval};
}

class SlotHeld {
 public:
  explicit SlotHeld(ProbeSlots& slots) : slots_(slots) {}
  ~SlotHeld() {
    slots_.try_receive([](auto&&...) {});
  }
  SlotHeld(const SlotHeld&) = delete;
  SlotHeld& operator=(const SlotHeld&) = delete;

 private:
  ProbeSlots& slots_;
};

}  // namespace

struct Check::Run {
  Run(Check& owner, ProbeSlots& probe_slots, probes::Prober& prober, probes::Target what,
      Observer& informed)
      : check(&owner),
        slots(probe_slots),
        target(std::move(what)),
        probe(prober.make(target)),
        machine({target.spec->rise, target.spec->fall}),
        damper(target.spec->max_flaps),
        timer(slots.get_executor()),
        observer(informed) {}

  asio::awaitable<Outcome> attempt() {
    co_await slots.async_send({}, asio::use_awaitable);
    const SlotHeld held(slots);
    co_return within(co_await probe->attempt(), target.spec->max_latency);
  }

  void take(const Outcome& outcome) {
    log_outcome(outcome);
    if (outcome.result == Outcome::Result::unknown) return observer.own_trouble(outcome);
    const bool first = !machine.decided();
    const unsigned in_a_row = first ? 1 : machine.against() + 1;
    const unsigned factor = damper.rise_factor(Clock::now());
    machine.set_thresholds({target.spec->rise * factor, target.spec->fall});
    const bool changed = machine.observe(outcome.result) == Transition::changed;
    if (changed && !first) damper.changed(Clock::now());
    if (changed || first) {
      observer.changed(*check, {outcome, in_a_row, damper.rise_factor(Clock::now())});
    }
  }

  void log_outcome(const Outcome& outcome) {
    if (spdlog::should_log(spdlog::level::debug)) {
      spdlog::debug("{}: {} after {}us", describe(target), outcome.reason, outcome.latency.count());
    }
    if (outcome.result != Outcome::Result::passed || warned == outcome.warning) return;
    warned = outcome.warning;
    spdlog::log(warned ? spdlog::level::warn : spdlog::level::info, "{}: {}: {}", describe(target),
                warned ? "passes with a warning" : "passes without a warning again",
                outcome.reason);
  }

  std::chrono::milliseconds wait_after(const Outcome& outcome, bool first) {
    if (first && outcome.result != Outcome::Result::unknown) {
      return phase(target.spec->interval, identity_of(target));
    }
    return next_wait(intervals_of(*target.spec), outcome, machine.state(), machine.against(),
                     chance.next());
  }

  void rest(std::chrono::milliseconds wait) {
    rested_since = Clock::now();
    rest_for = wait;
  }

  Clock::time_point next_probe() const {
    return rested_since + (hurried ? std::min(rest_for, kConfirmHard) : rest_for);
  }

  Check* check;  // nullptr once it is gone
  ProbeSlots& slots;
  probes::Target target;
  std::unique_ptr<probes::Probe> probe;
  Machine machine;
  FlapDamper damper;
  asio::steady_timer timer;
  asio::cancellation_signal stop;
  Observer& observer;
  Random chance{std::random_device{}()};
  Clock::time_point rested_since;
  std::chrono::milliseconds rest_for{0};
  bool warned = false;   // the last pass came with a warning
  bool hurried = false;  // since the last probe began
};

Check::Check(ProbeSlots& slots, probes::Prober& prober, probes::Target target, State published,
             Observer& observer)
    : run_(std::make_shared<Run>(*this, slots, prober, std::move(target), observer)) {
  if (published != State::unknown) run_->machine.adopt(published);
  asio::co_spawn(slots.get_executor(), run(run_),
                 asio::bind_cancellation_slot(run_->stop.slot(), asio::detached));
}

Check::~Check() {
  run_->check = nullptr;
  run_->stop.emit(asio::cancellation_type::terminal);
}

const probes::Target& Check::target() const {
  return run_->target;
}
State Check::state() const {
  return run_->machine.state();
}
bool Check::decided() const {
  return run_->machine.decided();
}

void Check::probe_now() {
  run_->hurried = true;
  run_->timer.cancel();
}

asio::awaitable<void> Check::run(std::shared_ptr<Run> run) {
  for (bool first = true;; first = false) {
    run->hurried = false;
    const Outcome outcome = co_await run->attempt();
    if (run->check == nullptr) co_return;
    run->take(outcome);
    run->rest(run->wait_after(outcome, first));
    while (Clock::now() < run->next_probe()) {
      run->timer.expires_at(run->next_probe());
      co_await run->timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (run->check == nullptr) co_return;
    }
  }
}

std::string describe(const probes::Target& target) {
  static constexpr std::array kMethods = {"none", "tcp",  "http", "tls",  "grpc",
                                          "icmp", "exec", "file", "agent"};
  static_assert(kMethods.size() == std::variant_size_v<CheckMethod>);
  const std::string text = std::string(kMethods.at(target.spec->method.index())) + " ";
  const std::string address = target.address.to_string();
  if (target.port == 0) return text + address;
  const bool ipv6 = target.address.family == Address::Family::ipv6;
  return text + (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(target.port);
}

}  // namespace hlb
