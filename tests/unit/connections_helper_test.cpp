// hlb-connections itself, spoken to as hlbd speaks to it, with real connections.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <vector>

#include "connections/message.h"
#include "helpers/own_helper.h"
#include "helpers/packets.h"
#include "system/moment.h"
#include "tests/unit/scripts.h"

namespace hlb::connections {
namespace {

using namespace std::chrono_literals;
constexpr int kPlentyOfMilliseconds =
    static_cast<int>(std::chrono::milliseconds(probes::kPlenty).count());

sockaddr_in at(const char* address, std::uint16_t port = 0) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}

const sockaddr* plain(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// A server on loopback whose connections are made, and never read.
class Listener {
 public:
  explicit Listener(const char* address) {
    const sockaddr_in where = at(address);
    EXPECT_EQ(::bind(socket_.get(), plain(where), sizeof where), 0);
    EXPECT_EQ(::listen(socket_.get(), 16), 0);
  }
  sockaddr_in where() const {
    sockaddr_in result{};
    socklen_t size = sizeof result;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&result), &size);
    return result;
  }
  network::Peer peer() const {
    const sockaddr_in address = where();
    return {network::sock_diag::key_from(AF_INET, &address.sin_addr), ntohs(address.sin_port)};
  }
  FileDescriptor accept() const {
    return FileDescriptor(::accept(socket_.get(), nullptr, nullptr));
  }

 private:
  FileDescriptor socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
};

FileDescriptor connected_to(const Listener& listener, int type = SOCK_STREAM) {
  FileDescriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const sockaddr_in where = listener.where();
  EXPECT_EQ(::connect(socket.get(), plain(where), sizeof where), 0);
  return socket;
}

// Over an IPv6 socket, as Java connects.
FileDescriptor mapped_connection(const Listener& listener) {
  FileDescriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 where{};
  where.sin6_family = AF_INET6;
  where.sin6_port = listener.where().sin_port;
  const auto key = listener.peer().address;
  std::copy(key.begin(), key.end(), std::begin(where.sin6_addr.s6_addr));
  EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
  return socket;
}

int error_of(const FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch() / 1ns;
}

class ConnectionsHelperTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "ending sockets takes root";
    auto socket = process_.start();
    ASSERT_TRUE(socket) << socket.error().message();
    socket_ = *std::move(socket);
    if (ask({}).error == EOPNOTSUPP) GTEST_SKIP() << "this kernel can't end sockets";
  }

  EndReply ask(std::vector<Doomed> doomed) {
    helpers::send(socket_.get(), encode(EndRequest{++last_, std::move(doomed)}));
    pollfd readable{socket_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&readable, 1, kPlentyOfMilliseconds), 1);
    helpers::PacketSpace space;
    const auto packet = helpers::receive(socket_.get(), space);
    const auto reply = packet ? decode_reply(*packet) : std::nullopt;
    EXPECT_TRUE(reply) << "no reply";
    EXPECT_EQ(reply.value_or(EndReply()).id, last_);
    return reply.value_or(EndReply());
  }
  std::vector<std::uint32_t> end(std::vector<Doomed> doomed) {
    EndReply reply = ask(std::move(doomed));
    EXPECT_EQ(reply.error, 0);
    return reply.ended;
  }

  helpers::OwnHelper process_{"hlb-connections"};
  FileDescriptor socket_{-1};
  Id last_ = 0;
};

using Counts = std::vector<std::uint32_t>;

TEST_F(ConnectionsHelperTest, EndsThoseToThePeerAndNoOthers) {
  const Listener dead("127.0.0.3");
  const Listener same_address("127.0.0.3");
  const Listener other("127.0.0.4");
  const FileDescriptor first = connected_to(dead);
  const FileDescriptor mapped = mapped_connection(dead);
  const FileDescriptor spared = connected_to(same_address);
  const FileDescriptor elsewhere = connected_to(other);
  EXPECT_EQ(end({{.peer = dead.peer()}}), Counts{2});
  EXPECT_EQ(error_of(first), ECONNABORTED);
  EXPECT_EQ(error_of(mapped), ECONNABORTED);
  EXPECT_EQ(error_of(spared), 0);
  EXPECT_EQ(error_of(elsewhere), 0);
  EXPECT_EQ(end({{.peer = dead.peer()}}), Counts{0});
}

TEST_F(ConnectionsHelperTest, CountsForEachOfThePeers) {
  std::vector<Listener> listeners;
  std::vector<FileDescriptor> sockets;
  std::vector<Doomed> doomed;
  Counts expected;
  for (std::size_t index = 0; index < kMostDoomed; ++index) {
    listeners.emplace_back("127.0.0.5");
    for (std::size_t count = 0; count < index % 3; ++count)
      sockets.push_back(connected_to(listeners.back()));
    doomed.push_back({.peer = listeners.back().peer()});
    expected.push_back(static_cast<std::uint32_t>(index % 3));
  }
  EXPECT_EQ(end(doomed), expected);
}

TEST_F(ConnectionsHelperTest, LeavesTheServersSideOfAConnectionAlone) {
  const Listener listener("127.0.0.3");
  const FileDescriptor client = connected_to(listener);
  const FileDescriptor server = listener.accept();
  EXPECT_EQ(end({{.peer = listener.peer()}}), Counts{1});
  EXPECT_EQ(error_of(server), ECONNRESET);  // as the client's end resets it
}

TEST_F(ConnectionsHelperTest, SparesThoseThatSomethingHasComeOver) {
  const Listener listener("127.0.0.3");
  const FileDescriptor silent = connected_to(listener);
  const FileDescriptor server_of_silent = listener.accept();
  const FileDescriptor sends = connected_to(listener);  // only acknowledgements come back
  const FileDescriptor server_of_sends = listener.accept();
  const FileDescriptor receives = connected_to(listener);
  const FileDescriptor server_of_receives = listener.accept();
  std::this_thread::sleep_for(100ms);  // the kernel counts in steps of up to 10 ms
  const auto since = now_ns();
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(::send(sends.get(), "x", 1, 0), 1);
  EXPECT_EQ(::send(server_of_receives.get(), "x", 1, 0), 1);
  EXPECT_EQ(end({{.peer = listener.peer(), .silent_since = since}}), Counts{1});
  EXPECT_EQ(error_of(silent), ECONNABORTED);
  EXPECT_EQ(error_of(sends), 0);
  EXPECT_EQ(error_of(receives), 0);
}

TEST_F(ConnectionsHelperTest, EndsConnectedDatagramSocketsOnlyWhenAllAreMeant) {
  const Listener listener("127.0.0.3");
  const FileDescriptor socket = connected_to(listener, SOCK_DGRAM);
  EXPECT_EQ(end({{.peer = listener.peer(), .silent_since = now_ns()}}), Counts{0});
  EXPECT_EQ(error_of(socket), 0);
  EXPECT_EQ(end({{.peer = listener.peer()}}), Counts{1});
  EXPECT_EQ(error_of(socket), ECONNABORTED);
}

TEST_F(ConnectionsHelperTest, EndsTheIdleAlone) {
  const Listener listener("127.0.0.3");
  const FileDescriptor idle = connected_to(listener);
  const FileDescriptor server_of_idle = listener.accept();
  std::this_thread::sleep_for(150ms);
  const FileDescriptor busy = connected_to(listener);
  EXPECT_EQ(end({{.peer = listener.peer(), .idle_ms = 100}}), Counts{1});
  EXPECT_EQ(error_of(idle), ECONNABORTED);
  EXPECT_EQ(error_of(busy), 0);
}

TEST_F(ConnectionsHelperTest, EndsTheConversationWhenItHearsNonsense) {
  helpers::send(socket_.get(), {1, 2, 3});
  pollfd readable{socket_.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, kPlentyOfMilliseconds), 1);
  helpers::PacketSpace space;
  const auto packet = helpers::receive(socket_.get(), space);
  EXPECT_FALSE(packet);
  EXPECT_EQ(packet.error(), helpers::NoPacket::ever);
}

}  // namespace
}  // namespace hlb::connections
