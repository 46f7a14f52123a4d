#include "check.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "health/schedule.h"
#include "tests/unit/loopback.h"

namespace hlb {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A check whose interval is longer than any test, of a backend that keeps the times of its
// requests.
class HurriedCheck : public testing::Test, public Check::Observer {
 protected:
  HurriedCheck() {
    CheckSpec spec;
    spec.method = probes::http_check();
    spec.interval = 24h;
    spec.timeout = probes::kPlenty;
    probes::Target target;
    target.address = Address::parse("127.0.0.1").value();
    target.port = backend_.endpoint().port();
    target.spec = std::make_shared<const CheckSpec>(spec);
    check_ = std::make_unique<Check>(slots_, prober_, std::move(target), State::unknown, *this);
  }

  void changed(const Check& /*check*/, const Check::Change& /*change*/) override {
    decided_ = true;
  }
  void own_trouble(const Outcome& /*outcome*/) override {}

  asio::awaitable<void> answer(asio::ip::tcp::socket socket) {
    co_await probes::read_request(socket);
    probes_.push_back(Clock::now());
    if (during_probe_) during_probe_();
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(kReply), probes::kAwait);
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = Clock::now() + probes::kPlenty;
    while (!done() && Clock::now() < deadline)
      loop_.run_one_for(100ms);
    return done();
  }

  bool run_until_decided() {
    return run_until([this] { return decided_; });
  }

  bool run_until_probes(std::size_t count) {
    return run_until([this, count] { return probes_.size() >= count; });
  }

  asio::io_context loop_{1};
  std::vector<Clock::time_point> probes_;
  std::function<void()> during_probe_;
  probes::Backend backend_{
      loop_, [this](asio::ip::tcp::socket socket) { return answer(std::move(socket)); }};
  ProbeSlots slots_{loop_.get_executor(), 4};
  probes::Prober prober_{loop_.get_executor()};
  bool decided_ = false;
  std::unique_ptr<Check> check_;
};

TEST_F(HurriedCheck, ProbesWithoutWaitingForItsInterval) {
  ASSERT_TRUE(run_until_decided());
  check_->probe_now();
  EXPECT_TRUE(run_until_probes(2));
}

TEST_F(HurriedCheck, MakesOneProbeOfManyReasonsAndNoneSoonerThanAConfirmation) {
  ASSERT_TRUE(run_until_decided());
  for (int i = 0; i < 10; ++i) {
    check_->probe_now();
    loop_.poll();
  }
  ASSERT_TRUE(run_until_probes(2));
  EXPECT_GE(probes_[1] - probes_[0], kConfirmHard);
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 2U);
}

TEST_F(HurriedCheck, ProbesAgainBehindAProbeThatMayHaveBeenTooEarly) {
  during_probe_ = [this] {
    if (probes_.size() == 1) check_->probe_now();
  };
  EXPECT_TRUE(run_until_probes(2));
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 2U);
}

TEST_F(HurriedCheck, MakesNoProbeAfterItsEnd) {
  ASSERT_TRUE(run_until_decided());
  asio::post(loop_, [this] {
    check_->probe_now();
    check_.reset();
  });
  loop_.run_for(4 * kConfirmHard);
  EXPECT_EQ(probes_.size(), 1U);
}

}  // namespace
}  // namespace hlb
