#include "engine/rounds.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>
#include <variant>

#include "health/schedule.h"
#include "system/or_end.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Probes that are due within the same few milliseconds share a wake-up of hlbd; those whose wait is
// not long beside that keep their own time.
constexpr milliseconds kStep{8};
constexpr milliseconds kExact{250};

constexpr int kMostPerTurn = 256;  // probes that begin before the loop sees to other things

Clock::TimePoint end_of(milliseconds wait, Clock::TimePoint start) {
  const Clock::TimePoint end = start + wait;
  return wait <= kExact ? end : end - (end.time_since_epoch() % kStep);
}

bool counts(const Check& check) {
  const auto& method = check.spec().method;
  return !std::holds_alternative<ExecCheck>(method) && !std::holds_alternative<FileCheck>(method);
}

}  // namespace

Rounds::Rounds(asio::any_io_executor executor, Clock& clock, std::size_t most, Take take)
    : executor_(std::move(executor)),
      clock_(clock),
      most_(most),
      take_(std::move(take)),
      alarm_(clock.alarm([this] {
        rings_at_ = Clock::TimePoint::max();
        wake();
      })) {}

void Rounds::enlist(Check& check) {
  rest(check, milliseconds{0});
}

void Rounds::hurry(Check& check, milliseconds after) {
  check.hurried_ = true;
  if (!check.resting()) return;
  const auto due = std::max(check.rested_since_ + kConfirmHard, clock_.now() + after);
  check.unlink();
  rest_until(check, std::min(check.due_, due));
}

void Rounds::hint(Check& check) {
  const Clock::TimePoint now = clock_.now();
  if (check.hurried_ || !check.at_peace() || now < check.deaf_until_) return;
  const milliseconds interval = check.spec().interval;
  if (now >= check.deaf_until_ + interval) check.deafness_ = milliseconds{0};
  check.deafness_ = std::clamp(2 * check.deafness_, std::min(kConfirmHard, interval), interval);
  check.deaf_until_ = now + check.deafness_;
  hurry(check);
}

void Rounds::rest(Check& check, milliseconds wait) {
  if (wait == kForGood) return;
  check.rested_since_ = clock_.now();
  if (check.hurried_) wait = std::min(wait, kConfirmHard);
  rest_until(check, end_of(wait, check.rested_since_));
}

void Rounds::rest_until(Check& check, Clock::TimePoint due) {
  check.due_ = due;
  resting_.insert(check);
  if (due >= rings_at_) return;
  rings_at_ = due;
  alarm_->set(due);
}

void Rounds::wake() {
  const Clock::TimePoint now = clock_.now();
  for (int left = kMostPerTurn; left > 0 && !resting_.empty() && under_way_ < most_; --left) {
    Check& next = *resting_.begin();
    if (next.due_ > now) break;
    begin(next);
  }
  // What is due beyond the bound is seen to when a probe ends.
  if (resting_.empty() || under_way_ >= most_ || resting_.begin()->due_ >= rings_at_) return;
  rings_at_ = resting_.begin()->due_;
  alarm_->set(rings_at_);
}

void Rounds::begin(Check& check) {
  check.unlink();
  check.hurried_ = false;
  const bool counted = counts(check);
  if (counted) ++under_way_;
  const std::shared_ptr<Question>& question = check.question_;
  const auto slot = question->stop.emplace().slot();
  asio::co_spawn(
      executor_, ask(question),
      asio::bind_cancellation_slot(
          slot, [this, question, counted](const std::exception_ptr& error, const Outcome& outcome) {
            kOrEnd(error);
            ended(*question, counted, outcome);
          }));
}

// Holds the question, which the probe is a part of, for as long as the probe's own frames.
asio::awaitable<Outcome> Rounds::ask(std::shared_ptr<Question> question) {
  co_return co_await question->probe->attempt();
}

void Rounds::ended(Question& question, bool counted, const Outcome& outcome) {
  const bool was_full = under_way_ == most_;
  if (counted) --under_way_;
  question.stop.reset();
  if (question.asked_for != nullptr) rest(*question.asked_for, take_(*question.asked_for, outcome));
  if (was_full) wake();
}

}  // namespace hlb
