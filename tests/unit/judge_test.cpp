// The judge against a plain model that is written from the rules and keeps the whole history.
#include "health/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "health/schedule.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using Result = Outcome::Result;
using TimePoint = FlapDamper::TimePoint;

Outcome outcome_of(Result result) {
  if (result == Result::passed) return Outcome::pass("connected");
  if (result == Result::failed) return Outcome::hard_failure("connection refused");
  return Outcome::not_known("no descriptors");
}

class JudgeModel {
 public:
  JudgeModel(const CheckSpec& spec, State published) : spec_(spec), state(published) {}

  void observe(Result result, TimePoint now, bool mass_failure) {
    if (result == Result::unknown) return;
    run_ = !outcomes_.empty() && outcomes_.back() == result ? run_ + 1 : 1;
    outcomes_.push_back(result);
    const State said = result == Result::passed ? State::up : State::down;
    const unsigned needed =
        said == State::up ? spec_.rise * factor(now) : spec_.fall + (mass_failure ? 1U : 0U);
    if (said == state || (state != State::unknown && run_ < needed)) return;
    if (state != State::unknown) changed(now);
    state = said;
  }

  // 2 with the first change beyond max_flaps within a minute, twice as much with each that follows;
  // 1 again a minute after the last.
  unsigned factor(TimePoint now) const {
    return changes_.empty() || now - changes_.back() >= 1min ? 1 : factor_;
  }

 private:
  void changed(TimePoint now) {
    factor_ = factor(now);
    changes_.push_back(now);
    const auto in_a_minute =
        std::ranges::count_if(changes_, [now](TimePoint change) { return now - change < 1min; });
    if (spec_.max_flaps != 0 && in_a_minute > spec_.max_flaps) factor_ = std::min(factor_ * 2, 32U);
  }

  const CheckSpec& spec_;
  std::vector<Result> outcomes_;
  unsigned run_ = 0;
  std::vector<TimePoint> changes_;
  unsigned factor_ = 1;

 public:
  State state;
};

CheckSpec random_spec(std::mt19937& random) {
  const auto up_to_4 = [&] { return static_cast<unsigned>(1 + random() % 4); };
  CheckSpec spec;
  spec.rise = up_to_4();
  spec.fall = up_to_4();
  spec.max_flaps = up_to_4() - 1;
  return spec;
}

TEST(Judge, AgreesWithThePlainModelOnRandomOutcomes) {
  std::mt19937 random(7);  // NOLINT(*-msc51-cpp): the same sequences in every run
  for (int sequence = 0; sequence < 300; ++sequence) {
    const CheckSpec spec = random_spec(random);
    const State published = std::array{State::unknown, State::up, State::down}.at(random() % 3);
    Judge judge(spec, published);
    JudgeModel model(spec, published);
    TimePoint now;
    unsigned long healthy = 50;  // percent
    for (int step = 0; step < 300; ++step) {
      now += std::chrono::milliseconds(random() % 6000);
      if (random() % 20 == 0) healthy = random() % 101;
      const bool mass_failure = random() % 10 == 0;
      const Result result = random() % 10 == 0         ? Result::unknown
                            : random() % 100 < healthy ? Result::passed
                                                       : Result::failed;
      const State before = judge.state();
      const Ruling ruling = judge.take(
          spec, outcome_of(result), {.now = now, .chance = random(), .mass_failure = mass_failure});
      model.observe(result, now, mass_failure);
      ASSERT_EQ(judge.state(), model.state) << "sequence " << sequence << " step " << step;
      ASSERT_EQ(ruling.transition == Transition::changed, judge.state() != before);
      ASSERT_EQ(ruling.rise_factor, model.factor(now));
    }
  }
}

TEST(Judge, WaitsItsPhaseBehindTheFirstOutcome) {
  const CheckSpec spec;
  Judge judge(spec, State::unknown);
  const Ruling ruling = judge.take(spec, Outcome::pass(""), {.now = {}, .identity = 42});
  EXPECT_TRUE(ruling.first);
  EXPECT_EQ(ruling.wait, phase(spec.interval, 42));
}

TEST(Judge, ConfirmsAFirstFailureAgainstWhatAPredecessorSaid) {
  const CheckSpec spec;
  Judge judge(spec, State::up);
  const Ruling ruling = judge.take(spec, Outcome::hard_failure("refused"), {.now = {}});
  EXPECT_EQ(judge.state(), State::up);
  EXPECT_EQ(ruling.wait, kConfirmHard);
}

TEST(Judge, ConfirmsTwiceAmidAMassFailure) {
  const CheckSpec spec;
  Judge judge(spec, State::unknown);
  const Outcome refused = Outcome::hard_failure("refused");
  const Circumstances amid{.now = {}, .mass_failure = true};
  judge.take(spec, Outcome::pass(""), amid);
  judge.take(spec, refused, amid);
  EXPECT_EQ(judge.take(spec, refused, amid).transition, Transition::pending);
  EXPECT_EQ(judge.take(spec, refused, amid).transition, Transition::changed);
}

}  // namespace
}  // namespace hlb
