#include "publish/peer_socket.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "libnss_hlb/bus.h"
#include "system/peer_user.h"

namespace hlb::publish {
namespace {

namespace asio = boost::asio;

// Far longer than a lookup, whose deadline is 300 ms.
constexpr std::chrono::seconds kLongestConnection{3};
constexpr std::chrono::milliseconds kSweepInterval{500};
constexpr std::size_t kMostConnections = 1024;
constexpr std::size_t kRootsReserve = 128;
constexpr mode_t kOpenToAll = 0666;
constexpr mode_t kOpenToRoot = 0600;  // and to hlbd's own user

}  // namespace

PeerSocket::PeerSocket(const asio::any_io_executor& executor, const std::filesystem::path& folder,
                       Find find)
    : executor_(executor),
      find_(std::move(find)),
      sweep_timer_(executor),
      places_(kMostConnections, kRootsReserve),
      for_all_(executor, folder / bus::kPeerSocket, kOpenToAll,
               [this](FileDescriptor socket) { take(std::move(socket)); }),
      for_root_(executor, folder / bus::kRootsPeerSocket, kOpenToRoot,
                [this](FileDescriptor socket) { take(std::move(socket)); }) {
  scope_.spawn(executor, sweep());
}

PeerSocket::Served::Served(PeerSocket& all, FileDescriptor socket, uid_t user)
    : connection(all.executor_, std::move(socket), all.find_),
      place(all.places_, {.holder = user, .privileged = user == 0}, [this] { connection.end(); }) {}

void PeerSocket::take(FileDescriptor socket) {
  const uid_t user = peer_user(socket.get());
  try {
    served_.emplace_back(*this, std::move(socket), user);
  } catch (const boost::system::system_error&) {
    return;  // the loop can't watch one more: as if it had lost its place
  }
  scope_.spawn(executor_, serve(std::prev(served_.end())));
}

asio::awaitable<void> PeerSocket::serve(AllServed::iterator served) {
  co_await served->connection.serve();
  served_.erase(served);
}

asio::awaitable<void> PeerSocket::sweep() {
  for (;;) {
    sweep_timer_.expires_after(kSweepInterval);
    co_await sweep_timer_.async_wait(kAsTuple);
    for_all_.put_back();
    for_root_.put_back();
    const auto oldest_allowed = std::chrono::steady_clock::now() - kLongestConnection;
    for (Served& served : served_) {
      if (served.connection.since() > oldest_allowed) break;
      served.connection.end();
    }
  }
}

void PeerSocket::answers_changed() {
  for (Served& served : served_)
    served.connection.answers_changed();
}

}  // namespace hlb::publish
