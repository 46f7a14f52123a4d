#include "libnss_hlb/peer.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "libnss_hlb/bus.h"
#include "libnss_hlb/clock.h"
#include "libnss_hlb/held.h"

namespace hlb {
namespace {

// Waits for `events`, or without them just waits; false when the deadline has come. glibc's own
// signals, as another thread's setuid(2) sends, interrupt it all the same.
bool wait_until(std::uint64_t deadline_ns, int socket, short events) {
  for (;;) {
    const std::uint64_t now = read_clock(CLOCK_MONOTONIC);
    if (now >= deadline_ns) return false;
    const std::uint64_t left = deadline_ns - now;
    const timespec timeout{static_cast<time_t>(left / kNsPerSecond),
                           static_cast<long>(left % kNsPerSecond)};
    pollfd entry{socket, events, 0};
    const int ready = ppoll(&entry, 1, &timeout, nullptr);
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

void wait_a_little(std::uint64_t deadline_ns) {
  const std::uint64_t soon = read_clock(CLOCK_MONOTONIC) + kNsPerMs;
  wait_until(soon < deadline_ns ? soon : deadline_ns, -1, 0);
}

template <std::size_t size>
bool connect_to(int socket, const char (&path)[size], std::uint64_t deadline_ns) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, size);
  while (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // On AF_UNIX that means: the backlog is full. It is no EINPROGRESS, and poll(2) won't tell.
    if (errno != EAGAIN || read_clock(CLOCK_MONOTONIC) >= deadline_ns) return false;
    wait_a_little(deadline_ns);
  }
  return true;
}

// The backlog is the kernel's, and one for all users: root has a socket that nobody else can fill.
// It may be out of reach: to a container's root, or beside an older hlbd.
bool connect_to_hlbd(int socket, std::uint64_t deadline_ns) {
  return (geteuid() == 0 && connect_to(socket, bus::kRootsPeerSocketPath, deadline_ns)) ||
         connect_to(socket, bus::kPeerSocketPath, deadline_ns);
}

// A fresh socket's buffer holds the whole request; a server that prevents that isn't hlbd.
bool send_request(int socket, const Name& name) {
  const wire::Request request(name);
  const auto bytes = request.bytes();
  const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size());
}

}  // namespace

PeerReply::PeerReply(const Name& name, std::uint64_t deadline_ns) {
  const CancellationHeld cancellation_held;
  const SignalsHeld signals_held;
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return;
  converse(socket, name, deadline_ns);
  close(socket);
}

PeerReply::~PeerReply() {
  if (buffer_ != first_) std::free(buffer_);
}

void PeerReply::converse(int socket, const Name& name, std::uint64_t deadline_ns) {
  if (!connect_to_hlbd(socket, deadline_ns) || !send_request(socket, name)) return;
  wire::Reply reply{wire::Reply::Kind::incomplete, 1, {}};
  while (reply.kind == wire::Reply::Kind::incomplete) {
    if (!receive(socket, deadline_ns, reply.needed)) return;
    reply = wire::parse_reply({buffer_, size_});
  }
  take(reply);
}

bool PeerReply::receive(int socket, std::uint64_t deadline_ns, std::size_t needed) {
  if (!reserve(needed)) return false;
  // The clock first: whoever always has some bytes more would else be read for ever.
  while (read_clock(CLOCK_MONOTONIC) < deadline_ns) {
    const ssize_t count = recv(socket, buffer_ + size_, capacity_ - size_, 0);
    if (count > 0) {
      size_ += static_cast<std::size_t>(count);
      return true;
    }
    if (count == 0 || errno != EAGAIN) return false;
    if (!wait_until(deadline_ns, socket, POLLIN)) return false;
  }
  return false;
}

bool PeerReply::reserve(std::size_t needed) {
  if (needed <= size_) needed = size_ + 1;
  if (needed <= capacity_) return true;
  if (needed > wire::kMaxReply + sizeof first_) return false;
  auto* larger = static_cast<std::uint8_t*>(std::malloc(needed));
  if (larger == nullptr) return false;
  std::memcpy(larger, buffer_, size_);
  if (buffer_ != first_) std::free(buffer_);
  buffer_ = larger;
  capacity_ = needed;
  return true;
}

void PeerReply::take(const wire::Reply& reply) {
  if (reply.kind == wire::Reply::Kind::no_such_service) kind_ = Kind::no_such_service;
  if (reply.kind != wire::Reply::Kind::record) return;
  kind_ = Kind::record;
  // Moves it to where a record may begin; nothing else of the reply is needed.
  std::memmove(buffer_, reply.record.data(), reply.record.size());
  record_ = {buffer_, reply.record.size()};
}

}  // namespace hlb
