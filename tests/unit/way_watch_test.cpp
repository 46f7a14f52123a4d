// Which of the kernel's messages tell of another way for packets.
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

#include "network/routes.h"

namespace hlb::network {
namespace {

class WayWatchTest : public testing::Test {
 protected:
  template <typename Payload>
  bool changes(std::uint16_t type, const Payload& payload) {
    nlmsghdr header{};
    header.nlmsg_len = NLMSG_LENGTH(sizeof payload);
    header.nlmsg_type = type;
    std::string message(NLMSG_HDRLEN + sizeof payload, '\0');
    std::memcpy(message.data(), &header, sizeof header);
    std::memcpy(message.data() + NLMSG_HDRLEN, &payload, sizeof payload);
    return watch_.changes(message);
  }

  bool link(std::uint16_t type, int index, unsigned flags, unsigned char family = AF_UNSPEC) {
    ifinfomsg link{};
    link.ifi_family = family;
    link.ifi_index = index;
    link.ifi_flags = flags;
    return changes(type, link);
  }

  bool route(std::uint16_t type, unsigned flags = 0, unsigned char kind = RTN_UNICAST) {
    rtmsg route{};
    route.rtm_type = kind;
    route.rtm_flags = flags;
    return changes(type, route);
  }

  static constexpr unsigned kRuns = IFF_UP | IFF_RUNNING;
  static constexpr unsigned kNoCarrier = IFF_UP;

  WayWatch watch_;
};

TEST_F(WayWatchTest, ARouteThatComesOrGoes) {
  EXPECT_TRUE(route(RTM_NEWROUTE));
  EXPECT_TRUE(route(RTM_DELROUTE));
  EXPECT_TRUE(route(RTM_NEWROUTE, 0, RTN_UNREACHABLE));
  EXPECT_FALSE(route(RTM_NEWROUTE, RTM_F_CLONED));
}

TEST_F(WayWatchTest, NotARouteToThisHostItself) {
  EXPECT_FALSE(route(RTM_NEWROUTE, 0, RTN_LOCAL));
  EXPECT_FALSE(route(RTM_DELROUTE, 0, RTN_BROADCAST));
  EXPECT_FALSE(route(RTM_NEWROUTE, 0, RTN_ANYCAST));
  EXPECT_FALSE(route(RTM_NEWROUTE, 0, RTN_MULTICAST));
}

TEST_F(WayWatchTest, ALinkThatBeginsOrCeasesToRun) {
  EXPECT_TRUE(link(RTM_NEWLINK, 2, kRuns));
  EXPECT_TRUE(link(RTM_NEWLINK, 2, kNoCarrier));
  EXPECT_TRUE(link(RTM_NEWLINK, 2, kRuns));
  EXPECT_TRUE(link(RTM_DELLINK, 2, kRuns));
}

TEST_F(WayWatchTest, ALinkThatGoesDownBeforeAnythingElseWasHeardOfIt) {
  EXPECT_TRUE(link(RTM_NEWLINK, 2, 0));
  EXPECT_TRUE(link(RTM_DELLINK, 3, 0));
}

TEST_F(WayWatchTest, NotWhatElseIsToldOfALink) {
  link(RTM_NEWLINK, 2, kRuns);
  EXPECT_FALSE(link(RTM_NEWLINK, 2, kRuns | IFF_PROMISC));
  EXPECT_FALSE(link(RTM_NEWLINK, 2, kNoCarrier, AF_BRIDGE));
  EXPECT_FALSE(link(RTM_NEWLINK, 2, kRuns));
}

TEST_F(WayWatchTest, NotAnAddressWhichBringsItsOwnRoutes) {
  EXPECT_FALSE(changes(RTM_NEWADDR, ifaddrmsg{}));
  EXPECT_FALSE(changes(RTM_DELADDR, ifaddrmsg{}));
}

TEST_F(WayWatchTest, NotWhatIsCutShort) {
  EXPECT_FALSE(watch_.changes({}));
  const nlmsghdr header{};
  EXPECT_FALSE(watch_.changes({reinterpret_cast<const char*>(&header), 8}));
}

}  // namespace
}  // namespace hlb::network
