// A day of a thousand backends that fail at random, on the fake clock: each verdict is the one that
// a plain model gives, and no memory is lost.
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/fake_world.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
using Result = Outcome::Result;
using TimePoint = Clock::TimePoint;

constexpr int kServices = 100;
constexpr int kBackendsEach = 10;
constexpr unsigned kRise = 2;
constexpr unsigned kFall = 3;

// Healthy or not for a while, then the other; a few lie now and then, and a few can't be asked.
class Backend {
 public:
  explicit Backend(std::uint32_t seed) : random_(seed) {}

  Outcome answer(TimePoint now) {
    if (now >= turns_at_) {
      healthy_ = !healthy_;
      std::exponential_distribution<double> seconds(healthy_ ? 1.0 / 7200 : 1.0 / 600);
      turns_at_ = now + std::chrono::milliseconds(static_cast<int>(seconds(random_) * 1000));
    }
    const auto dice = random_() % 100;
    if (dice == 0) return kTellsNothing;
    const bool passes = dice < 5 ? !healthy_ : healthy_;
    if (passes) return kPasses;
    return dice % 2 == 0 ? kRefuses : kIsSilent;
  }

 private:
  std::mt19937 random_;
  bool healthy_ = false;
  TimePoint turns_at_;
};

// The rules, plainly: the first outcome decides, then kFall failures in a row, or kRise passes.
struct Model {
  void observe(Result result) {
    if (result == Result::unknown) return;
    const State said = result == Result::passed ? State::up : State::down;
    in_a_row = said == last ? in_a_row + 1 : 1;
    last = said;
    if (state == State::unknown || in_a_row >= (said == State::up ? kRise : kFall)) state = said;
  }

  State state = State::unknown;
  State last = State::unknown;
  unsigned in_a_row = 0;
};

class Day : public testing::Test {
 protected:
  Day() {
    world_.keeps_times = false;
    std::uint32_t seed = 1;
    for (int service = 0; service < kServices; ++service) {
      std::vector<std::string> addresses;
      for (int i = 0; i < kBackendsEach; ++i) {
        addresses.push_back("10.0." + std::to_string(service) + "." + std::to_string(i + 1));
        backends_.emplace(address(addresses.back()), Backend(seed++));
      }
      CheckSpec check = plain_check();
      check.interval = 30s;
      check.timeout = 10s;
      check.rise = kRise;
      check.fall = kFall;
      check.max_flaps = 0;
      services_.push_back(plain_service("s" + std::to_string(service) + ".test", addresses, check));
    }
    world_.apply(services_);
  }

  Outcome answer(const probes::Target& target, TimePoint now) {
    const Outcome outcome = backends_.at(target.address).answer(now);
    models_[target.address].observe(outcome.result);
    ++probes_;
    return outcome;
  }

  void pass_hours(int hours) {
    for (int minute = 0; minute < hours * 60; ++minute) {
      world_.pass(1min);
      ASSERT_NO_FATAL_FAILURE(expect_verdicts_as_modelled());
      changes_ += world_.changes.size();
      world_.changes.clear();
      hindered_ += world_.hindered.size();
      world_.hindered.clear();
    }
    world_.changes.shrink_to_fit();
    world_.hindered.shrink_to_fit();
  }

  void expect_verdicts_as_modelled() {
    world_.monitor().refresh();
    for (const ServiceVerdict& service : world_.monitor().verdicts()) {
      for (const BackendVerdict& backend : service.backends) {
        ASSERT_EQ(backend.state, models_[backend.address].state)
            << backend.address.to_string() << " after " << probes_ << " probes";
      }
    }
  }

  std::map<Address, Backend> backends_;
  std::map<Address, Model> models_;
  std::vector<ServiceSpec> services_;
  std::uint64_t probes_ = 0;
  std::size_t changes_ = 0;
  std::size_t hindered_ = 0;  // how often it was told
  FakeWorld world_{
      [this](const probes::Target& target, TimePoint now) { return answer(target, now); }};
};

std::size_t bytes_in_use() {
  return mallinfo2().uordblks;
}

// With the sanitizers a whole day takes minutes.
TEST_F(Day, EveryVerdictOfTwoHoursIsAsTheModelSays) {
  pass_hours(2);
}

TEST_F(Day, EveryVerdictIsAsTheModelSaysAndMemoryIsFlatAllDay) {
  pass_hours(1);
  const std::size_t after_an_hour = bytes_in_use();
  pass_hours(23);
  EXPECT_GT(probes_, 2'500'000U);
  EXPECT_GT(changes_, 10'000U);
  EXPECT_GT(hindered_, 0U);
  EXPECT_LE(hindered_, 2U * 24 * 60);  // one cause: its begin and its end once a minute
  EXPECT_LT(bytes_in_use(), after_an_hour + 64 * 1024);
}

}  // namespace
}  // namespace hlb
