#include "ctl/emptying.h"

#include <fmt/format.h>
#include <csignal>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <set>
#include <string>
#include <utility>

#include "ctl/output.h"
#include "ctl/terminal/terminal.h"
#include "ctl/terminal/text.h"
#include "text/duration.h"
#include "text/wording.h"

namespace hlb::ctl {
namespace {

using Monotonic = std::chrono::steady_clock;
using namespace std::chrono_literals;

// hlbd counts once a second at most; so what it says is true of a moment since the last question.
constexpr auto kBetweenCounts = 1s;
// The connections that are ended first: no data has gone over them for so long.
constexpr auto kIdle = 1s;
// How long none may be left once all were ended: programs may make them anew.
constexpr auto kAfterClosing = 5s;

std::string counted(std::uint64_t connections) {
  return text::counted(connections, "connection");
}

// Holds the signals back that would end the program, while it exists.
class Interrupts {
 public:
  Interrupts() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGINT);
    ::sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~Interrupts() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Waits until then; returns true as soon as there is such a signal.
  bool wait_until(Monotonic::time_point then) const {
    for (;;) {
      const auto left = std::max(then - Monotonic::now(), Monotonic::duration::zero());
      const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
      const timespec limit{.tv_sec = seconds.count(),
                           .tv_nsec = std::chrono::nanoseconds(left - seconds).count()};
      if (::sigtimedwait(&signals_, nullptr, &limit) > 0) return true;
      if (Monotonic::now() >= then) return false;
    }
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

// One line that is rewritten in place on a terminal, and else a line for each change.
class Progress {
 public:
  void show(std::uint64_t connections, Monotonic::duration waited) {
    const bool changed = std::exchange(shown_, connections) != connections;
    if (in_place_) {
      const auto so_long = std::chrono::floor<std::chrono::milliseconds>(waited);
      write(fmt::format("{} left after {}", counted(connections), text::brief(so_long)));
    } else if (changed && connections > 0) {
      try_put_out(counted(connections) + " left\n");
    }
  }

  // Writes a whole line, in place of the progress.
  void say(const std::string& line) {
    write(line);
    try_put_out("\n");
    width_ = 0;
  }

  // Lets what was written stand, so that something else can follow.
  void end_line() {
    if (width_ > 0) try_put_out("\n");
    width_ = 0;
  }

 private:
  void write(const std::string& line) {
    const std::size_t before = std::exchange(width_, in_place_ ? line.size() : 0);
    const std::string rest(before > line.size() ? before - line.size() : 0, ' ');
    try_put_out((in_place_ ? "\r" : "") + line + rest);
  }

  const Terminal terminal_ = Terminal::of_standard_output();
  const bool in_place_ = terminal_.interactive && !terminal_.dumb;
  std::optional<std::uint64_t> shown_;
  std::size_t width_ = 0;  // of the line in place
};

class Wait {
 public:
  Wait(Client& client, const Emptying& wishes) : client_(client), wishes_(wishes) {
    const std::set<std::string>& services = wishes.targets.services();
    if (services.size() == 1) service_ = *services.begin();
    client_.listen({[this](const Event& event) { take(event); }, [](bool) {}});
  }

  ExitCode run() {
    try {
      return wait();
    } catch (const Failure&) {
      progress_.end_line();
      say_in_force();
      throw;
    }
  }

 private:
  // Counts for the first time when what is told has been counted since the override.
  ExitCode wait() {
    for (auto next = start_ + kBetweenCounts;; next += kBetweenCounts) {
      const auto then = std::min({next, end(wishes_.close_after), end(lasts())});
      if (interrupts_.wait_until(then)) return interrupted();
      const std::uint64_t left = count();
      client_.process();
      if (left == 0 && then >= start_ + kBetweenCounts) return emptied();
      if (lifted_ || then >= end(lasts())) return over(left);
      if (then >= end(wishes_.close_after)) return close();
    }
  }

  // Ends the connections that are left: those that nothing is said over first.
  ExitCode close() {
    std::uint64_t ended = close(kIdle);
    if (interrupts_.wait_until(Monotonic::now() + kIdle)) return interrupted();
    ended += close(0s);
    progress_.say(fmt::format("ended {}", counted(ended)));
    if (refused_) return kTrouble;
    std::uint64_t left = 0;
    for (const auto until = Monotonic::now() + kAfterClosing; Monotonic::now() < until;) {
      if (interrupts_.wait_until(Monotonic::now() + kBetweenCounts)) return interrupted();
      left = count();
      if (left == 0) return emptied();
    }
    progress_.end_line();
    fmt::print(stderr, "hlbctl: {} left: programs make them anew, by an address that they keep\n",
               counted(left));
    return kTrouble;
  }

  // Returns how many were ended.
  std::uint64_t close(std::chrono::microseconds idle) {
    std::uint64_t ended = 0;
    for (const MeantWord& target : wishes_.targets.words()) {
      try {
        ended += client_.close_connections(target.exactly, idle);
      } catch (const Failure& failure) {
        if (failure.code == kUnreachable) throw;
        if (std::exchange(refused_, true)) continue;
        progress_.end_line();
        fmt::print(stderr, "hlbctl: {}\n", failure.what());
      }
    }
    return ended;
  }

  void take(const Event& event) {
    const bool other = event.what == Event::What::override && event.now != wishes_.what;
    lifted_ |= other && meant(event.service, event.address);
  }

  bool meant(const std::string& service, const std::string& address) const {
    return wishes_.targets.means(service, address);
  }

  std::uint64_t count() {
    const auto counted = client_.connections(service_);
    if (!counted) throw counted.error();
    std::uint64_t left = 0;
    for (const ConnectionReport& each : *counted) {
      if (meant(each.service, each.address)) left += each.connections;
    }
    progress_.show(left, Monotonic::now() - start_);
    return left;
  }

  ExitCode emptied() {
    progress_.say("no connection is left");
    return refused_ ? kTrouble : kOk;
  }

  ExitCode over(std::uint64_t left) {
    progress_.end_line();
    fmt::print(stderr, "hlbctl: the {} is over, and {} left\n", wishes_.what,
               left == 1 ? "1 connection is" : counted(left) + " are");
    return kTrouble;
  }

  ExitCode interrupted() {
    progress_.end_line();
    say_in_force();
    return kTrouble;
  }

  void say_in_force() const {
    std::string words;
    for (const MeantWord& each : wishes_.targets.words())
      words += " " + each.word;
    fmt::print(stderr, "hlbctl: the {} stays in force{}: hlbctl clear{}\n", wishes_.what,
               wishes_.lasts == 0ms ? "" : " until its time is over", printable(words));
  }

  std::optional<std::chrono::milliseconds> lasts() const {
    return wishes_.lasts == 0ms ? std::nullopt : std::optional(wishes_.lasts);
  }
  Monotonic::time_point end(std::optional<std::chrono::milliseconds> span) const {
    return span ? start_ + *span : Monotonic::time_point::max();
  }

  Client& client_;
  const Emptying& wishes_;
  std::string service_;  // the one that is meant; "": it may be several
  const Monotonic::time_point start_ = Monotonic::now();
  const Interrupts interrupts_;
  Progress progress_;
  bool refused_ = false;  // whether some connections can't be ended
  bool lifted_ = false;   // whether the override of one of them has gone
};

}  // namespace

void expect_counts(Client& client) {
  if (const auto counted = client.connections(""); !counted) throw counted.error();
}

ExitCode await_empty(Client& client, const Emptying& wishes) {
  return Wait(client, wishes).run();
}

}  // namespace hlb::ctl
