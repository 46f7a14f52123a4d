// Counts of this host's connections, and who shares them.
#include "connections/census.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "network/sock_diag.h"
#include "tests/unit/fake_clock.h"

namespace hlb::connections {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

Address address(const std::string& text) {
  return Address::parse(text).value();
}

network::Peer far_end(const std::string& text, std::uint16_t port) {
  return {network::sock_diag::key_of(address(text)), port};
}

ServiceSpec service_at(std::vector<std::uint16_t> close_ports) {
  ServiceSpec service;
  service.close_ports = std::move(close_ports);
  return service;
}

BackendSpec backend(const std::string& text) {
  return {.address = address(text)};
}

TEST(ConnectionCounts, AreSumsOverThePortsOfTheService) {
  const ConnectionCounts counts({far_end("10.0.0.2", 80), far_end("10.0.0.1", 80),
                                 far_end("10.0.0.1", 443), far_end("10.0.0.1", 80),
                                 far_end("10.0.0.1", 22), far_end("fd00::1", 80)});
  EXPECT_EQ(counts.to(service_at({80}), backend("10.0.0.1")), 2U);
  EXPECT_EQ(counts.to(service_at({80, 443}), backend("10.0.0.1")), 3U);
  EXPECT_EQ(counts.to(service_at({81}), backend("10.0.0.1")), 0U);
  EXPECT_EQ(counts.to(service_at({}), backend("10.0.0.1")), 4U);
  EXPECT_EQ(counts.to(service_at({80}), backend("fd00::1")), 1U);
  EXPECT_EQ(counts.to(service_at({}), backend("10.0.0.3")), 0U);
}

class CensusTest : public testing::Test {
 protected:
  // Has the loop run until this many were answered.
  void run_until_answered(std::size_t many) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (answers_.size() < many && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_for(1ms);
    }
    ASSERT_EQ(answers_.size(), many);
  }

  void ask() {
    census_.ask([this](const Counted& counted) { answers_.push_back(counted); });
  }

  void pass(std::chrono::milliseconds time) { clock_.pass_to_next_alarm(clock_.now() + time); }

  asio::io_context loop_;
  FakeClock clock_;
  std::atomic<int> counts_ = 0;
  std::atomic<bool> fails_ = false;
  std::vector<Counted> answers_;
  Census census_{
      loop_.get_executor(), clock_, [this]() -> Counted {
        ++counts_;
        if (fails_) return tl::unexpected(std::string("broken"));
        return std::make_shared<const ConnectionCounts>(std::vector{far_end("10.0.0.1", 80)});
      }};
};

TEST_F(CensusTest, NothingIsCountedUntilSomebodyAsks) {
  loop_.run_for(1ms);
  EXPECT_EQ(counts_, 0);
  EXPECT_EQ(census_.latest(), nullptr);
}

TEST_F(CensusTest, AllWhoAskWithinASecondShareACount) {
  ask();
  ask();
  run_until_answered(2);
  pass(900ms);
  ask();
  EXPECT_EQ(answers_.size(), 3U);
  EXPECT_EQ(counts_, 1);
  EXPECT_EQ(answers_[0].value(), answers_[2].value());
  pass(100ms);
  ask();
  run_until_answered(4);
  EXPECT_EQ(counts_, 2);
  EXPECT_EQ(census_.latest()->to(service_at({80}), backend("10.0.0.1")), 1U);
}

TEST_F(CensusTest, SaysWhyItCannotCountAndCountsAgainLater) {
  fails_ = true;
  ask();
  run_until_answered(1);
  EXPECT_EQ(answers_[0].error(), "broken");
  EXPECT_EQ(census_.latest(), nullptr);
  fails_ = false;
  pass(1s);
  ask();
  run_until_answered(2);
  EXPECT_TRUE(answers_[1]);
}

// A process that holds whatever this one has open, until it goes.
class Holder {
 public:
  Holder() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;)
        ::pause();
    }
  }
  ~Holder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  pid_t pid_;
};

TEST(CountConnections, CountsThoseOfOtherProcessesThatWereMadeHere) {
  asio::io_context loop;
  tcp::acceptor acceptor(loop, {asio::ip::make_address("127.0.0.1"), 0});
  const tcp::endpoint there = acceptor.local_endpoint();
  const auto count = [&](std::vector<std::uint16_t> ports) {
    return count_connections().value()->to(service_at(std::move(ports)), backend("127.0.0.1"));
  };
  tcp::socket ours(loop);
  ours.connect(there);
  EXPECT_EQ(count({there.port()}), 0U);
  tcp::socket of_ipv6(loop, tcp::v6());
  of_ipv6.connect({asio::ip::make_address("::ffff:127.0.0.1"), there.port()});
  const std::uint16_t from = ours.local_endpoint().port();
  const Holder holder;
  ours.close();
  of_ipv6.close();
  EXPECT_EQ(count({there.port()}), 2U);
  EXPECT_EQ(count({from}), 0U);  // what was taken there, and made here
}

// As hlbd's probes do, while somebody else counts.
TEST(CountConnections, NeverCountsWhatThisProcessMakesAndClosesMeanwhile) {
  asio::io_context loop;
  tcp::acceptor acceptor(loop, {asio::ip::make_address("127.0.0.1"), 0});
  const tcp::endpoint there = acceptor.local_endpoint();
  std::atomic<bool> over = false;
  std::thread prober([&] {
    while (!over) {
      tcp::socket probe(loop);
      probe.connect(there);
      probe.set_option(tcp::socket::linger(true, 0));
      acceptor.accept().close();
    }
  });
  const ServiceSpec service = service_at({there.port()});
  std::uint32_t counted = 0;
  for (int i = 0; i < 500; ++i)
    counted += count_connections().value()->to(service, backend("127.0.0.1"));
  over = true;
  prober.join();
  EXPECT_EQ(counted, 0U);
}

}  // namespace
}  // namespace hlb::connections
