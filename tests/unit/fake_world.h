// A monitor in a world of a test's own making: its time is a FakeClock's, and its backends say what
// the test has them say.
#pragma once

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/monitor.h"
#include "tests/unit/fake_clock.h"

namespace hlb {

inline Address address(const std::string& text) {
  return Address::parse(text).value();
}

// A check as most tests want it: interval 2 s, rise 2, fall 2.
inline CheckSpec plain_check(std::uint16_t port = 80) {
  CheckSpec check;
  check.method = TcpCheck{};
  check.port = port;
  return check;
}

inline ServiceSpec plain_service(std::string name, const std::vector<std::string>& addresses,
                                 CheckSpec check = plain_check()) {
  ServiceSpec spec;
  spec.name = std::move(name);
  for (const std::string& each : addresses) {
    BackendSpec backend;
    backend.address = address(each);
    spec.backends.push_back(backend);
  }
  spec.checks = {std::move(check)};
  return spec;
}

inline const Outcome kPasses = Outcome::pass("connected");
inline const Outcome kRefuses = Outcome::hard_failure("connection refused");
inline const Outcome kIsSilent = Outcome::soft_failure("no connection in 1s");
inline const Outcome kTellsNothing = Outcome::not_known("no probe: no descriptors");

class FakeWorld : private Monitor::Observer {
 public:
  using TimePoint = Clock::TimePoint;
  using Answer = std::function<Outcome(const probes::Target& target, TimePoint now)>;

  struct Change {
    std::string service;
    Address backend;
    State before;
    State now;
    std::string reason;
    TimePoint time;
    std::chrono::nanoseconds lasted;
    std::chrono::nanoseconds took;
  };

  // `answer` is what every probe finds, at once unless takes() says otherwise.
  explicit FakeWorld(Answer answer, std::uint64_t seed = 1, Rounds::Limits limits = {})
      : answer_(std::move(answer)),
        monitor_(
            loop_.get_executor(), clock_,
            [this](const probes::Target& target) {
              return std::make_unique<FakeProbe>(*this, target);
            },
            {.identity = 1, .seed = seed, .limits = limits}, *this) {
    spdlog::set_level(spdlog::level::off);
  }
  ~FakeWorld() override { spdlog::set_level(spdlog::level::info); }
  FakeWorld(const FakeWorld&) = delete;
  FakeWorld& operator=(const FakeWorld&) = delete;

  // Passes, until says() has something else said.
  explicit FakeWorld(Rounds::Limits limits = {})
      : FakeWorld(
            [this](const probes::Target& target, TimePoint) {
              const auto said = says_.find(target.address);
              return said == says_.end() ? kPasses : said->second;
            },
            1, limits) {}

  // What the probes of this address find from now on; they pass until then.
  void says(const std::string& backend, Outcome outcome) {
    says_.insert_or_assign(address(backend), std::move(outcome));
  }

  // How long the probes of this address take from now on.
  void takes(const std::string& backend, std::chrono::milliseconds time) {
    takes_.insert_or_assign(address(backend), time);
  }

  void apply(std::vector<ServiceSpec> services, State inherited = State::unknown) {
    monitor_.apply({.now = list_of(std::move(services))},
                   [=, this](const ServiceSpec&, const BackendSpec&) {
                     return Monitor::Inherited{inherited, std::nullopt, said_before};
                   });
    loop_.poll();
  }

  void pass(std::chrono::milliseconds time) {
    const TimePoint end = clock_.now() + time;
    while (clock_.pass_to_next_alarm(end)) {
      loop_.restart();
      loop_.poll();
    }
  }

  // Has verdicts made, as hlbd does, in turns of so many; else verdict() makes them.
  void publish_in_turns_of(std::size_t services) { in_a_turn_ = services; }

  TimePoint now() const { return clock_.now(); }
  Monitor& monitor() { return monitor_; }
  FakeClock& clock() { return clock_; }
  boost::asio::io_context& loop() { return loop_; }

  const ServiceVerdict& verdict(std::size_t service) {
    monitor_.refresh();
    return monitor_.verdicts()[service];
  }

  // What is published of a backend. Fails the test when it isn't published at all.
  BackendVerdict verdict(std::size_t service, const std::string& backend) {
    for (const BackendVerdict& each : verdict(service).backends) {
      if (each.address == address(backend)) return each;
    }
    throw std::out_of_range(backend + " is not published");
  }
  State state(const std::string& backend, std::size_t service = 0) {
    return verdict(service, backend).state;
  }

  // When each probe of a backend began, since the last call.
  std::vector<TimePoint> probes(const std::string& backend) {
    return std::exchange(probes_[address(backend)], {});
  }

  struct OverridesChange {
    Address backend;
    std::optional<OverrideKind> before;
    std::optional<OverrideKind> now;
    OverrideChange::Cause cause;
    TimePoint time;
  };

  std::vector<Change> changes;
  std::function<void(const BackendChange&)> on_change;
  std::vector<OverridesChange> override_changes;
  int publications = 0;
  int advice_changes = 0;
  std::vector<std::string> hindered;        // each time that it was told
  std::vector<LastWord> said_before;        // of each backend, for apply()
  std::map<Outcome::Result, int> outcomes;  // of all probes
  std::map<Address, int> under_way;         // of the probes that take time, of each address

 private:
  class FakeProbe : public probes::Probe {
   public:
    FakeProbe(FakeWorld& world, const probes::Target& target) : world_(world), target_(target) {}
    boost::asio::awaitable<Outcome> attempt() override {
      if (world_.keeps_times) world_.probes_[target_.address].push_back(world_.now());
      const auto takes = world_.takes_.find(target_.address);
      if (takes != world_.takes_.end()) co_await world_.wait_for(takes->second, target_.address);
      co_return world_.answer_(target_, world_.now());
    }

   private:
    FakeWorld& world_;
    const probes::Target& target_;
  };

  boost::asio::awaitable<void> wait_for(std::chrono::milliseconds time, Address backend) {
    using Timer = boost::asio::steady_timer;
    Timer over(loop_, Timer::time_point::max());
    const auto alarm = clock_.alarm([&] { over.cancel(); });
    alarm->set(now() + time);
    ++under_way[backend];
    co_await over.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    --under_way[backend];
  }

  void verdicts_changed() override {
    ++publications;
    if (in_a_turn_ > 0) next_turn_->set(now());
  }
  void publish() {
    monitor_.refresh(in_a_turn_);
    if (monitor_.has_news()) next_turn_->set(now());
  }
  void backend_changed(const BackendChange& change) override {
    changes.push_back({change.service.name, change.backend.address, change.before, change.now,
                       change.reason, clock_.now(), change.lasted, change.took});
    if (on_change) on_change(change);
  }
  void advice_changed() override { ++advice_changes; }
  void checks_hindered(const std::string& summary) override { hindered.push_back(summary); }
  void probed(const CheckSpec& /*check*/, const Outcome& outcome) override {
    ++outcomes[outcome.result];
  }
  void override_changed(const OverrideChange& change) override {
    override_changes.push_back(
        {change.key.backend, change.before ? std::optional(change.before->kind) : std::nullopt,
         change.now ? std::optional(change.now->kind) : std::nullopt, change.cause, clock_.now()});
  }

 public:
  bool keeps_times = true;

 private:
  Answer answer_;
  std::map<Address, Outcome> says_;
  std::map<Address, std::vector<TimePoint>> probes_;
  std::map<Address, std::chrono::milliseconds> takes_;
  FakeClock clock_;
  boost::asio::io_context loop_{1};
  Monitor monitor_;
  std::size_t in_a_turn_ = 0;
  std::unique_ptr<Alarm> next_turn_ = clock_.alarm([this] { publish(); });
};

}  // namespace hlb
