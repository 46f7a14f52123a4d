#include "operators/metrics/server.h"

#include <netinet/in.h>
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "operators/metrics/connection.h"
#include "system/peer_user.h"
#include "system/places.h"
#include "system/socket_address.h"
#include "system/socket_file.h"

namespace hlb::metrics {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

// Whether something else than a socket stands at `path`.
bool is_taken(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode);
}

// The user at a unix socket, else the host that connected.
Places::Holder holder_of(ScrapeConnection::Socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error || peer.protocol().family() == AF_UNIX) return peer_user(socket.native_handle());
  std::string address(reinterpret_cast<const char*>(peer.data()), peer.size());
  constexpr std::size_t kPort = offsetof(sockaddr_in, sin_port);  // as in sockaddr_in6
  address.erase(kPort, sizeof(in_port_t));
  return std::hash<std::string>()(address);
}

}  // namespace

// A listening socket and its connections. Held by each of its coroutines.
class MetricsServer::Server {
 public:
  Server(const asio::any_io_executor& executor, Expose expose, Limits limits)
      : text_(std::make_shared<SharedText>(executor, std::move(expose))),
        limits_(limits),
        acceptor_(executor),
        look_(executor),
        places_(limits.connections) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::error_code listen(const Protocol::endpoint& at) {
    boost::system::error_code error;
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
    return error;
  }

  std::error_code listen(const std::string& path) {
    constexpr mode_t kOpenToAll = 0666;
    file_.emplace(path, kOpenToAll);
    return listen_at_file();
  }

  // Listens anew whenever somebody has removed or replaced the socket's file.
  static asio::awaitable<void> keep_in_place(std::shared_ptr<Server> server);
  static asio::awaitable<void> accept(std::shared_ptr<Server> server);

  void close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    look_.cancel();
    file_.reset();
    for (ScrapeConnection* connection : connections_)
      connection->end();
  }

 private:
  static asio::awaitable<void> serve(std::shared_ptr<Server> server,
                                     ScrapeConnection::Socket socket);

  std::error_code listen_at_file() {
    if (is_taken(file_->path())) return std::make_error_code(std::errc::file_exists);
    Acceptor fresh(acceptor_.get_executor());
    boost::system::error_code error;
    fresh.open(asio::local::stream_protocol(), error);
    if (error) return error;
    if (const auto trouble = file_->listen(fresh.native_handle())) return trouble;
    acceptor_ = std::move(fresh);  // cancels what waits for the one before
    return {};
  }

  std::shared_ptr<SharedText> text_;
  Limits limits_;
  Acceptor acceptor_;
  std::optional<SocketFile> file_;  // of a unix socket, until it is closed
  asio::steady_timer look_;
  std::list<ScrapeConnection*> connections_;  // each is owned by its coroutine
  Places places_;
};

asio::awaitable<void> MetricsServer::Server::keep_in_place(std::shared_ptr<Server> server) {
  while (server->file_) {
    server->look_.expires_after(std::chrono::milliseconds(500));
    co_await server->look_.async_wait(kAsTuple);
    if (server->file_ && !server->file_->is_in_place()) (void)server->listen_at_file();
  }
}

asio::awaitable<void> MetricsServer::Server::accept(std::shared_ptr<Server> server) {
  Acceptor& acceptor = server->acceptor_;
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kAsTuple);
    if (!acceptor.is_open()) co_return;
    if (!error) {
      asio::co_spawn(acceptor.get_executor(), serve(server, std::move(socket)), asio::detached);
    } else if (error != asio::error::connection_aborted &&
               error != asio::error::operation_aborted) {
      // No descriptor or memory left: that may pass.
      asio::steady_timer pause(acceptor.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(kAsTuple);
    }
  }
}

asio::awaitable<void> MetricsServer::Server::serve(std::shared_ptr<Server> server,
                                              ScrapeConnection::Socket socket) {
  const Places::Holder holder = holder_of(socket);
  ScrapeConnection connection(std::move(socket), *server->text_, server->limits_);
  const Places::Place held(server->places_, {.holder = holder},
                           [&connection] { connection.end(); });
  const auto place = server->connections_.insert(server->connections_.end(), &connection);
  co_await connection.serve();
  server->connections_.erase(place);
}

MetricsServer::MetricsServer(asio::any_io_executor executor, Expose expose, Limits limits)
    : executor_(std::move(executor)), expose_(std::move(expose)), limits_(limits) {}

MetricsServer::MetricsServer(asio::any_io_executor executor, Expose expose)
    : MetricsServer(std::move(executor), std::move(expose), Limits{}) {}

MetricsServer::~MetricsServer() {
  close();
}

std::error_code MetricsServer::serve_at(const Endpoint& endpoint) {
  return start(SocketAddress(endpoint).as<asio::ip::tcp::endpoint>());
}

std::error_code MetricsServer::serve_at(const std::string& socket) {
  return start(socket);
}

template <typename Place>
std::error_code MetricsServer::start(const Place& place) {
  close();
  auto server = std::make_shared<Server>(executor_, expose_, limits_);
  if (const auto error = server->listen(place)) return error;
  server_ = std::move(server);
  asio::co_spawn(executor_, Server::accept(server_), asio::detached);
  asio::co_spawn(executor_, Server::keep_in_place(server_), asio::detached);
  return {};
}

void MetricsServer::close() {
  if (server_) std::exchange(server_, nullptr)->close();
}

}  // namespace hlb::metrics
