// The exec check: a program that knows how to ask the backend, as the plugins of Nagios do.
#include <system_error>
#include <utility>
#include <variant>

#include "probes/deadlines.h"
#include "probes/probes.h"
#include "probes/reason.h"
#include "programs/runner.h"
#include "text/duration.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using Monotonic = std::chrono::steady_clock;
using programs::Ending;
using std::chrono::milliseconds;

std::vector<std::string> environment_of(const Target& target) {
  std::vector<std::string> environment = {
      "HLB_ADDRESS=" + target.address.to_string(),
      "HLB_SERVICE=" + target.service,
      std::string(programs::kPath),
  };
  if (target.port != 0) environment.push_back("HLB_PORT=" + std::to_string(target.port));
  return environment;
}

Outcome no_probe(const std::string& why) {
  return Outcome::not_known("no probe: " + why);
}

// The outcome of a program whose time is up, as the helper says. Lateness is hlbd's own trouble,
// whether the helper's or the loop's.
Outcome no_end(milliseconds timeout, milliseconds late) {
  if (late > kTolerableLag) return too_late(late);
  return Outcome::soft_failure("no end in " + text::in_seconds(timeout));
}

Outcome judge(const ExecCheck& check, const Ending& end, std::string_view output) {
  std::string reason = first_line(output);
  if (reason.empty()) reason = in_words(end);
  if (end.how == Ending::How::killed) return Outcome::hard_failure(std::move(reason));
  if (end.value == 0) return Outcome::pass(std::move(reason));
  if (end.value == check.warning_status) return Outcome::warn(std::move(reason));
  return Outcome::hard_failure(std::move(reason));
}

class ExecProbe : public Probe {
 public:
  ExecProbe(const Target& target, const std::shared_ptr<programs::Runner>& client)
      : target_(target),
        client_(client),
        program_{.arguments = check().command,
                 .environment = environment_of(target),
                 .user = check().user.empty() ? "nobody" : check().user,
                 .timeout = target.spec->timeout} {}

  asio::awaitable<Outcome> attempt() override {
    const std::shared_ptr<programs::Runner> client = client_.lock();
    const auto started = Monotonic::now();
    Outcome outcome = outcome_of(co_await client->run(program_));
    outcome.latency =
        std::chrono::duration_cast<std::chrono::microseconds>(Monotonic::now() - started);
    co_return outcome;
  }

 private:
  const ExecCheck& check() const { return std::get<ExecCheck>(target_.spec->method); }

  Outcome outcome_of(const programs::RunResult& result) const {
    using Fate = programs::RunResult::Fate;
    if (result.fate == Fate::cancelled) return Outcome::not_known(result.trouble);
    if (result.fate != Fate::ended) return no_probe(result.trouble);
    const Ending& end = result.ending;
    if (end.how == Ending::How::timed_out) {
      const auto late = Monotonic::now() - result.time_up;
      return no_end(program_.timeout, std::chrono::duration_cast<milliseconds>(late));
    }
    if (end.how != Ending::How::not_started) return judge(check(), end, result.output);
    if (is_passing(end)) return no_probe(std::generic_category().message(end.value));
    return Outcome::hard_failure(start_failure(end, program_.arguments.front(), program_.user));
  }

  const Target& target_;
  std::weak_ptr<programs::Runner> client_;  // held by attempts alone: it must not outlive the loop
  programs::Program program_;
};

}  // namespace

std::unique_ptr<Probe> exec_probe(const Target& target,
                                  const std::shared_ptr<programs::Runner>& client) {
  return std::make_unique<ExecProbe>(target, client);
}

}  // namespace hlb::probes
