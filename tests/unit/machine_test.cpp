#include "health/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace hlb {
namespace {

using Result = Outcome::Result;

constexpr Result kPass = Result::passed;
constexpr Result kFail = Result::failed;
constexpr Result kUnknown = Result::unknown;

// The plain reading of the contract: the whole history is kept, and only its tail is looked at.
class MachineModel {
 public:
  explicit MachineModel(Thresholds at_first) : thresholds(at_first) {}

  void observe(Result result) {
    if (result == kUnknown) return;
    history_.push_back(result);
    const unsigned needed = result == kPass ? thresholds.rise : thresholds.fall;
    if (history_.size() == 1 || tail() >= needed) {
      state = result == kPass ? State::up : State::down;
    }
  }

  Thresholds thresholds;
  State state = State::unknown;

 private:
  std::size_t tail() const {
    const auto differs = [this](Result result) { return result != history_.back(); };
    return static_cast<std::size_t>(std::find_if(history_.rbegin(), history_.rend(), differs) -
                                    history_.rbegin());
  }

  std::vector<Result> history_;
};

Transition observe_all(Machine& machine, const std::vector<Result>& results) {
  Transition last = Transition::unchanged;
  for (const Result result : results)
    last = machine.observe(result);
  return last;
}

Machine machine_after(Thresholds thresholds, const std::vector<Result>& results) {
  Machine machine(thresholds);
  observe_all(machine, results);
  return machine;
}

// One step of both, which must agree in state and in what the transition says of it.
void expect_same_step(Machine& machine, MachineModel& model, Result result) {
  const State before = model.state;
  model.observe(result);
  const Transition transition = machine.observe(result);
  ASSERT_EQ(machine.state(), model.state);
  ASSERT_EQ(transition == Transition::changed, before != model.state);
  const bool speaks_against = (result == kPass && model.state == State::down) ||
                              (result == kFail && model.state == State::up);
  ASSERT_EQ(transition == Transition::pending, speaks_against);
}

TEST(Machine, IsUnknownAndUndecidedBeforeTheFirstOutcome) {
  const Machine machine(Thresholds{});
  EXPECT_EQ(machine.state(), State::unknown);
  EXPECT_FALSE(machine.decided());
  EXPECT_FALSE(machine.pending());
}

TEST(Machine, TheFirstOutcomeDecides) {
  const Thresholds slow{.rise = 5, .fall = 5};
  EXPECT_EQ(machine_after(slow, {kPass}).state(), State::up);
  EXPECT_EQ(machine_after(slow, {kFail}).state(), State::down);
  EXPECT_TRUE(machine_after(slow, {kFail}).decided());
  Machine machine(slow);
  EXPECT_EQ(machine.observe(kPass), Transition::changed);
}

TEST(Machine, StaysUpUntilFallConsecutiveFailures) {
  Machine machine = machine_after({.rise = 2, .fall = 3}, {kPass});
  EXPECT_EQ(machine.observe(kFail), Transition::pending);
  EXPECT_EQ(machine.observe(kFail), Transition::pending);
  EXPECT_EQ(machine.state(), State::up);
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
  EXPECT_EQ(machine.state(), State::down);
}

TEST(Machine, StaysDownUntilRiseConsecutivePasses) {
  Machine machine = machine_after({.rise = 3, .fall = 2}, {kFail});
  EXPECT_EQ(machine.observe(kPass), Transition::pending);
  EXPECT_EQ(machine.observe(kPass), Transition::pending);
  EXPECT_EQ(machine.state(), State::down);
  EXPECT_EQ(machine.observe(kPass), Transition::changed);
  EXPECT_EQ(machine.state(), State::up);
}

TEST(Machine, AnOutcomeThatAgreesEndsTheRunAgainst) {
  Machine machine = machine_after({.rise = 2, .fall = 2}, {kPass, kFail});
  EXPECT_TRUE(machine.pending());
  EXPECT_EQ(machine.observe(kPass), Transition::unchanged);
  EXPECT_FALSE(machine.pending());
  EXPECT_EQ(machine.observe(kFail), Transition::pending);
  EXPECT_EQ(machine.state(), State::up);
}

TEST(Machine, AThresholdOfOneChangesAtOnce) {
  Machine machine = machine_after({.rise = 1, .fall = 1}, {kPass});
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
  EXPECT_EQ(machine.observe(kPass), Transition::changed);
}

TEST(Machine, AnUnknownOutcomeChangesNothing) {
  Machine machine = machine_after({.rise = 2, .fall = 3}, {kPass, kFail, kFail});
  EXPECT_EQ(machine.observe(kUnknown), Transition::unchanged);
  EXPECT_EQ(machine.state(), State::up);
  EXPECT_EQ(machine.against(), 2U);
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
}

TEST(Machine, AnUnknownFirstOutcomeLeavesTheDecisionToTheNext) {
  Machine machine(Thresholds{});
  EXPECT_EQ(machine.observe(kUnknown), Transition::unchanged);
  EXPECT_FALSE(machine.decided());
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
}

TEST(Machine, AnAdoptedStateIsServedButNotDecided) {
  Machine machine(Thresholds{});
  machine.start_from(State::up);
  EXPECT_EQ(machine.state(), State::up);
  EXPECT_FALSE(machine.decided());
  EXPECT_FALSE(machine.pending());
}

TEST(Machine, AnAdoptedStateIsChangedAsAnyOther) {
  Machine machine({.rise = 5, .fall = 2});
  machine.start_from(State::up);
  EXPECT_EQ(machine.observe(kFail), Transition::pending);
  EXPECT_EQ(machine.state(), State::up);
  EXPECT_FALSE(machine.decided());
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
  EXPECT_EQ(machine.state(), State::down);
  EXPECT_TRUE(machine.decided());
}

TEST(Machine, AdoptedStateIsConfirmedByAnOutcomeThatAgrees) {
  Machine machine(Thresholds{});
  machine.start_from(State::down);
  EXPECT_EQ(machine.observe(kFail), Transition::unchanged);
  EXPECT_TRUE(machine.decided());
  EXPECT_EQ(machine.observe(kPass), Transition::pending);
}

TEST(Machine, NewThresholdsKeepStateAndRun) {
  Machine machine = machine_after({.rise = 2, .fall = 5}, {kPass, kFail, kFail});
  machine.set_thresholds({.rise = 2, .fall = 2});
  EXPECT_EQ(machine.state(), State::up);
  EXPECT_EQ(machine.against(), 2U);
  EXPECT_EQ(machine.observe(kFail), Transition::changed);
}

TEST(Machine, AgreesWithThePlainModelOnEverySequenceOfNineOutcomes) {
  constexpr std::array kResults{kPass, kFail, kUnknown};
  constexpr unsigned kSequences = 19683;  // 3⁹
  for (unsigned rise = 1; rise <= 3; ++rise) {
    for (unsigned fall = 1; fall <= 3; ++fall) {
      for (unsigned sequence = 0; sequence < kSequences; ++sequence) {
        Machine machine({rise, fall});
        MachineModel model({rise, fall});
        for (unsigned rest = sequence, step = 0; step < 9; ++step, rest /= 3) {
          ASSERT_NO_FATAL_FAILURE(expect_same_step(machine, model, kResults[rest % 3]))
              << "rise " << rise << " fall " << fall << " sequence " << sequence;
        }
      }
    }
  }
}

TEST(Machine, AgreesWithThePlainModelWhileThresholdsChange) {
  std::mt19937 random(20240229);  // NOLINT(*-msc51-cpp): the same sequences in every run
  Machine machine(Thresholds{});
  MachineModel model(Thresholds{});
  for (int step = 0; step < 20'000; ++step) {
    if (random() % 50 == 0) {
      model.thresholds = {.rise = static_cast<unsigned>(1 + random() % 6),
                          .fall = static_cast<unsigned>(1 + random() % 6)};
      machine.set_thresholds(model.thresholds);
    }
    const auto dice = random() % 5;
    const Result result = dice == 0 ? kUnknown : dice % 2 == 0 ? kPass : kFail;
    ASSERT_NO_FATAL_FAILURE(expect_same_step(machine, model, result)) << "step " << step;
  }
}

}  // namespace
}  // namespace hlb
