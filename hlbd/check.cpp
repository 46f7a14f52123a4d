#include "check.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <random>
#include <utility>

#include "health/outcome.h"
#include "health/schedule.h"
#include "libnss_hlb/random.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using Clock = asio::steady_timer::clock_type;

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

std::uint64_t identity_of(const probes::Target& target) {
  return std::hash<std::string>{}(target.address.to_string() + ':' + std::to_string(target.port));
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
  Run(ProbeSlots& probe_slots, probes::Prober& prober, probes::Target what,
      std::function<void()> changed)
      : slots(probe_slots),
        target(std::move(what)),
        probe(prober.make(target)),
        machine({target.spec->rise, target.spec->fall}),
        timer(slots.get_executor()),
        on_change(std::move(changed)) {}

  asio::awaitable<Outcome> attempt() {
    co_await slots.async_send({}, asio::use_awaitable);
    const SlotHeld held(slots);
    co_return co_await probe->attempt();
  }

  void take(const Outcome& outcome) {
    const State before = machine.state();
    const bool first = !machine.decided();
    const unsigned in_a_row = machine.against() + 1;
    const Transition transition = machine.observe(outcome.result);
    if (transition == Transition::changed) {
      log_change(before, outcome, first ? 1 : in_a_row);
    } else {
      spdlog::debug("{}:{}: {} after {}us, still {}", target.address.to_string(), target.port,
                    outcome.reason, outcome.latency.count(), name_of(machine.state()));
    }
    if (transition == Transition::changed || first != !machine.decided()) on_change();
  }

  void log_change(State before, const Outcome& outcome, unsigned in_a_row) const {
    const auto level = machine.state() == State::up ? spdlog::level::info : spdlog::level::warn;
    spdlog::log(level, "{}:{}: {} -> {}: {} ({} in a row)", target.address.to_string(), target.port,
                name_of(before), name_of(machine.state()), outcome.reason, in_a_row);
  }

  std::chrono::milliseconds wait_after(const Outcome& outcome, bool first) {
    if (first && outcome.result != Outcome::Result::unknown) {
      return phase(target.spec->interval, identity_of(target));
    }
    return next_wait(target.spec->interval, outcome, machine.against(), chance.next());
  }

  void rest(std::chrono::milliseconds wait) {
    rested_since = Clock::now();
    rest_for = wait;
  }

  Clock::time_point next_probe() const {
    return rested_since + (hurried ? std::min(rest_for, kConfirmHard) : rest_for);
  }

  ProbeSlots& slots;
  probes::Target target;
  std::unique_ptr<probes::Probe> probe;
  Machine machine;
  asio::steady_timer timer;
  asio::cancellation_signal stop;
  std::function<void()> on_change;
  Random chance{std::random_device{}()};
  Clock::time_point rested_since;
  std::chrono::milliseconds rest_for{0};
  bool hurried = false;  // since the last probe began
};

Check::Check(ProbeSlots& slots, probes::Prober& prober, probes::Target target, State published,
             std::function<void()> on_change)
    : run_(std::make_shared<Run>(slots, prober, std::move(target), std::move(on_change))) {
  if (published != State::unknown) run_->machine.adopt(published);
  asio::co_spawn(slots.get_executor(), run(run_),
                 asio::bind_cancellation_slot(run_->stop.slot(), asio::detached));
}

Check::~Check() {
  run_->on_change = nullptr;
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
    if (!run->on_change) co_return;
    run->take(outcome);
    run->rest(run->wait_after(outcome, first));
    while (Clock::now() < run->next_probe()) {
      run->timer.expires_at(run->next_probe());
      co_await run->timer.async_wait(asio::as_tuple(asio::use_awaitable));
      if (!run->on_change) co_return;
    }
  }
}

}  // namespace hlb
