#include "network/listeners.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/unit/loopback.h"

namespace hlb {

// GoogleTest shows it when an expectation fails.
std::ostream& operator<<(std::ostream& out, const Endpoint& listener) {
  return out << listener.to_string();
}

namespace network {

using namespace probes;  // the servers of loopback.h

namespace {

using Gone = std::vector<Endpoint>;

Endpoint at(const char* address, std::uint16_t port) {
  return {Address::parse(address).value(), port};
}

// By all sockets for reports, of every process here.
unsigned long dropped_reports() {
  constexpr std::string_view kSockDiag = "4";
  std::ifstream table("/proc/net/netlink");
  unsigned long sum = 0;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string socket, protocol, port, groups, read, write, dump, locks;
    unsigned long drops = 0;
    words >> socket >> protocol >> port >> groups >> read >> write >> dump >> locks >> drops;
    if (protocol == kSockDiag) sum += drops;
  }
  return sum;
}

class ListenerWatchTest : public testing::Test {
 protected:
  // A listener that dies with the acceptor; port 0 takes a free one.
  tcp::acceptor listen(const char* address, std::uint16_t port = 0) {
    return {others_, tcp::endpoint(asio::ip::make_address(address), port)};
  }

  // What was told of until, and with, the first call that names `last`.
  Gone told_until(const Endpoint& last) {
    told_.clear();
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (std::ranges::find(told_, last) == told_.end()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "not told of " << testing::PrintToString(last);
        break;
      }
      loop_.restart();
      loop_.run_one_for(kShort);
    }
    return told_;
  }

  // Connections that both sides have closed, without a turn of the watch's loop.
  void connect_and_close(tcp::acceptor& listener, int times) {
    for (int i = 0; i < times; ++i) {
      tcp::socket client(others_);
      client.connect(listener.local_endpoint());
      const tcp::socket server = listener.accept();
      client.set_option(asio::socket_base::linger(true, 0));
    }
  }

  // Until the kernel has dropped reports. It makes them in its own time, so the loop stands still.
  void let_listeners_die_until_reports_are_lost() {
    const unsigned long before = dropped_reports();
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (dropped_reports() == before && std::chrono::steady_clock::now() < deadline) {
      for (int i = 0; i < 200; ++i)
        listen("127.0.0.1");
    }
    ASSERT_GT(dropped_reports(), before);
  }

  asio::io_context loop_{1};
  asio::steady_timer first_user_{loop_};  // has the loop open its own descriptors
  asio::io_context others_{1};
  Gone told_;
  std::unique_ptr<ListenerWatch> watch_ =
      std::make_unique<ListenerWatch>(loop_.get_executor(), [this](std::span<const Endpoint> gone) {
        told_.insert(told_.end(), gone.begin(), gone.end());
      });
};

struct Binding {
  const char* name;
  const char* bound;
  const char* backend;
};

class ListenerWatchBoundTest : public ListenerWatchTest,
                               public testing::WithParamInterface<Binding> {};

TEST_P(ListenerWatchBoundTest, TellsOfTheDeathOfAListenerThatServedTheBackend) {
  tcp::acceptor listener = listen(GetParam().bound);
  const Endpoint backend = at(GetParam().backend, listener.local_endpoint().port());
  ASSERT_FALSE(watch_->watch({{backend}}));
  listener.close();
  EXPECT_EQ(told_until(backend), Gone{backend});
}

INSTANTIATE_TEST_SUITE_P(Each, ListenerWatchBoundTest,
                         testing::Values(Binding{"Ipv4", "127.0.0.2", "127.0.0.2"},
                                         Binding{"Ipv6", "::1", "::1"},
                                         Binding{"AnyIpv4", "0.0.0.0", "127.0.0.2"},
                                         Binding{"AnyIpv6", "::", "::1"},
                                         Binding{"AnyIpv6ForIpv4", "::", "127.0.0.2"},
                                         Binding{"Ipv4AsIpv6", "::ffff:127.0.0.2", "127.0.0.2"}),
                         [](const auto& each) { return each.param.name; });

TEST_F(ListenerWatchTest, NamesABackendOfManyServicesOnce) {
  tcp::acceptor listener = listen("127.0.0.1");
  const Endpoint backend = at("127.0.0.1", listener.local_endpoint().port());
  ASSERT_FALSE(watch_->watch({{backend, backend}}));
  listener.close();
  EXPECT_EQ(told_until(backend), Gone{backend});
}

TEST_F(ListenerWatchTest, SaysNothingOfOtherPortsAndAddresses) {
  tcp::acceptor listener = listen("127.0.0.1");
  const std::uint16_t port = listener.local_endpoint().port();
  tcp::acceptor elsewhere = listen("127.0.0.2", port);
  tcp::acceptor beside = listen("127.0.0.1");
  ASSERT_FALSE(watch_->watch({{at("127.0.0.1", port), at("::1", port)}}));
  elsewhere.close();
  beside.close();
  listener.close();
  EXPECT_EQ(told_until(at("127.0.0.1", port)), Gone{at("127.0.0.1", port)});
}

TEST_F(ListenerWatchTest, LosesNothingToThousandsOfConnectionsAndSaysNothingOfThem) {
  tcp::acceptor busy = listen("127.0.0.1");
  tcp::acceptor mortal = listen("127.0.0.1");
  const Endpoint served = at("127.0.0.1", busy.local_endpoint().port());
  const Endpoint dead = at("127.0.0.1", mortal.local_endpoint().port());
  ASSERT_FALSE(watch_->watch({{served, dead}}));
  connect_and_close(busy, 3000);
  mortal.close();
  EXPECT_EQ(told_until(dead), Gone{dead});
}

TEST_F(ListenerWatchTest, TellsOfAllWhenReportsWereLostButOnceAPause) {
  const tcp::acceptor listener = listen("127.0.0.1");
  const Endpoint alive = at("127.0.0.1", listener.local_endpoint().port());
  ASSERT_FALSE(watch_->watch({{alive}}));
  let_listeners_die_until_reports_are_lost();
  EXPECT_EQ(told_until(alive), Gone{alive});
  const auto first = std::chrono::steady_clock::now();
  let_listeners_die_until_reports_are_lost();
  EXPECT_EQ(told_until(alive), Gone{alive});
  EXPECT_GE(std::chrono::steady_clock::now() - first, ListenerWatch::kLossPause - 100ms);
}

TEST_F(ListenerWatchTest, KeepsASocketOnlyWhileABackendIsOfThisHost) {
  const std::size_t before = open_descriptors();
  ASSERT_FALSE(watch_->watch({{at("192.0.2.1", 80), at("2001:db8::1", 80)}}));
  EXPECT_EQ(open_descriptors(), before);
  ASSERT_FALSE(watch_->watch({{at("192.0.2.1", 80), at("127.0.0.1", 80)}}));
  EXPECT_EQ(open_descriptors(), before + 1);
  ASSERT_FALSE(watch_->watch({}));
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ListenerWatchTest, WatchesWhatItWasToldLast) {
  tcp::acceptor first = listen("127.0.0.1");
  tcp::acceptor second = listen("127.0.0.1");
  const Endpoint former = at("127.0.0.1", first.local_endpoint().port());
  const Endpoint present = at("127.0.0.1", second.local_endpoint().port());
  ASSERT_FALSE(watch_->watch({{former}}));
  ASSERT_FALSE(watch_->watch({{present}}));
  first.close();
  second.close();
  EXPECT_EQ(told_until(present), Gone{present});
}

TEST_F(ListenerWatchTest, SaysWhenItCannotAndTriesAgain) {
  tcp::acceptor listener = listen("127.0.0.1");
  const Endpoint backend = at("127.0.0.1", listener.local_endpoint().port());
  std::error_code error;
  {
    const NoDescriptors none;
    error = watch_->watch({{backend}});
  }
  EXPECT_EQ(error, std::errc::too_many_files_open);
  ASSERT_FALSE(watch_->watch({{backend}}));
  listener.close();
  EXPECT_EQ(told_until(backend), Gone{backend});
}

TEST_F(ListenerWatchTest, IsSilentAfterItsEnd) {
  tcp::acceptor listener = listen("127.0.0.1");
  ASSERT_FALSE(watch_->watch({{at("127.0.0.1", listener.local_endpoint().port())}}));
  listener.close();
  watch_.reset();
  loop_.run();  // returns, for nothing is awaited any more
  EXPECT_EQ(told_, Gone{});
}

}  // namespace
}  // namespace network
}  // namespace hlb
