// The sockets of this network namespace: asks the kernel which there are, and has it end some
// (sock_diag(7); linux/inet_diag.h). Waits for the kernel, for a tenth of a second where there are
// 200,000 sockets: so not for hlbd's loop.
#pragma once

#include <linux/inet_diag.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <system_error>
#include <tl/expected.hpp>
#include <vector>

#include "network/sock_diag.h"
#include "system/file_descriptor.h"

namespace hlb::network {

// The far end of connections.
struct Peer {
  sock_diag::Key address{};
  std::uint16_t port = 0;

  friend auto operator<=>(const Peer&, const Peer&) = default;
};

struct SocketQuery {
  std::uint8_t protocol = 0;  // IPPROTO_TCP or IPPROTO_UDP
  std::uint32_t states = 0;   // a bit for each: 1 << TCP_ESTABLISHED
  bool times = false;         // whether Socket::quiet is wanted, which makes answers larger
  // Only sockets that are connected to one of these, kMostPeers at most; empty: any.
  std::span<const Peer> peers{};
};

inline constexpr std::size_t kMostPeers = 64;

// A socket as the kernel shows it.
struct Socket {
  inet_diag_msg shown;
  Peer peer;
  // How long nothing has come from the peer, neither data nor an acknowledgement; since ever for a
  // connection that isn't made yet. Only if times were wanted, of TCP.
  std::chrono::milliseconds quiet;
  // How long no data has gone either way.
  std::chrono::milliseconds idle;
};

class SocketTable {
 public:
  // The error says why the kernel can't be asked.
  static tl::expected<SocketTable, std::error_code> open();

  // Hands each socket to `take`, of both families. The error says why the kernel broke off.
  std::error_code list(const SocketQuery& query, const std::function<void(const Socket&)>& take);

  // Ends these sockets, in this order: their programs see ECONNABORTED, and peers of TCP a reset.
  // Returns the errors, 0 for a socket that was ended; ENOENT for one that had gone already. Takes
  // CAP_NET_ADMIN in this network namespace, and CONFIG_INET_DIAG_DESTROY of the kernel.
  std::vector<int> end(std::span<const inet_diag_msg> sockets, std::uint8_t protocol);

  // Whether the kernel can end sockets: 0, or EOPNOTSUPP. Ends none.
  int try_to_end();

 private:
  explicit SocketTable(FileDescriptor socket);

  std::error_code list(const SocketQuery& query, std::uint8_t family,
                       const std::function<void(const Socket&)>& take);
  std::error_code ask(const void* requests, std::size_t size) const;
  int answer_to(std::uint32_t sequence);

  FileDescriptor socket_;
  std::uint32_t sequence_ = 0;
  std::vector<char> received_;
};

}  // namespace hlb::network
