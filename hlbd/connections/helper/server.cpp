// One thread, which waits for nothing but its own poll(2).
#include "connections/helper/server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "connections/helper/confine.h"
#include "connections/message.h"
#include "helpers/packets.h"
#include "helpers/service_manager.h"

namespace hlb::connections {

ConnectionsServer::ConnectionsServer(FileDescriptor socket) {
  if (helpers::is_listening(socket.get())) {
    (void)fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    listener_ = std::move(socket);
  } else {
    add(std::move(socket));
  }
  confine();
}

void ConnectionsServer::add(FileDescriptor socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  if (known) clients_.push_back({std::move(socket), peer.uid});
}

void ConnectionsServer::run() {
  while (listener_.valid() || !clients_.empty()) {
    std::vector<pollfd> polled;
    polled.reserve(clients_.size() + 1);
    for (const Client& client : clients_)
      polled.push_back({client.socket.get(), POLLIN, 0});
    const bool welcomes = listener_.valid() && clients_.size() < kMaxClients;
    if (welcomes) polled.push_back({listener_.get(), POLLIN, 0});
    const int limit = clients_.empty() ? static_cast<int>(kIdle.count()) : -1;
    const int ready = poll(polled.data(), polled.size(), limit);
    if (ready < 0 && errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "poll");
    if (ready == 0) return;
    std::size_t index = 0;
    std::erase_if(clients_, [&](const Client& client) {
      return polled[index++].revents != 0 && !serve(client);
    });
    if (!welcomes || polled.back().revents == 0) continue;
    FileDescriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.valid()) add(std::move(client));
  }
}

// Answers one request. False if hlbd is gone, or talks as hlbd doesn't.
bool ConnectionsServer::serve(const Client& client) {
  helpers::PacketSpace space;  // NOLINT(*-member-init): as many are set as arrive
  const auto packet = helpers::receive(client.socket.get(), space);
  if (!packet) return packet.error() == helpers::NoPacket::yet;
  const auto request = decode_request(*packet);
  if (!request) return false;
  const EndReply reply = ending_.end(*request, client.user);
  return helpers::send(client.socket.get(), encode(reply)) == helpers::Sent::whole;
}

}  // namespace hlb::connections
