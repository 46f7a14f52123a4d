#include "publish/peer_listener.h"

#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

namespace hlb::publish {
namespace {

namespace asio = boost::asio;

// The time for accepting per turn of the loop: under load the others have their turn too.
constexpr std::chrono::milliseconds kTimePerTurn{1};

// Whether the program has hung up already.
bool is_over(const FileDescriptor& socket) {
  char byte = 0;
  return recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

PeerListener::PeerListener(const asio::any_io_executor& executor, const std::filesystem::path& path,
                           mode_t mode, Take take)
    : file_(path, mode), take_(std::move(take)), acceptor_(executor) {
  if (const std::error_code error = listen()) throw std::system_error(error, path.string());
  scope_.spawn(executor, accept());
}

void PeerListener::put_back() {
  if (!file_.is_in_place()) (void)listen();
}

std::error_code PeerListener::listen() {
  Protocol::acceptor fresh(acceptor_.get_executor());
  boost::system::error_code error;
  fresh.open(Protocol(), error);
  if (!error) fresh.non_blocking(true, error);
  if (error) return error;
  if (const std::error_code trouble = file_.listen(fresh.native_handle())) return trouble;
  acceptor_ = std::move(fresh);  // cancels the wait on the socket before
  return {};
}

// Uses plain accept4(2), so that a program that has hung up already costs next to nothing.
bool PeerListener::accept_one() {
  FileDescriptor socket(
      accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) return errno == ECONNABORTED;
  if (!is_over(socket)) take_(std::move(socket));
  return true;
}

asio::awaitable<void> PeerListener::accept() {
  for (;;) {
    co_await acceptor_.async_wait(Protocol::acceptor::wait_read, kAsTuple);
    const auto end_of_turn = std::chrono::steady_clock::now() + kTimePerTurn;
    bool more = true;
    while (more && std::chrono::steady_clock::now() < end_of_turn)
      more = accept_one();
    if (more || errno == EAGAIN) continue;
    // Without a descriptor or memory left it tries again soon, as connections end soon.
    asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(20));
    co_await pause.async_wait(kAsTuple);
  }
}

}  // namespace hlb::publish
