// The rounds of the checks: which is probed next, and how many at a time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "engine/check.h"
#include "engine/clock.h"
#include "health/outcome.h"
#include "system/turns.h"

namespace hlb {

// Used by hlbd's loop alone, which must have ended before this goes.
class Rounds {
 public:
  // As a wait: there will be no further probe.
  static constexpr auto kForGood = std::chrono::milliseconds::max();

  // Takes the outcome of a probe, and says how long to wait until the next.
  using Take = std::function<std::chrono::milliseconds(Check& check, const Outcome& outcome)>;

  // At most so many probes are under way at a time, and beside them so many that run a program;
  // checks that are due beyond that wait for their turn, see Turns. Silent is a check whose backend
  // isn't up, and whose last probe took half of its time-out or more. A check that reads a file, or
  // asks nothing, takes no place.
  struct Limits {
    int probes = 1024;
    int programs = 64;  // far less than what hlb-programs runs, which refuses what is beyond
  };

  // What the checks of one service have of the places.
  struct Share {
    Turns::SharePtr probes;
    Turns::SharePtr programs;
  };

  Rounds(boost::asio::any_io_executor executor, Clock& clock, Limits limits, Take take);

  // Probes it in the next turn of the loop, and again after every wait, until it goes.
  void enlist(Check& check, Share& share);

  // The check is another service's as well: counts to the one that has fewer checks.
  void share(Check& check, Share& share);

  // There is a reason to believe that the state has changed: ends the wait for the next probe, or,
  // if one is under way and may have been too early to see it, lets another follow. Never sooner
  // than kConfirmHard after the last one, so that what is to be confirmed has its time, and that no
  // flood of reasons becomes one of probes. `after`: not before this time has passed, for many
  // checks that one reason concerns.
  void hurry(Check& check, std::chrono::milliseconds after = std::chrono::milliseconds{0});

  // There is a vague reason, which may be wrong again and again: hurries a check that is up and at
  // peace, for which nothing like that was heard lately. Each that found nothing makes the pause
  // until the next twice as long, up to the check's interval: so hints at most double its probes.
  void hint(Check& check);

 private:
  using Question = Check::Question;

  static boost::asio::awaitable<Outcome> ask(std::shared_ptr<Question> question);

  Turns& turns_of(const Check& check);
  static Turns::SharePtr& part_of(Share& share, const Check& check);
  void wake();
  int line_up(int left);
  Turns::Waiter* next_in_turn();
  bool may_begin();
  void begin(Check& check);
  void ended(Question& question, const Outcome& outcome);
  void rest(Check& check, std::chrono::milliseconds wait);
  void rest_until(Check& check, Clock::TimePoint due);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Take take_;
  EarliestAlarm alarm_;
  Turns probes_;
  Turns programs_;
  Turns::Queue resting_;
  Clock::TimePoint next_slow_;  // when more may begin although many are under way
  int slow_left_ = 0;           // that may until then
};

}  // namespace hlb
