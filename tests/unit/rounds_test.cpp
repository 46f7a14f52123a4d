// The rounds with real sockets and the real time.
#include "engine/rounds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "health/schedule.h"
#include "tests/unit/loopback.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Now = std::chrono::steady_clock;

// A check whose interval is longer than any test, of a backend that keeps the times of its
// requests.
class RoundsTest : public testing::Test {
 protected:
  static constexpr int kMost = 4;

  RoundsTest() {
    check_ = make_check();
    rounds_.enlist(*check_, share_);
  }

  std::unique_ptr<Check> make_check() {
    CheckSpec spec;
    spec.method = probes::http_check();
    spec.interval = 24h;
    spec.timeout = probes::kPlenty;
    probes::Target target;
    target.address = Address::parse("127.0.0.1").value();
    target.port = backend_.endpoint().port();
    target.spec = std::make_shared<const CheckSpec>(spec);
    const auto make = [this](const probes::Target& each) { return prober_.make(each); };
    return std::make_unique<Check>(target, make, State::unknown, 0);
  }

  asio::awaitable<void> answer(asio::ip::tcp::socket socket) {
    co_await probes::read_request(socket);
    probes_.push_back(Now::now());
    if (during_probe_) during_probe_();
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(kReply), probes::kAwait);
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = Now::now() + probes::kPlenty;
    while (!done() && Now::now() < deadline)
      loop_.run_one_for(100ms);
    return done();
  }

  bool run_until_first_outcome() {
    return run_until([this] { return ended_ > 0; });
  }

  bool run_until_probes(std::size_t count) {
    return run_until([this, count] { return probes_.size() >= count; });
  }

  asio::io_context loop_{1};
  std::vector<Now::time_point> probes_;
  std::function<void()> during_probe_;
  probes::Backend backend_{
      loop_, [this](asio::ip::tcp::socket socket) { return answer(std::move(socket)); }};
  SteadyClock clock_{loop_.get_executor()};
  probes::Prober prober_{loop_.get_executor()};
  std::size_t ended_ = 0;
  Rounds::Share share_;
  Rounds rounds_{loop_.get_executor(), clock_, {.probes = kMost}, [this](Check&, const Outcome&) {
                   ++ended_;
                   return std::chrono::milliseconds(24h);
                 }};
  std::unique_ptr<Check> check_;
};

TEST_F(RoundsTest, ProbesWithoutWaitingForItsInterval) {
  ASSERT_TRUE(run_until_first_outcome());
  rounds_.hurry(*check_);
  EXPECT_TRUE(run_until_probes(2));
}

TEST_F(RoundsTest, MakesOneProbeOfManyReasonsAndNoneSoonerThanAConfirmation) {
  ASSERT_TRUE(run_until_first_outcome());
  for (int i = 0; i < 10; ++i) {
    rounds_.hurry(*check_);
    loop_.poll();
  }
  ASSERT_TRUE(run_until_probes(2));
  EXPECT_GE(probes_[1] - probes_[0], kConfirmHard);
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 2U);
}

TEST_F(RoundsTest, ProbesAgainBehindAProbeThatMayHaveBeenTooEarly) {
  during_probe_ = [this] {
    if (probes_.size() == 1) rounds_.hurry(*check_);
  };
  EXPECT_TRUE(run_until_probes(2));
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 2U);
}

// Knows its outcome; to make an attempt all the same is a fault.
class KnownProbe : public probes::Probe {
 public:
  asio::awaitable<Outcome> attempt() override { throw std::logic_error("an attempt"); }
  std::optional<Outcome> known() const override { return Outcome::pass("known"); }
};

TEST_F(RoundsTest, MakesNoAttemptAtWhatIsKnown) {
  probes::Target target = check_->target();
  Check known(
      target, [](const probes::Target&) { return std::make_unique<KnownProbe>(); }, State::unknown,
      0);
  rounds_.enlist(known, share_);
  EXPECT_TRUE(run_until([this] { return ended_ == 2; }));
}

TEST_F(RoundsTest, MakesNoProbeAfterItsEnd) {
  ASSERT_TRUE(run_until_first_outcome());
  asio::post(loop_, [this] {
    rounds_.hurry(*check_);
    check_.reset();
  });
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 1U);
}

TEST_F(RoundsTest, HoldsNoMoreProbesUnderWayThanItMay) {
  std::size_t most = 0;
  during_probe_ = [&] { most = std::max(most, probes_.size() - ended_); };
  std::vector<std::unique_ptr<Check>> checks;
  for (int i = 0; i < 40; ++i)
    rounds_.enlist(*checks.emplace_back(make_check()), share_);
  EXPECT_TRUE(run_until([this] { return ended_ == 41; }));
  EXPECT_LE(most, std::size_t{kMost});
  EXPECT_GT(most, 1U);
}

}  // namespace
}  // namespace hlb
