// The monitor against real sockets on loopback.
#include "engine/monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/loopback.h"

namespace hlb {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using probes::tcp;

const auto kNothingPublished = [](const ServiceSpec&, const BackendSpec&) {
  return Monitor::Inherited{};
};

class MonitorTest : public testing::Test, private Monitor::Observer {
 protected:
  static CheckSpec tcp_check(std::uint16_t port) {
    CheckSpec check;
    check.method = TcpCheck{};
    check.port = port;
    check.interval = 30ms;
    check.timeout = probes::kPlenty;
    return check;
  }

  static ServiceSpec service(std::string name, const std::vector<std::string>& addresses,
                             std::vector<CheckSpec> checks) {
    ServiceSpec spec;
    spec.name = std::move(name);
    for (const std::string& address : addresses) {
      BackendSpec backend;
      backend.address = Address::parse(address).value();
      spec.backends.push_back(backend);
    }
    spec.checks = std::move(checks);
    return spec;
  }

  tcp::acceptor listen(std::uint16_t port = 0) {
    return {loop_, {asio::ip::address_v4::loopback(), port}};
  }

  void apply(std::vector<ServiceSpec> services) {
    monitor_.apply({.now = list_of(std::move(services))}, kNothingPublished);
  }

  const ServiceVerdict& verdict(std::size_t service) {
    monitor_.refresh();
    return monitor_.verdicts()[service];
  }

  // The state that is published of the backend; unknown also if it isn't published.
  State state(std::size_t service, const std::string& address) {
    const ServiceVerdict& verdict = this->verdict(service);
    const auto found = std::ranges::find(verdict.backends, Address::parse(address).value(),
                                         &BackendVerdict::address);
    return found == verdict.backends.end() ? State::unknown : found->state;
  }

  std::vector<std::uint32_t> weights() {
    std::vector<std::uint32_t> weights;
    for (const BackendVerdict& backend : verdict(0).backends)
      weights.push_back(backend.weight);
    return weights;
  }

  // Turns the loop until `done`, or for so long that it will never be.
  template <typename Done>
  bool run_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + probes::kPlenty;
    while (!done() && std::chrono::steady_clock::now() < deadline)
      loop_.run_one_for(100ms);
    return done();
  }

  bool run_until_state(State wanted, const std::string& address = "127.0.0.1") {
    return run_until([&] { return state(0, address) == wanted; });
  }

  void verdicts_changed() override { ++changes_; }
  void backend_changed(const BackendChange& /*change*/) override {}
  void advice_changed() override {}
  void checks_hindered(const std::string& /*summary*/) override {}
  void probed(const CheckSpec& /*check*/, const Outcome& /*outcome*/) override {}
  void override_changed(const OverrideChange& /*change*/) override {}

  asio::io_context loop_{1};
  int changes_ = 0;
  SteadyClock clock_{loop_.get_executor()};
  probes::Prober prober_{loop_.get_executor()};
  Monitor monitor_{loop_.get_executor(), clock_,
                   [this](const probes::Target& target) { return prober_.make(target); },
                   Monitor::Host{}, *this};
};

TEST_F(MonitorTest, ABackendIsUpOnlyWhenAllOfItsChecksPass) {
  const tcp::acceptor first = listen();
  const std::uint16_t one = first.local_endpoint().port();
  tcp::acceptor second = listen();
  const std::uint16_t other = second.local_endpoint().port();
  second.close();

  apply({service("a.test", {"127.0.0.1"}, {tcp_check(one), tcp_check(other)})});
  ASSERT_TRUE(run_until_state(State::down));
  second = listen(other);
  EXPECT_TRUE(run_until_state(State::up));
  second.close();
  EXPECT_TRUE(run_until_state(State::down));
}

TEST_F(MonitorTest, ServicesShareACheckThatIsTheSame) {
  int requests = 0;
  const probes::Backend backend(loop_, [&](tcp::socket socket) -> asio::awaitable<void> {
    co_await probes::read_request(socket);
    ++requests;
    constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(kReply), probes::kAwait);
  });
  CheckSpec check;
  check.method = probes::http_check();
  check.port = backend.endpoint().port();
  check.interval = 1h;
  check.timeout = probes::kPlenty;
  CheckSpec other = check;
  other.rise = 3;

  apply({service("a.test", {"127.0.0.1"}, {check}), service("b.test", {"127.0.0.1"}, {check}),
         service("c.test", {"127.0.0.1"}, {other})});
  ASSERT_TRUE(run_until([&] {
    return state(0, "127.0.0.1") == State::up && state(1, "127.0.0.1") == State::up &&
           state(2, "127.0.0.1") == State::up;
  }));
  EXPECT_EQ(requests, 2);  // one for a.test and b.test together
}

TEST_F(MonitorTest, ARemovedBackendStaysUntilTheNewOneIsKnown) {
  const tcp::acceptor listener = listen();
  const CheckSpec check = tcp_check(listener.local_endpoint().port());
  apply({service("a.test", {"127.0.0.1"}, {check})});
  ASSERT_TRUE(run_until_state(State::up));

  apply({service("a.test", {"127.0.0.2"}, {check})});
  EXPECT_EQ(state(0, "127.0.0.1"), State::up);
  ASSERT_TRUE(run_until_state(State::down, "127.0.0.2"));
  EXPECT_EQ(verdict(0).backends.size(), 1U);
}

TEST_F(MonitorTest, ARemovedBackendGoesAtOnceWhenTheOthersAreKnown) {
  const tcp::acceptor listener = listen();
  const CheckSpec check = tcp_check(listener.local_endpoint().port());
  apply({service("a.test", {"127.0.0.1", "127.0.0.2"}, {check})});
  ASSERT_TRUE(run_until(
      [&] { return state(0, "127.0.0.1") == State::up && state(0, "127.0.0.2") == State::down; }));
  apply({service("a.test", {"127.0.0.2"}, {check})});
  EXPECT_EQ(verdict(0).backends.size(), 1U);
}

TEST_F(MonitorTest, AReloadKeepsTheStateOfABackendWhoseCheckChanged) {
  const tcp::acceptor listener = listen();
  CheckSpec check = tcp_check(listener.local_endpoint().port());
  apply({service("a.test", {"127.0.0.1"}, {check})});
  ASSERT_TRUE(run_until_state(State::up));
  check.interval = 1h;
  apply({service("a.test", {"127.0.0.1"}, {check})});
  EXPECT_EQ(state(0, "127.0.0.1"), State::up);
}

TEST_F(MonitorTest, ABackendThatComesBackStartsWithATenthOfItsWeight) {
  const tcp::acceptor steady = listen();
  const std::uint16_t port = steady.local_endpoint().port();
  ServiceSpec spec = service("a.test", {"127.0.0.1", "127.0.0.2"}, {tcp_check(port)});
  spec.slow_start = 1h;
  apply({spec});
  ASSERT_TRUE(run_until_state(State::up));
  ASSERT_TRUE(run_until_state(State::down, "127.0.0.2"));
  EXPECT_EQ(weights(), (std::vector{100U, 100U}));  // never at hlbd's own start

  const tcp::acceptor back(loop_, {asio::ip::make_address_v4("127.0.0.2"), port});
  ASSERT_TRUE(run_until_state(State::up, "127.0.0.2"));
  EXPECT_EQ(weights(), (std::vector{100U, 10U}));
}

TEST_F(MonitorTest, PublishesTheStepsOfASlowStart) {
  const tcp::acceptor steady = listen();
  const std::uint16_t port = steady.local_endpoint().port();
  ServiceSpec spec = service("a.test", {"127.0.0.1", "127.0.0.2"}, {tcp_check(port)});
  spec.slow_start = 2s;
  apply({spec});
  ASSERT_TRUE(run_until_state(State::up));
  ASSERT_TRUE(run_until_state(State::down, "127.0.0.2"));
  const tcp::acceptor back(loop_, {asio::ip::make_address_v4("127.0.0.2"), port});
  ASSERT_TRUE(run_until_state(State::up, "127.0.0.2"));
  const int before = changes_;
  EXPECT_TRUE(run_until([this] { return weights() == std::vector{100U, 100U}; }));
  EXPECT_GE(changes_, before + 2);
}

}  // namespace
}  // namespace hlb
