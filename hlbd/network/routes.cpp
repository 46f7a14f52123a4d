#include "network/routes.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "network/netlink.h"

namespace hlb::network {
namespace asio = boost::asio;

namespace {

template <typename Payload>
Payload start_of(std::span<const char> message) {
  Payload payload{};
  if (message.size() < NLMSG_HDRLEN + sizeof payload) return payload;
  std::memcpy(&payload, message.data() + NLMSG_HDRLEN, sizeof payload);
  return payload;
}

// Whether a route may take packets to other hosts. An address brings routes of the other kinds, and
// brings them again when it was found to be nobody else's.
bool leads_elsewhere(const rtmsg& route) {
  if ((route.rtm_flags & RTM_F_CLONED) != 0) return false;
  return route.rtm_type != RTN_LOCAL && route.rtm_type != RTN_BROADCAST &&
         route.rtm_type != RTN_ANYCAST && route.rtm_type != RTN_MULTICAST;
}

}  // namespace

bool WayWatch::changes(std::span<const char> message) {
  static_assert(kStart >= NLMSG_HDRLEN + sizeof(ifinfomsg));
  static_assert(kStart >= NLMSG_HDRLEN + sizeof(rtmsg));
  nlmsghdr header{};
  if (message.size() < sizeof header) return false;
  std::memcpy(&header, message.data(), sizeof header);
  switch (header.nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return leads_elsewhere(start_of<rtmsg>(message));
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const auto link = start_of<ifinfomsg>(message);
      if (link.ifi_family == AF_BRIDGE) return false;
      if (header.nlmsg_type == RTM_DELLINK) return link_goes(link.ifi_index);
      return link_changes(link.ifi_index, (link.ifi_flags & IFF_RUNNING) != 0);
    }
    default:
      return false;
  }
}

// Takes the first news of a link for a change, though it may have been running for long.
bool WayWatch::link_changes(int link, bool runs) {
  const auto [known, is_new] = runs_.try_emplace(link, runs);
  return std::exchange(known->second, runs) != runs || is_new;
}

bool WayWatch::link_goes(int link) {
  const auto known = runs_.extract(link);
  return known.empty() || known.mapped();
}

RouteWatch::RouteWatch(asio::io_context& io, OnChange on_change)
    : socket_(io), burst_(io), on_change_(std::move(on_change)) {}

std::error_code RouteWatch::start() {
  constexpr unsigned kGroups =
      RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE;
  auto socket = subscribe(NETLINK_ROUTE, kGroups);
  if (!socket) return socket.error();
  boost::system::error_code error;
  socket_.assign(socket->get(), error);
  if (error) return error;
  (void)socket->release();
  await_burst();
  return {};
}

void RouteWatch::await_burst() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     scope_.guard([this](const boost::system::error_code& error) {
                       if (!error) await_end_of_burst();
                     }));
}

void RouteWatch::await_end_of_burst() {
  burst_.expires_after(kBurst);
  burst_.async_wait(scope_.guard([this](const boost::system::error_code&) {
    const auto ways = drain();
    if (!ways) return;
    await_burst();
    const OnChange tell = on_change_;  // which may destroy this
    tell(*ways);
  }));
}

// Takes what is queued, up to a limit: what is left makes the next burst. Returns whether ways have
// changed; nullopt when the socket no longer works. ENOBUFS, which tells of lost messages, counts
// as a change.
std::optional<bool> RouteWatch::drain() {
  std::array<char, WayWatch::kStart> start;  // the rest of each message is dropped by the kernel
  bool changed = false;
  for (int i = 0; i < 4096; ++i) {
    const ssize_t size = ::recv(socket_.native_handle(), start.data(), start.size(), MSG_DONTWAIT);
    if (size >= 0) {
      changed |= ways_.changes({start.data(), static_cast<std::size_t>(size)});
    } else if (errno == EAGAIN) {
      break;
    } else if (errno == ENOBUFS) {
      changed = true;
      ways_ = WayWatch();  // what was lost may have been of any link
    } else if (errno != EINTR) {
      return std::nullopt;
    }
  }
  return changed;
}

}  // namespace hlb::network
