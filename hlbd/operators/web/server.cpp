#include "operators/web/server.h"

#include <sys/stat.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "operators/web/connection.h"
#include "operators/web/shared_texts.h"
#include "system/peer_user.h"
#include "system/places.h"
#include "system/scope.h"
#include "system/socket_address.h"
#include "system/socket_file.h"

namespace hlb::web {
namespace {

namespace asio = boost::asio;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

// Returns whether something other than a socket is at `path`.
bool is_taken(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode);
}

// The user at a unix socket, else the host that connected.
Places::Holder holder_of(WebConnection::Socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  const auto host = error ? std::nullopt : address_in(peer.data());
  return host ? std::hash<std::string>()(host->to_string()) : peer_user(socket.native_handle());
}

}  // namespace

// A listening socket and its connections.
class WebServer::Server {
 public:
  Server(const asio::any_io_executor& executor, Site site, Limits limits)
      : site_(std::move(site)),
        texts_(executor),
        limits_(limits),
        acceptor_(executor),
        places_(limits.connections) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::error_code serve_at(const Protocol::endpoint& at) {
    boost::system::error_code error;
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(Acceptor::max_listen_connections, error);
    if (!error) scope_.spawn(acceptor_.get_executor(), accept());
    return error;
  }

  std::error_code serve_at(const std::string& path) {
    constexpr mode_t kOpenToAll = 0666;
    file_.emplace(path, kOpenToAll);
    if (const auto error = listen_at_file()) return error;
    scope_.spawn(acceptor_.get_executor(), accept());
    scope_.spawn(acceptor_.get_executor(), keep_in_place());
    return {};
  }

 private:
  // A connection, and the place that it has.
  struct Served {
    Served(Server& all, WebConnection::Socket socket)
        : holder(holder_of(socket)),
          connection(std::move(socket), all.site_, all.texts_, all.limits_),
          place(all.places_, {.holder = holder}, [this] { connection.end(); }) {}

    Places::Holder holder;
    WebConnection connection;
    Places::Place place;
  };

  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::list<Served>::iterator served);
  asio::awaitable<void> keep_in_place();

  std::error_code listen_at_file() {
    if (is_taken(file_->path())) return std::make_error_code(std::errc::file_exists);
    Acceptor fresh(acceptor_.get_executor());
    boost::system::error_code error;
    fresh.open(asio::local::stream_protocol(), error);
    if (error) return error;
    if (const auto trouble = file_->listen(fresh.native_handle())) return trouble;
    acceptor_ = std::move(fresh);  // cancels the wait for the acceptor before
    return {};
  }

  Site site_;
  SharedTexts texts_;
  Limits limits_;
  Acceptor acceptor_;
  std::optional<SocketFile> file_;  // of a unix socket
  Places places_;
  std::list<Served> served_;
  Scope scope_;
};

asio::awaitable<void> WebServer::Server::accept() {
  for (;;) {
    auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
    if (!error) {
      served_.emplace_back(*this, std::move(socket));
      scope_.spawn(acceptor_.get_executor(), serve(std::prev(served_.end())));
    } else if (error != asio::error::connection_aborted &&
               error != asio::error::operation_aborted) {
      // A lack of descriptors or memory may pass.
      asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(100));
      co_await pause.async_wait(kAsTuple);
    }
  }
}

asio::awaitable<void> WebServer::Server::serve(std::list<Served>::iterator served) {
  co_await served->connection.serve();
  served_.erase(served);
}

// Listens anew whenever somebody has removed or replaced the socket's file.
asio::awaitable<void> WebServer::Server::keep_in_place() {
  asio::steady_timer look(acceptor_.get_executor());
  for (;;) {
    look.expires_after(std::chrono::milliseconds(500));
    co_await look.async_wait(kAsTuple);
    if (!file_->is_in_place()) (void)listen_at_file();
  }
}

WebServer::WebServer(asio::any_io_executor executor, Site site, Limits limits)
    : executor_(std::move(executor)), site_(std::move(site)), limits_(limits) {}

WebServer::WebServer(asio::any_io_executor executor, Site site)
    : WebServer(std::move(executor), std::move(site), Limits{}) {}

WebServer::~WebServer() = default;

std::error_code WebServer::serve_at(const Endpoint& endpoint) {
  return start(SocketAddress(endpoint).as<asio::ip::tcp::endpoint>());
}

std::error_code WebServer::serve_at(const std::string& socket) {
  return start(socket);
}

template <typename Place>
std::error_code WebServer::start(const Place& place) {
  close();
  auto server = std::make_unique<Server>(executor_, site_, limits_);
  if (const auto error = server->serve_at(place)) return error;
  server_ = std::move(server);
  return {};
}

void WebServer::close() {
  server_.reset();
}

}  // namespace hlb::web
