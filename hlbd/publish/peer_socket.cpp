#include "publish/peer_socket.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <utility>

#include "libnss_hlb/bus.h"
#include "publish/peer_connection.h"
#include "system/peer_user.h"

namespace hlb::publish {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

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
  asio::co_spawn(executor, sweep(), asio::detached);
}

void PeerSocket::take(FileDescriptor socket) {
  const uid_t user = peer_user(socket.get());
  asio::co_spawn(executor_, serve(std::move(socket), user), asio::detached);
}

asio::awaitable<void> PeerSocket::serve(FileDescriptor socket, uid_t user) {
  std::unique_ptr<PeerConnection> connection;
  try {
    connection = std::make_unique<PeerConnection>(executor_, std::move(socket), find_);
  } catch (const boost::system::system_error&) {
    co_return;  // the loop can't watch another: as if it had lost its place
  }
  const Places::Place held(places_, {.holder = user, .privileged = user == 0},
                           [&connection] { connection->end(); });
  const auto place = connections_.insert(connections_.end(), connection.get());
  co_await connection->serve();
  connections_.erase(place);
}

asio::awaitable<void> PeerSocket::sweep() {
  for (;;) {
    sweep_timer_.expires_after(kSweepInterval);
    const auto [error] = co_await sweep_timer_.async_wait(kAsTuple);
    if (error) co_return;
    for_all_.put_back();
    for_root_.put_back();
    const auto oldest_allowed = std::chrono::steady_clock::now() - kLongestConnection;
    for (PeerConnection* connection : connections_) {
      if (connection->since() > oldest_allowed) break;
      connection->end();
    }
  }
}

void PeerSocket::answers_changed() {
  for (PeerConnection* connection : connections_)
    connection->answers_changed();
}

}  // namespace hlb::publish
