// Reads and subscribes to what the kernel tells over netlink(7).
#pragma once

#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <system_error>
#include <tl/expected.hpp>

#include "system/file_descriptor.h"

namespace hlb::network {

// Opens a non-blocking socket that receives what is sent to these groups of `protocol`. A filter
// has the kernel drop what it doesn't pass before it would fill the socket's buffer or wake hlbd.
tl::expected<FileDescriptor, std::error_code> subscribe(int protocol, unsigned groups,
                                                        std::span<sock_filter> filter = {});

// Hands every message of a dump of NETLINK_ROUTE's (RTM_GETLINK, say) to `take`. Ends early where
// the kernel breaks off.
void dump(std::uint16_t request, const std::function<void(const nlmsghdr&)>& take);

// The payload after the header of a message, which must be whole; nullptr if that is shorter.
template <typename Payload>
const Payload* payload_of(const nlmsghdr& message) {
  if (::mnl_nlmsg_get_payload_len(&message) < sizeof(Payload)) return nullptr;
  return static_cast<const Payload*>(::mnl_nlmsg_get_payload(&message));
}

// The value of the first attribute of this type, after a payload of `head` bytes; empty if there is
// none. `message` must be whole.
std::span<const std::uint8_t> attribute(const nlmsghdr& message, std::size_t head,
                                        std::uint16_t type);

}  // namespace hlb::network
