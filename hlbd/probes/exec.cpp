// The exec check: a program that knows how to ask the backend, as the plugins of Nagios do.
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <variant>

#include "probes/child.h"
#include "probes/deadlines.h"
#include "probes/ending.h"
#include "probes/methods.h"
#include "probes/reason.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class PlaceHeld {
 public:
  explicit PlaceHeld(Programs& programs) : programs_(programs) {}
  ~PlaceHeld() {
    programs_.places.try_receive([](auto&&...) {});
  }
  PlaceHeld(const PlaceHeld&) = delete;
  PlaceHeld& operator=(const PlaceHeld&) = delete;

 private:
  Programs& programs_;
};

std::vector<std::string> environment_of(const Target& target) {
  std::vector<std::string> environment = {
      "HLB_ADDRESS=" + target.address.to_string(),
      "HLB_SERVICE=" + target.service,
      std::string(kPath),
  };
  if (target.port != 0) environment.push_back("HLB_PORT=" + std::to_string(target.port));
  return environment;
}

Outcome no_probe(const std::error_code& error) {
  return Outcome::not_known("no probe: " + error.message());
}

Outcome not_started(const StartFailure& failure, const std::string& program,
                    const std::string& user) {
  if (is_passing(failure)) {
    return no_probe({failure.error, std::generic_category()});
  }
  return Outcome::hard_failure(in_words(failure, program, user));
}

Outcome judge(const Child::End& end, std::string_view output) {
  constexpr int kOk = 0;
  constexpr int kWarning = 1;
  std::string reason = first_line(output);
  if (reason.empty()) reason = in_words(end);
  if (end.signal != 0) return Outcome::hard_failure(std::move(reason));
  if (end.exit_code == kOk) return Outcome::pass(std::move(reason));
  if (end.exit_code == kWarning) return Outcome::warn(std::move(reason));
  return Outcome::hard_failure(std::move(reason));
}

class ExecProbe : public Probe {
 public:
  ExecProbe(const Target& target, const std::shared_ptr<Programs>& programs)
      : target_(target),
        programs_(programs),
        program_{check().command, environment_of(target), std::nullopt} {}

  asio::awaitable<Outcome> attempt() override {
    const std::shared_ptr<Programs> programs = programs_.lock();
    auto started = Clock::now();
    const auto [cancelled] =
        co_await programs->places.async_send({}, asio::as_tuple(asio::use_awaitable));
    Outcome outcome = Outcome::not_known("cancelled");
    if (!cancelled) {
      const PlaceHeld held(*programs);
      started = Clock::now();
      outcome = co_await run(programs->children, started + target_.spec->timeout);
    }
    outcome.latency = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
    co_return outcome;
  }

 private:
  const ExecCheck& check() const { return std::get<ExecCheck>(target_.spec->method); }
  std::string user() const { return check().user.empty() ? "nobody" : check().user; }

  asio::awaitable<Outcome> run(std::shared_ptr<Children> children, Clock::time_point deadline) {
    if (auto trouble = learn_user()) co_return std::move(*trouble);
    Child child(co_await asio::this_coro::executor, std::move(children));
    if (const auto error = child.start(program_)) co_return no_probe(error);
    const std::optional<Child::End> end = co_await child.end(deadline);
    if (!end) co_return no_end(Clock::now() - deadline);
    if (end->not_started) {
      co_return not_started(*end->not_started, program_.arguments.front(), user());
    }
    co_return judge(*end, child.output());
  }

  // Asks for the user once: NSS may go to the network, and hlbd waits meanwhile.
  std::optional<Outcome> learn_user() {
    if (geteuid() != 0 || program_.user) return std::nullopt;
    std::error_code error;
    program_.user = find_user(user(), error);
    if (program_.user) return std::nullopt;
    if (error) return no_probe(error);
    return Outcome::hard_failure(printable("no such user: " + user(), kMaxReason));
  }

  Outcome no_end(Clock::duration late) const {
    if (late < Clock::duration::zero()) return Outcome::not_known("cancelled");
    if (late > kTolerableLag) {
      return Outcome::not_known("hlbd itself was late by " +
                                in_words(std::chrono::duration_cast<milliseconds>(late)));
    }
    return Outcome::soft_failure("no end in " + in_words(target_.spec->timeout));
  }

  const Target& target_;
  std::weak_ptr<Programs> programs_;  // held by attempts alone: it must not outlive the loop
  Program program_;
};

}  // namespace

Programs::Programs(const boost::asio::any_io_executor& executor)
    : children(std::make_shared<Children>(executor)), places(executor, kMaxPrograms) {}

std::unique_ptr<Probe> exec_probe(const Target& target, const std::shared_ptr<Programs>& programs) {
  return std::make_unique<ExecProbe>(target, programs);
}

}  // namespace hlb::probes
