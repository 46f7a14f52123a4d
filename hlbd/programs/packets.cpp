#include "programs/packets.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace hlb::programs {
namespace {

bool may_come_later(int error) {
  return error == EAGAIN || error == EINTR || error == ENOBUFS;
}

}  // namespace

tl::expected<Message, NoMessage> receive(int socket) {
  std::array<std::uint8_t, kMaxMessage> space;  // NOLINT(*-member-init): as many are set as arrive
  const ssize_t size = recv(socket, space.data(), space.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && may_come_later(errno)) return tl::unexpected(NoMessage::yet);
  if (size <= 0 || static_cast<std::size_t>(size) > space.size())
    return tl::unexpected(NoMessage::ever);
  auto message = decode(std::span(space).first(static_cast<std::size_t>(size)));
  if (!message) return tl::unexpected(NoMessage::ever);
  return std::move(*message);
}

Sent send(int socket, const Bytes& message) {
  const ssize_t size = ::send(socket, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size >= 0) return Sent::whole;
  return may_come_later(errno) ? Sent::later : Sent::never;
}

}  // namespace hlb::programs
