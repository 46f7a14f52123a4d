// The icmp check over real sockets of both kinds, in a network of its own where nobody but the test
// answers, if it is told so.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "probes/icmp/echo.h"
#include "probes/icmp/pinger.h"
#include "tests/unit/loopback.h"
#include "tests/unit/outcomes.h"
#include "tests/unit/own_network.h"

namespace hlb::probes {
namespace {

using Result = Outcome::Result;
using Evidence = Outcome::Evidence;

Target icmp_target(const std::string& address, std::chrono::milliseconds timeout = kPlenty) {
  return target_of({asio::ip::make_address(address), 0}, IcmpCheck{}, timeout);
}

Outcome ping(const std::string& address, std::chrono::milliseconds timeout = kPlenty) {
  return run_until_known([&] {
    asio::io_context loop(1);
    return run(loop, icmp_target(address, timeout));
  });
}

void nobody_answers() {
  set_network_option("ipv4/icmp_echo_ignore_all", "1");
  set_network_option("ipv6/icmp/echo_ignore_all", "1");
}

// Another host on the way: sees the requests, and may say what it likes.
class Wire {
 public:
  Wire() : fd_(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)) {}
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // The next request, from its IP header on.
  std::vector<std::uint8_t> next_request() {
    std::vector<std::uint8_t> packet(200);
    do {
      packet.resize(200);
      const ssize_t size = ::recv(fd_, packet.data(), packet.size(), 0);
      packet.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    } while (packet.size() >= 21 && packet[20] != ICMP_ECHO);
    return packet;
  }

  // An ICMP message, whose checksum is put right.
  void say(const std::string& from, std::vector<std::uint8_t> message) {
    const int fd = ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    sockaddr_in source{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
    source.sin_addr.s_addr = htonl(asio::ip::make_address_v4(from).to_uint());
    ::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source);
    sockaddr_in hlbd = source;
    hlbd.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    put_checksum(message);
    const auto* to = reinterpret_cast<const sockaddr*>(&hlbd);
    EXPECT_GT(::sendto(fd, message.data(), message.size(), 0, to, sizeof hlbd), 0);
    ::close(fd);
  }

 private:
  static void put_checksum(std::vector<std::uint8_t>& message) {
    message[2] = message[3] = 0;
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at + 1 < message.size(); at += 2)
      sum += static_cast<std::uint32_t>(message[at] << 8 | message[at + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum);
  }

  int fd_;
};

std::vector<std::uint8_t> reply_to(const std::vector<std::uint8_t>& request) {
  std::vector<std::uint8_t> reply(request.begin() + 20, request.end());
  reply[0] = ICMP_ECHOREPLY;
  return reply;
}

std::vector<std::uint8_t> error_about(const std::vector<std::uint8_t>& request, std::uint8_t code) {
  std::vector<std::uint8_t> error(8 + request.size());
  error[0] = ICMP_DEST_UNREACH;
  error[1] = code;
  std::ranges::copy(request, error.begin() + 8);
  return error;
}

// What is said on the wire once a request was seen there.
using Say = std::function<void(Wire&, const std::vector<std::uint8_t>& request)>;

// An attempt at 127.0.0.1.
Outcome ping_once_while(const Say& say, std::chrono::milliseconds timeout) {
  asio::io_context loop(1);
  Prober prober(loop.get_executor());
  const Target target = icmp_target("127.0.0.1", timeout);
  const auto probe = prober.make(target);
  Wire wire;
  const Attempt attempt(loop, *probe);
  loop.poll();
  say(wire, wire.next_request());
  while (!attempt.outcome())
    loop.run_one();
  return *attempt.outcome();
}

Outcome ping_while(const Say& say, std::chrono::milliseconds timeout = kPlenty) {
  return run_until_known([&] { return ping_once_while(say, timeout); });
}

// The test runs as root, whose group may have ping sockets or not.
class IcmpProbe : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "takes a network of its own";
  }

  static void in_network(const std::function<void()>& test) {
    in_own_network([&] {
      set_network_option("ipv4/ping_group_range", GetParam() ? "0 0" : "1 0");
      test();
    });
  }
};

INSTANTIATE_TEST_SUITE_P(OverBothKindsOfSocket, IcmpProbe, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "ping" : "raw"; });

TEST_P(IcmpProbe, PassesOnAReply) {
  in_network([] {
    for (const char* address : {"127.0.0.1", "127.1.2.3", "::1"})
      expect(ping(address), Result::passed, Evidence::hard, "echo reply");
  });
}

TEST_P(IcmpProbe, FailsSoftOnSilence) {
  in_network([] {
    nobody_answers();
    for (const char* address : {"127.0.0.1", "::1"})
      expect(ping(address, kShort), Result::failed, Evidence::soft, "no reply in 500ms");
  });
}

TEST_P(IcmpProbe, TellsThatThereIsNoRoute) {
  in_network([] {
    for (const char* address : {"192.0.2.1", "2001:db8::1"}) {
      const Outcome outcome = ping(address);
      EXPECT_EQ(outcome.result, Result::unknown);
      EXPECT_TRUE(outcome.no_route);
      EXPECT_EQ(outcome.reason, "no route from this host: Network is unreachable");
    }
  });
}

TEST_P(IcmpProbe, FailsHardOnAnIcmpErrorAndSaysWhoSentIt) {
  in_network([] {
    nobody_answers();
    const Outcome outcome = ping_while([](Wire& wire, const auto& request) {
      wire.say("127.0.0.9", error_about(request, ICMP_PKT_FILTERED));
    });
    expect(outcome, Result::failed, Evidence::hard, "administratively prohibited, says 127.0.0.9");
  });
}

TEST_P(IcmpProbe, TakesTheReplyOfWhoWasAskedAlone) {
  in_network([] {
    nobody_answers();
    const Outcome forged = ping_while(
        [](Wire& wire, const auto& request) {
          wire.say("127.0.0.9", reply_to(request));
          for (const std::size_t byte : {7U, 8U, 15U}) {  // the sequence, and the token's ends
            auto reply = reply_to(request);
            reply[byte] ^= 1;
            wire.say("127.0.0.1", reply);
          }
        },
        kShort);
    expect(forged, Result::failed, Evidence::soft, "no reply in 500ms");
    const Outcome genuine = ping_while(
        [](Wire& wire, const auto& request) { wire.say("127.0.0.1", reply_to(request)); });
    expect(genuine, Result::passed, Evidence::hard, "echo reply");
  });
}

TEST_P(IcmpProbe, BelievesNoErrorThatDoesNotKnowTheToken) {
  in_network([] {
    nobody_answers();
    const Outcome outcome = ping_while(
        [](Wire& wire, const auto& request) {
          auto other = request;
          other[28] ^= 1;
          wire.say("127.0.0.9", error_about(other, ICMP_HOST_UNREACH));
          const std::vector<std::uint8_t> first_bytes(request.begin(), request.begin() + 28);
          wire.say("127.0.0.9", error_about(first_bytes, ICMP_HOST_UNREACH));
        },
        kShort);
    expect(outcome, Result::failed, Evidence::soft, "no reply in 500ms");
  });
}

TEST_P(IcmpProbe, DoesNotTakeAnothersErrorForItsOwn) {
  in_network([] {
    nobody_answers();
    asio::io_context loop(1);
    Prober prober(loop.get_executor());
    const Target refused = icmp_target("127.0.0.1");
    const Target good = icmp_target("127.0.0.2");
    const auto refused_probe = prober.make(refused);
    const auto good_probe = prober.make(good);
    Wire wire;
    const Attempt first(loop, *refused_probe);
    loop.poll();
    wire.say("127.0.0.9", error_about(wire.next_request(), ICMP_HOST_UNREACH));
    set_network_option("ipv4/icmp_echo_ignore_all", "0");
    expect(run(loop, *good_probe), Result::passed, Evidence::hard, "echo reply");
    while (!first.outcome())
      loop.run_one();
    expect(*first.outcome(), Result::failed, Evidence::hard, "host unreachable, says 127.0.0.9");
  });
}

TEST_P(IcmpProbe, HasOneSocketForThousandsAtOnce) {
  in_network([] {
    asio::io_context loop(1);
    Prober prober(loop.get_executor());
    const Target target = icmp_target("127.0.0.1");
    std::vector<std::unique_ptr<Probe>> probes;
    std::vector<std::unique_ptr<Attempt>> attempts;
    run(loop, target);
    const std::size_t before = open_descriptors();
    for (int count = 0; count < 5000; ++count) {
      probes.push_back(prober.make(target));
      attempts.push_back(std::make_unique<Attempt>(loop, *probes.back()));
    }
    loop.restart();
    for (const auto& attempt : attempts) {
      while (!attempt->outcome())
        loop.run_one();
      ASSERT_EQ(attempt->outcome()->reason, "echo reply");
    }
    EXPECT_EQ(open_descriptors(), before + 1);
  });
}

TEST_P(IcmpProbe, DoesNotKnowWhenRepliesWereLostForWantOfRoom) {
  in_network([] {
    nobody_answers();
    const Outcome outcome = ping_once_while(
        [](Wire& wire, const auto& request) {
          auto other = reply_to(request);
          other[8] ^= 1;
          for (int count = 0; count < 6000; ++count)
            wire.say("127.0.0.1", other);
        },
        2s);
    expect(outcome, Result::unknown, Evidence::soft, "hlbd had no room for all replies");
  });
}

TEST_P(IcmpProbe, DoesNotKnowWithoutADescriptor) {
  in_network([] {
    asio::io_context loop(1);
    Prober prober(loop.get_executor());
    const Target target = icmp_target("127.0.0.1");
    const auto probe = prober.make(target);
    const asio::steady_timer reactor(loop);  // whose descriptors come with its first use
    const NoDescriptors none;
    expect(run(loop, *probe), Result::unknown, Evidence::soft, "no probe: Too many open files");
  });
}

TEST_P(IcmpProbe, DoesNotKnowWhenItsOwnLoopWasLate) {
  in_network([] {
    nobody_answers();
    asio::io_context loop(1);
    asio::steady_timer stall(loop, 10ms);
    stall.async_wait([](error_code) { std::this_thread::sleep_for(600ms); });
    const Outcome outcome = run(loop, icmp_target("127.0.0.1", 100ms));
    EXPECT_EQ(outcome.result, Result::unknown);
    EXPECT_TRUE(outcome.reason.starts_with("hlbd itself was late by ")) << outcome.reason;
  });
}

TEST_P(IcmpProbe, CancellingEndsItAtOnceAndLeavesNothingBehind) {
  in_network([] {
    nobody_answers();
    asio::io_context loop(1);
    const Target target = icmp_target("127.0.0.1", 1h);
    const asio::steady_timer reactor(loop);  // whose descriptors come with its first use
    const std::size_t before = open_descriptors();
    std::optional<Prober> prober(loop.get_executor());
    const auto probe = prober->make(target);
    Attempt attempt(loop, *probe);
    loop.poll();
    EXPECT_FALSE(attempt.outcome());
    EXPECT_EQ(open_descriptors(), before + 1);
    attempt.cancel();
    prober.reset();
    loop.poll();
    ASSERT_TRUE(attempt.outcome());
    EXPECT_EQ(open_descriptors(), before);
    expect(*attempt.outcome(), Result::unknown, Evidence::soft, "cancelled");
  });
}

TEST_P(IcmpProbe, DestroyingTheLoopReleasesAProbeInFlight) {
  in_network([] {
    nobody_answers();
    const std::size_t before = open_descriptors();
    const Target target = icmp_target("127.0.0.1", 1h);
    std::unique_ptr<Probe> probe;
    {
      asio::io_context loop(1);
      Prober prober(loop.get_executor());
      probe = prober.make(target);
      asio::co_spawn(loop, probe->attempt(), asio::detached);
      loop.poll();
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST(IcmpProbeOfNobody, DoesNotKnowWhereItMayHaveNoSocket) {
  if (geteuid() != 0) GTEST_SKIP() << "takes a network of its own";
  in_own_network([] {
    set_network_option("ipv4/ping_group_range", "1 0");
    // Of this thread alone: past glibc, which would change all of them.
    ASSERT_EQ(::syscall(SYS_setresuid, -1, 65534, -1), 0);  // NOLINT(*-vararg)
    asio::io_context loop(1);
    expect(run(loop, icmp_target("127.0.0.1")), Result::unknown, Evidence::soft,
           "no probe: Operation not permitted");
  });
}

}  // namespace
}  // namespace hlb::probes
