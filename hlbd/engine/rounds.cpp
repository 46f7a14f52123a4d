#include "engine/rounds.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>
#include <variant>

#include "health/schedule.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Probes due within the same step share a wake-up of hlbd; after a wait of up to kExact, which
// isn't long beside a step, a probe keeps its own time.
constexpr milliseconds kStep{8};
constexpr milliseconds kExact{250};

// Bounds of one turn of the loop: probes that begin, and checks that are moved into the queue.
constexpr int kMostPerTurn = 256;
constexpr int kMostLinedUp = 4096;

// Up to kBrisk probes under way begin at once: enough to keep servers busy that answer at all.
// Beyond them, where silent checks hold places or hlbd is quicker than the servers beside it, at
// most kMostPerMillisecond begin: all at once they would take memory that is never needed again.
constexpr int kBrisk = 128;
constexpr int kMostPerMillisecond = 32;

Clock::TimePoint end_of(milliseconds wait, Clock::TimePoint start) {
  const Clock::TimePoint end = start + wait;
  return wait <= kExact ? end : end - (end.time_since_epoch() % kStep);
}

bool runs_a_program(const Check& check) {
  return std::holds_alternative<ExecCheck>(check.spec().method);
}

bool takes_a_place(const Check& check) {
  return !check.never_changes() && !std::holds_alternative<FileCheck>(check.spec().method);
}

// Whether the next probe will probably hold its place for long, and in vain, as the last one did.
bool is_silent(const Check& check, const Outcome& outcome, Clock::TimePoint::duration took) {
  if (outcome.result == Outcome::Result::passed || took < check.spec().timeout / 2) return false;
  return check.state() != State::up || outcome.abstained;
}

Check& check_of(Turns::Waiter& waiter) {
  return static_cast<Check&>(waiter);
}

}  // namespace

Rounds::Rounds(asio::any_io_executor executor, Clock& clock, Limits limits, Take take)
    : executor_(std::move(executor)),
      clock_(clock),
      take_(std::move(take)),
      alarm_(clock, [this] { wake(); }),
      probes_(limits.probes),
      programs_(limits.programs) {}

void Rounds::enlist(Check& check, Share& share) {
  if (takes_a_place(check)) check.share = part_of(share, check);
  rest(check, milliseconds{0});
}

void Rounds::share(Check& check, Share& share) {
  if (!check.share) return;
  const Turns::SharePtr& other = part_of(share, check);
  if (other->use_count() >= check.share->use_count()) return;
  const bool waits = check.is_linked();
  check.unlink();
  check.share = other;
  if (waits) rest_until(check, check.due);
}

void Rounds::hurry(Check& check, milliseconds after) {
  check.hurried_ = true;
  // A check that is due already is in the queue.
  if (!check.is_linked() || check.due <= clock_.now()) return;
  const auto due = std::max(check.since_ + kConfirmHard, clock_.now() + after);
  check.unlink();
  rest_until(check, std::min(check.due, due));
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

Turns& Rounds::turns_of(const Check& check) {
  return runs_a_program(check) ? programs_ : probes_;
}

Turns::SharePtr& Rounds::part_of(Share& share, const Check& check) {
  Turns::SharePtr& part = runs_a_program(check) ? share.programs : share.probes;
  if (!part) part = Turns::new_share();
  return part;
}

void Rounds::rest(Check& check, milliseconds wait) {
  if (wait == kForGood) return;
  check.since_ = clock_.now();
  if (check.hurried_) wait = std::min(wait, kConfirmHard);
  rest_until(check, end_of(wait, check.since_));
}

void Rounds::rest_until(Check& check, Clock::TimePoint due) {
  check.due = due;
  resting_.insert(check);
  alarm_.set(due);
}

void Rounds::wake() {
  int left = line_up(kMostPerTurn);
  for (; left > 0; --left) {
    Turns::Waiter* const next = next_in_turn();
    if (next == nullptr) break;
    begin(check_of(*next));
  }
  if (left == 0) alarm_.set(clock_.now());
  if (probes_.anyone_waits() && !may_begin()) alarm_.set(next_slow_);
  // Checks that wait for a place are seen to when a probe ends.
  if (!resting_.empty()) alarm_.set(resting_.begin()->due);
}

// Moves the checks that are due into the queue; checks that take no place begin instead, at most
// `left` of them. Returns how many more probes may begin in this turn.
int Rounds::line_up(int left) {
  const Clock::TimePoint now = clock_.now();
  for (int lined_up = 0; left > 0 && lined_up < kMostLinedUp; ++lined_up) {
    if (resting_.empty() || resting_.begin()->due > now) break;
    Check& check = check_of(*resting_.begin());
    check.unlink();
    if (check.share) {
      turns_of(check).wait(check);
    } else {
      begin(check);
      --left;
    }
  }
  return left;
}

Turns::Waiter* Rounds::next_in_turn() {
  Turns::Waiter* const next = programs_.next();
  if (next != nullptr || !may_begin()) return next;
  if (probes_.held() >= kBrisk) --slow_left_;
  return probes_.next();
}

// Whether the pace lets another probe begin.
bool Rounds::may_begin() {
  if (probes_.held() < kBrisk) return true;
  const Clock::TimePoint now = clock_.now();
  if (now >= next_slow_) {
    next_slow_ = now + milliseconds{1};
    slow_left_ = kMostPerMillisecond;
  }
  return slow_left_ > 0;
}

void Rounds::begin(Check& check) {
  check.hurried_ = false;
  check.since_ = clock_.now();
  const std::shared_ptr<Question>& question = check.question_;
  if (const auto known = question->probe->known()) return ended(*question, *known);
  const auto slot = question->stop.emplace().slot();
  asio::co_spawn(executor_, ask(question),
                 asio::bind_cancellation_slot(
                     slot, [this, question, turns = check.share ? &turns_of(check) : nullptr,
                            share = check.share, silent = check.silent](
                               const std::exception_ptr& error, const Outcome& outcome) {
                       if (error) std::rethrow_exception(error);
                       if (turns != nullptr) turns->give_back(*share, silent);
                       ended(*question, outcome);
                     }));
}

// Keeps the question, which owns the probe, alive as long as the probe's own frames.
asio::awaitable<Outcome> Rounds::ask(std::shared_ptr<Question> question) {
  co_return co_await question->probe->attempt();
}

void Rounds::ended(Question& question, const Outcome& outcome) {
  question.stop.reset();
  if (Check* const check = question.asked_for; check != nullptr) {
    const milliseconds wait = take_(*check, outcome);
    check->silent = is_silent(*check, outcome, clock_.now() - check->since_);
    rest(*check, wait);
  }
  // Begins others in the next turn of the loop, as thousands may end in this turn.
  if (probes_.anyone_waits() || programs_.anyone_waits()) alarm_.set(clock_.now());
}

}  // namespace hlb
