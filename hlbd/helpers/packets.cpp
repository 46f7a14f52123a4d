#include "helpers/packets.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "system/last_error.h"

namespace hlb::helpers {
namespace {

bool may_come_later(int error) {
  return error == EAGAIN || error == EINTR || error == ENOBUFS;
}

}  // namespace

tl::expected<std::span<const std::uint8_t>, NoPacket> receive(int socket, PacketSpace& space) {
  const ssize_t size = recv(socket, space.data(), space.size(), MSG_DONTWAIT | MSG_TRUNC);
  if (size < 0 && may_come_later(errno)) return tl::unexpected(NoPacket::yet);
  if (size <= 0 || static_cast<std::size_t>(size) > space.size())
    return tl::unexpected(NoPacket::ever);
  return std::span<const std::uint8_t>(space).first(static_cast<std::size_t>(size));
}

Sent send(int socket, const Bytes& packet) {
  const ssize_t size = ::send(socket, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (size >= 0) return Sent::whole;
  return may_come_later(errno) ? Sent::later : Sent::never;
}

tl::expected<FileDescriptor, std::error_code> connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    return tl::unexpected(std::make_error_code(std::errc::filename_too_long));
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const where = reinterpret_cast<const sockaddr*>(&address);
  if (!socket.valid() || ::connect(socket.get(), where, sizeof address) != 0)
    return tl::unexpected(last_error());
  return socket;
}

}  // namespace hlb::helpers
