#include "network/connections.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "network/own_ports.h"
#include "probes/tcp_socket.h"
#include "tests/unit/loopback.h"
#include "tests/unit/own_network.h"

namespace hlb::network {
namespace {

using namespace probes;  // the servers and sockets of loopback.h

// In a network where 192.0.2.0/24 and 2001:db8::/32 are taken by this host, though they are on none
// of its interfaces: to a ConnectionWatch they are remote.
class ConnectionWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  }

  static void in_network(const std::function<void()>& test) {
    in_own_network([&] {
      ASSERT_EQ(std::system("ip route add local 192.0.2.0/24 dev lo"         // NOLINT(*-env33-c)
                            " && ip route add local 2001:db8::/32 dev lo"),  // in this network
                0);
      test();
    });
  }

  static tcp::endpoint at(const std::string& address, std::uint16_t port) {
    return {asio::ip::make_address(address), port};
  }

  static Endpoint place(const std::string& address, std::uint16_t port) {
    return {Address::parse(address).value(), port};
  }

  // As most programs, and as those that simply wait.
  static void connect(const tcp::endpoint& backend, bool waits) {
    asio::io_context loop;
    tcp::socket client(loop, backend.protocol());
    client.non_blocking(!waits);
    (void)::connect(client.native_handle(), backend.data(), static_cast<socklen_t>(backend.size()));
  }

  // Which places are told of, up to and with a connection to `last` that fails at the end.
  static std::vector<Endpoint> told(std::vector<Endpoint> watched, const Endpoint& last,
                                    const std::function<void(asio::io_context&)>& what) {
    asio::io_context loop(1);
    std::vector<Endpoint> told;
    ConnectionWatch watch(loop.get_executor(), [&](std::span<const Endpoint> places) {
      told.insert(told.end(), places.begin(), places.end());
    });
    watched.push_back(last);
    EXPECT_FALSE(watch.watch(watched));
    what(loop);
    connect(at(last.address.to_string(), last.port), false);
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (std::ranges::find(told, last) == told.end()) {
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "not told";
        break;
      }
      loop.restart();
      loop.run_one_for(kShort);
    }
    std::erase(told, last);
    return told;
  }
};

TEST_F(ConnectionWatchTest, TellsOfARefusalHoweverTheProgramConnects) {
  in_network([] {
    for (const std::string address : {"192.0.2.1", "2001:db8::1"}) {
      for (const bool waits : {false, true}) {
        const auto refused = [&](asio::io_context&) { connect(at(address, 80), waits); };
        const std::vector<Endpoint> expected{place(address, 80)};
        EXPECT_EQ(told({place(address, 80)}, place("192.0.2.9", 9), refused), expected)
            << address << (waits ? " waits" : "");
      }
    }
  });
}

TEST_F(ConnectionWatchTest, TellsOfIpv4ThroughSocketsOfIpv6) {
  in_network([] {
    for (const bool waits : {false, true}) {
      const auto refused = [&](asio::io_context&) { connect(at("::ffff:192.0.2.1", 80), waits); };
      EXPECT_EQ(told({place("192.0.2.1", 80)}, place("192.0.2.9", 9), refused).size(), 1U);
    }
  });
}

TEST_F(ConnectionWatchTest, TellsOfTheCheckAtThePortOrOfAllAtTheAddress) {
  in_network([] {
    const std::vector<Endpoint> watched{place("192.0.2.1", 80), place("192.0.2.1", 81),
                                        place("192.0.2.2", 80)};
    const auto known = [&](asio::io_context&) { connect(at("192.0.2.1", 81), false); };
    EXPECT_EQ(told(watched, place("192.0.2.9", 9), known), std::vector{watched[1]});
    const std::vector<Endpoint> both{watched[0], watched[1]};
    const auto another = [&](asio::io_context&) { connect(at("192.0.2.1", 443), false); };
    EXPECT_EQ(told(watched, place("192.0.2.9", 9), another), both);
    const auto forgotten = [&](asio::io_context&) { connect(at("192.0.2.1", 81), true); };
    EXPECT_EQ(told(watched, place("192.0.2.9", 9), forgotten), both);
  });
}

TEST_F(ConnectionWatchTest, SaysNothingOfAnAddressWithTooManyChecksWithoutThePort) {
  in_network([] {
    std::vector<Endpoint> watched;
    for (std::uint16_t i = 0; i <= ConnectionWatch::kMostPorts; ++i)
      watched.push_back(place("192.0.2.1", 8000 + i));
    const auto forgotten = [](asio::io_context&) { connect(at("192.0.2.1", 8000), true); };
    EXPECT_TRUE(told(watched, place("192.0.2.9", 9), forgotten).empty());
  });
}

TEST_F(ConnectionWatchTest, SaysNothingOfConnectionsThatEndWell) {
  in_network([] {
    asio::io_context others(1);
    tcp::acceptor listener(others, at("192.0.2.1", 80));
    const auto talk = [&](bool reset, bool peer_first) {
      tcp::socket client(others);
      client.connect(at("192.0.2.1", 80));
      tcp::socket server = listener.accept();
      asio::write(client, asio::buffer("hello", 5));
      if (reset) (peer_first ? server : client).set_option(asio::socket_base::linger(true, 0));
      (peer_first ? server : client).close();
    };
    const auto end_well = [&](asio::io_context&) {
      for (int i = 0; i < 400; ++i)
        talk(i % 2 == 0, i % 4 < 2);
    };
    EXPECT_TRUE(told({place("192.0.2.1", 80)}, place("192.0.2.9", 9), end_well).empty());
  });
}

TEST_F(ConnectionWatchTest, TellsOfAConnectionThatGotNoAnswerInTime) {
  in_network([] {
    asio::io_context others(1);
    tcp::acceptor full(others, tcp::v4());
    full.bind(at("192.0.2.1", 80));
    full.listen(0);
    std::vector<tcp::socket> clients;
    const auto fill_and_give_up = [&](asio::io_context&) {
      for (int i = 0; i < 4; ++i) {
        clients.emplace_back(others, tcp::v4()).non_blocking(true);
        const tcp::endpoint backend = at("192.0.2.1", 80);
        (void)::connect(clients.back().native_handle(), backend.data(),
                        static_cast<socklen_t>(backend.size()));
      }
      clients.back().close();
    };
    EXPECT_EQ(told({place("192.0.2.1", 80)}, place("192.0.2.9", 9), fill_and_give_up).size(), 1U);
  });
}

TEST_F(ConnectionWatchTest, SaysNothingOfItsOwnProbes) {
  in_network([] {
    const auto probe = [](asio::io_context& loop) {
      for (const std::string address : {"192.0.2.1", "2001:db8::1"}) {
        TcpSocket own(loop.get_executor());
        error_code error = own.begin(at(address, 80), Way());
        if (is_pending(error)) error = own.proceed(at(address, 80));
        EXPECT_EQ(error, asio::error::connection_refused);
      }
    };
    EXPECT_TRUE(
        told({place("192.0.2.1", 80), place("2001:db8::1", 80)}, place("192.0.2.9", 9), probe)
            .empty());
  });
}

TEST_F(ConnectionWatchTest, KeepsASocketOnlyWhileABackendIsRemote) {
  in_network([] {
    asio::io_context loop(1);
    const asio::steady_timer first_user(loop);
    ConnectionWatch watch(loop.get_executor(), [](std::span<const Endpoint>) {});
    const std::size_t before = open_descriptors();
    EXPECT_FALSE(watch.watch({{place("127.0.0.1", 80), place("::1", 80)}}));
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_FALSE(watch.watch({{place("192.0.2.1", 80)}}));
    EXPECT_EQ(open_descriptors(), before + 1);
    EXPECT_FALSE(watch.watch({}));
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST(FailedConnection, IsNotReadFromWhatIsCutShortOrNoReport) {
  EXPECT_EQ(failed_connection({}), std::nullopt);
  std::string report(sizeof(sock_diag::Report) + 200, '\0');
  EXPECT_EQ(failed_connection(report), std::nullopt);
  auto& start = *reinterpret_cast<sock_diag::Report*>(report.data());
  start.header.nlmsg_len = static_cast<std::uint32_t>(report.size());
  start.header.nlmsg_type = 20;  // SOCK_DIAG_BY_FAMILY
  start.socket.idiag_family = AF_INET;
  start.socket.id.idiag_dport = 80;
  EXPECT_EQ(failed_connection(report), std::nullopt);  // an attribute of no size
  EXPECT_EQ(failed_connection(std::string_view(report).substr(0, 87)), std::nullopt);
  start.socket.id.idiag_dport = 0;
  start.socket.idiag_wqueue = 3;
  EXPECT_NE(failed_connection(report), std::nullopt);
}

TEST(OwnPorts, AreEachTakenOnce) {
  asio::io_context loop;
  auto& ports = asio::use_service<OwnPorts>(loop);
  ports.note(40'000);
  EXPECT_FALSE(ports.take(40'001));
  EXPECT_TRUE(ports.take(40'000));
  EXPECT_FALSE(ports.take(40'000));
}

}  // namespace
}  // namespace hlb::network
