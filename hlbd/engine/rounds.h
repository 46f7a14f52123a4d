// The rounds of the checks: which is probed next, and how many at a time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/intrusive/set.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "engine/check.h"
#include "engine/clock.h"
#include "health/outcome.h"

namespace hlb {

// Used by hlbd's loop alone, which must have ended before this goes.
class Rounds {
 public:
  // As a wait: there will be no further probe.
  static constexpr auto kForGood = std::chrono::milliseconds::max();

  // Takes the outcome of a probe, and says how long to wait until the next.
  using Take = std::function<std::chrono::milliseconds(Check& check, const Outcome& outcome)>;

  // So many probes are under way at a time, at most; a check that is due beyond that waits for its
  // turn. Those that run a program or read a file don't count, as they take no descriptor here.
  Rounds(boost::asio::any_io_executor executor, Clock& clock, std::size_t most, Take take);

  // Probes it in the next turn of the loop, and again after every wait, until it goes.
  void enlist(Check& check);

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

  void wake();
  void begin(Check& check);
  void ended(Question& question, bool counted, const Outcome& outcome);
  void rest(Check& check, std::chrono::milliseconds wait);
  void rest_until(Check& check, Clock::TimePoint due);

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  std::size_t most_;
  Take take_;
  std::unique_ptr<Alarm> alarm_;
  Clock::TimePoint rings_at_ = Clock::TimePoint::max();
  std::size_t under_way_ = 0;  // of those that count
  boost::intrusive::multiset<Check, boost::intrusive::constant_time_size<false>> resting_;
};

}  // namespace hlb
