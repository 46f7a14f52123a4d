// Runs the rounds of the checks: decides which check is probed next, and how many at a time.
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

// Used by hlbd's loop alone, which must have ended before this is destroyed.
class Rounds {
 public:
  // A wait without an end: no further probe.
  static constexpr auto kForGood = std::chrono::milliseconds::max();

  // Takes the outcome of a probe, and says how long to wait until the next.
  using Take = std::function<std::chrono::milliseconds(Check& check, const Outcome& outcome)>;

  // The most probes under way at a time, programs counted apart; checks due beyond that queue, see
  // Turns. A check is silent if its last probe took half of its timeout or more without a pass, and
  // it isn't up, or the probe abstained. A check that reads a file, or asks nothing, takes no
  // place.
  struct Limits {
    int probes = 1024;
    int programs = 64;  // far below the limit of hlb-programs, which refuses more
  };

  // The part that the checks of one service have of the places.
  struct Share {
    Turns::SharePtr probes;
    Turns::SharePtr programs;
  };

  Rounds(boost::asio::any_io_executor executor, Clock& clock, Limits limits, Take take);

  // Probes the check in the next turn of the loop, and again after every wait, until it is
  // destroyed.
  void enlist(Check& check, Share& share);

  // Tells that another service uses the check as well: from then on it takes its
  // places from the share with fewer checks.
  void share(Check& check, Share& share);

  // Ends the wait for the next probe, as there is a reason to believe that the state has changed. A
  // probe under way may have been too early to see it, so another follows. Never probes sooner than
  // kConfirmHard after the last probe, so that a confirmation has its time, and no flood of reasons
  // becomes a flood of probes; nor before `after` has passed, which spreads many checks that one
  // reason concerns.
  void hurry(Check& check, std::chrono::milliseconds after = std::chrono::milliseconds{0});

  // Hurries a check for a vague reason, which may be wrong again and again: only if it is at peace
  // and had no hint lately. Each hint that proves wrong doubles the pause before the next, up to
  // the check's interval: so hints at most double its probes.
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
  Clock::TimePoint next_slow_;  // when more may begin beyond kBrisk
  int slow_left_ = 0;           // how many may until then
};

}  // namespace hlb
