#include "operators/hooks.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <system_error>
#include <utility>

#include "health/machine.h"
#include "probes/reason.h"
#include "programs/runner.h"
#include "system/scope.h"
#include "text/duration.h"
#include "text/printable.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using RunClock = std::chrono::steady_clock;
using programs::Ending;

// A backend of a service.
using Key = std::pair<std::string, Address>;

bool is_news(State told, State now) {
  return now == State::down ? told != State::down : now == State::up && told == State::down;
}

// A probe's reason is printable already. This makes sure of it where a zero byte would cut the
// environment short.
std::string in_bounds(std::string_view reason) {
  std::string text(reason.substr(0, Hooks::kMaxReason));
  std::ranges::replace_if(text, [](char byte) { return byte < ' ' || byte > '~'; }, '?');
  return text;
}

// The port of the first check that has one, agents aside, else the backend's; 0: none.
std::uint16_t port_of(const ServiceSpec& service, const BackendSpec& backend) {
  for (const CheckSpec& check : service.checks) {
    if (const std::uint16_t port = port_of_program(check, backend); port != 0) return port;
  }
  return backend.port;
}

// A change that one run tells.
struct Change {
  Key backend;
  std::uint16_t port = 0;  // 0: none
  State before = State::unknown;
  State after = State::unknown;
  std::string reason;
};

std::vector<std::string> environment_of(const Change& change) {
  std::vector<std::string> environment = {
      "HLB_SERVICE=" + change.backend.first,
      "HLB_ADDRESS=" + change.backend.second.to_string(),
      "HLB_OLD_STATE=" + std::string(name_of(change.before)),
      "HLB_NEW_STATE=" + std::string(name_of(change.after)),
      "HLB_REASON=" + change.reason,
      std::string(programs::kPath),
  };
  if (change.port != 0) environment.push_back("HLB_PORT=" + std::to_string(change.port));
  return environment;
}

struct Result {
  std::string trouble;     // empty if all went well
  bool not_begun = false;  // for want of something that there may be later
};

Result not_begun(const Ending& end, const programs::Program& program) {
  const bool is_passing = probes::is_passing(end);
  if (end.step == Ending::Step::prepare) {
    return {"can't be started: " + std::generic_category().message(end.value), is_passing};
  }
  return {probes::start_failure(end, program.arguments.front(), program.user), is_passing};
}

Result result_of(const programs::RunResult& run, const programs::Program& program) {
  using How = Ending::How;
  using Fate = programs::RunResult::Fate;
  if (run.fate != Fate::ended) return {run.trouble, run.fate == Fate::not_asked};
  const Ending& end = run.ending;
  if (end.how == How::timed_out) return {"killed after " + text::in_seconds(program.timeout)};
  if (end.how == How::not_started) return not_begun(end, program);
  if (end.how == How::exited && end.value == 0) return {};
  const std::string line = probes::first_line(run.output);
  return {probes::in_words(end) + (line.empty() ? "" : ": " + line)};
}

void say(const Change& change, const std::string& program, const std::string& trouble) {
  const auto level = trouble.empty() ? spdlog::level::debug : spdlog::level::warn;
  spdlog::log(level, "{}/{}: on_change {} for {} -> {}: {}", change.backend.first,
              change.backend.second.to_string(), text::printable(program, Hooks::kMaxReason),
              name_of(change.before), name_of(change.after), trouble.empty() ? "done" : trouble);
}

}  // namespace

struct Hooks::Queue {
  // A backend whose program runs or waits.
  struct Backend {
    State told = State::unknown;  // by the last run, or before there was one
    State now = State::unknown;
    std::uint16_t port = 0;
    std::string reason{};                // of `now`
    std::vector<std::string> command{};  // empty: none
    RunClock::time_point due{};
    bool not_begun = false;  // and the log has said so

    bool has_news() const { return !command.empty() && is_news(told, now); }
  };

  Queue(asio::any_io_executor loop, std::function<Hooks::Programs()> helper)
      : executor(std::move(loop)), programs(std::move(helper)), timer(executor) {}

  void enqueue(const Key& key, std::chrono::milliseconds delay) {
    backends.at(key).due = RunClock::now() + delay;
    waiting.push_back(key);
    run_waiting();
  }

  // Starts as many as may run.
  void run_waiting() {
    while (running < kMaxAtOnce && !waiting.empty()) {
      const Key key = waiting.front();
      const Backend& backend = backends.at(key);
      if (backend.due > RunClock::now()) return wake_at(backend.due);
      waiting.pop_front();
      if (backend.has_news()) {
        start(key);
      } else {
        backends.erase(key);
      }
    }
  }

  void wake_at(RunClock::time_point time) {
    timer.expires_at(time);
    timer.async_wait(scope.guard([this](const boost::system::error_code& error) {
      if (!error) run_waiting();
    }));
  }

  void start(const Key& key) {
    ++running;
    Backend& backend = backends.at(key);
    Change change{key, backend.port, std::exchange(backend.told, backend.now), backend.now,
                  backend.reason};
    scope.spawn(executor, run(backend.command, std::move(change)));
  }

  asio::awaitable<void> run(std::vector<std::string> command, Change change) {
    // Posted, not called: where no program can be run, ended() would start the next one within it,
    // and so on, as deep as there are backends.
    co_await asio::post(executor, asio::use_awaitable);
    const Result result = co_await attempt(command, change);
    ended(change, command.front(), result);
  }

  asio::awaitable<Result> attempt(const std::vector<std::string>& command, const Change& change) {
    const programs::Program program{.arguments = command,
                                    .environment = environment_of(change),
                                    .user = settings.user,
                                    .timeout = settings.time_limit};
    const programs::RunResult run = co_await programs()->run(program);
    co_return result_of(run, program);
  }

  void ended(const Change& change, const std::string& program, const Result& result) {
    --running;
    Backend& backend = backends.at(change.backend);
    const bool said = std::exchange(backend.not_begun, result.not_begun) && result.not_begun;
    if (!said) say(change, program, result.trouble);
    if (result.not_begun) backend.told = change.before;
    if (backend.has_news()) {
      enqueue(change.backend, result.not_begun ? kRetry : kDelay);
    } else {
      backends.erase(change.backend);
      run_waiting();
    }
  }

  asio::any_io_executor executor;
  std::function<Hooks::Programs()> programs;
  asio::steady_timer timer;
  Settings settings;
  std::map<Key, Backend> backends;
  std::deque<Key> waiting;  // each once, the longest waiting first
  std::size_t running = 0;
  Scope scope;
};

Hooks::Hooks(asio::any_io_executor executor, std::function<Programs()> programs)
    : queue_(std::make_unique<Queue>(std::move(executor), std::move(programs))) {}

Hooks::~Hooks() = default;

void Hooks::configure(Settings settings) {
  queue_->settings = std::move(settings);
}

void Hooks::transition(const ServiceSpec& service, const BackendSpec& backend, State before,
                       State after, std::string_view reason) {
  const std::vector<std::string>& command =
      service.on_change ? *service.on_change : queue_->settings.command;
  const Key key(service.name, backend.address);
  auto found = queue_->backends.find(key);
  const bool is_new = found == queue_->backends.end();
  if (is_new) {
    if (command.empty() || !is_news(before, after)) return;
    found = queue_->backends.emplace(key, Queue::Backend{.told = before}).first;
  }
  found->second.now = after;
  found->second.port = port_of(service, backend);
  found->second.reason = in_bounds(reason);
  found->second.command = command;
  if (is_new) queue_->enqueue(key, kDelay);
}

}  // namespace hlb
