#include "network/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <memory>

#include "system/last_error.h"

namespace hlb::network {
namespace {

struct CloseSocket {
  void operator()(mnl_socket* socket) const { ::mnl_socket_close(socket); }
};

bool send_request(const mnl_socket* socket, std::uint16_t type) {
  alignas(nlmsghdr) std::array<char, MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(rtgenmsg))> space;
  nlmsghdr* request = ::mnl_nlmsg_put_header(space.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* body = static_cast<rtgenmsg*>(::mnl_nlmsg_put_extra_header(request, sizeof(rtgenmsg)));
  body->rtgen_family = AF_UNSPEC;
  return ::mnl_socket_sendto(socket, request, request->nlmsg_len) > 0;
}

}  // namespace

tl::expected<FileDescriptor, std::error_code> subscribe(int protocol, unsigned groups,
                                                        std::span<sock_filter> filter) {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket.valid()) return tl::unexpected(last_error());
  const sock_fprog program{.len = static_cast<std::uint16_t>(filter.size()),
                           .filter = filter.data()};
  if (!filter.empty() &&
      ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return tl::unexpected(last_error());
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::unexpected(last_error());
  }
  return socket;
}

// Doesn't use mnl_cb_run(), which gives up a dump that a change has overtaken; glibc takes such a
// dump as it is.
void dump(std::uint16_t request, const std::function<void(const nlmsghdr&)>& take) {
  const std::unique_ptr<mnl_socket, CloseSocket> socket(
      ::mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket) return;
  alignas(nlmsghdr) std::array<char, 32768> buffer;  // the most the kernel puts into one datagram
  bool more = send_request(socket.get(), request);
  while (more) {
    int left = static_cast<int>(::mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size()));
    more = left > 0;
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; ::mnl_nlmsg_ok(message, left); message = ::mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) more = false;
      take(*message);
    }
  }
}

std::span<const std::uint8_t> attribute(const nlmsghdr& message, std::size_t head,
                                        std::uint16_t type) {
  struct Search {
    std::uint16_t type;
    std::span<const std::uint8_t> found;
  } search{type, {}};
  const auto look = [](const nlattr* each, void* data) -> int {
    auto& wanted = *static_cast<Search*>(data);
    if (::mnl_attr_get_type(each) != wanted.type) return MNL_CB_OK;
    wanted.found = {static_cast<const std::uint8_t*>(::mnl_attr_get_payload(each)),
                    ::mnl_attr_get_payload_len(each)};
    return MNL_CB_STOP;
  };
  const std::size_t size = ::mnl_nlmsg_get_payload_len(&message);
  const std::size_t first = MNL_ALIGN(head);
  if (size < first) return {};
  // Not mnl_attr_parse(), which goes on to the next multiple of four bytes.
  const auto* payload = static_cast<const std::uint8_t*>(::mnl_nlmsg_get_payload(&message));
  ::mnl_attr_parse_payload(payload + first, size - first, look, &search);
  return search.found;
}

}  // namespace hlb::network
