#include "publish/peer_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "publish/peer_connection.h"
#include "system/peer_user.h"

namespace hlb::publish {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// A lookup is done in less than its deadline, 300 ms.
constexpr std::chrono::seconds kLongestConnection{3};
constexpr std::chrono::milliseconds kSweepInterval{500};
constexpr std::size_t kMostConnections = 1024;
constexpr std::size_t kRootsReserve = 128;
// Accepting has so much time per turn: under load the others have their turn too.
constexpr std::chrono::milliseconds kTimePerTurn{1};

// Whether whoever connected has hung up already, or gone without a word.
bool is_over(const FileDescriptor& socket) {
  char byte = 0;
  return recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

PeerSocket::PeerSocket(const asio::any_io_executor& executor, std::filesystem::path path, Find find)
    : path_(std::move(path)),
      find_(std::move(find)),
      acceptor_(executor),
      sweep_timer_(executor),
      places_(kMostConnections, kRootsReserve) {
  if (const std::error_code error = listen()) throw std::system_error(error, path_.string());
  asio::co_spawn(executor, accept(), asio::detached);
  asio::co_spawn(executor, sweep(), asio::detached);
}

PeerSocket::~PeerSocket() {
  if (is_in_place()) unlink(path_.c_str());
}

// Bound under another name and renamed into place, so that whoever sees the socket is served.
std::error_code PeerSocket::listen() {
  std::filesystem::path draft = path_;
  draft += ".new";
  unlink(draft.c_str());
  Protocol::acceptor fresh(acceptor_.get_executor());
  boost::system::error_code error;
  fresh.open(Protocol(), error);
  if (!error) fresh.bind(Protocol::endpoint(draft.string()), error);
  if (!error) fresh.listen(SOMAXCONN, error);
  if (!error) fresh.non_blocking(true, error);
  if (error) return error;
  constexpr mode_t kOpenToAll = 0666;
  const auto bound = identity_of(draft);
  if (chmod(draft.c_str(), kOpenToAll) != 0 || rename(draft.c_str(), path_.c_str()) != 0) {
    return {errno, std::generic_category()};
  }
  bound_ = bound;
  acceptor_ = std::move(fresh);  // cancels what waits for the one before
  return {};
}

bool PeerSocket::is_in_place() const {
  return bound_ && identity_of(path_) == bound_;
}

// Plain accept4(2), so that who has gone again costs next to nothing.
bool PeerSocket::accept_one() {
  FileDescriptor socket(
      accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) return errno == ECONNABORTED;
  if (is_over(socket)) return true;
  const uid_t user = peer_user(socket.get());
  asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket), user), asio::detached);
  return true;
}

asio::awaitable<void> PeerSocket::accept() {
  for (;;) {
    const auto [error] = co_await acceptor_.async_wait(Protocol::acceptor::wait_read, kAsTuple);
    if (error == asio::error::operation_aborted && !acceptor_.is_open()) co_return;
    const auto end_of_turn = std::chrono::steady_clock::now() + kTimePerTurn;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < end_of_turn)
      more = accept_one();
    if (more || errno == EAGAIN) continue;
    // No descriptor or memory left: connections end soon, so try again soon.
    asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(20));
    co_await pause.async_wait(kAsTuple);
  }
}

asio::awaitable<void> PeerSocket::serve(FileDescriptor socket, uid_t user) {
  std::unique_ptr<PeerConnection> connection;
  try {
    connection =
        std::make_unique<PeerConnection>(acceptor_.get_executor(), std::move(socket), find_);
  } catch (const boost::system::system_error&) {
    co_return;  // the loop can't watch one more: as if it had lost its place
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
    if (!is_in_place()) (void)listen();  // should that fail, the next turn tries again
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
