// The HTTP endpoint, at a port or at a unix socket: GET and HEAD of what a site has. Nothing can be
// changed by it.
//
// Anybody who reaches it may read it. Each connection has bounded time and memory, and there is a
// bounded number of them, whose places are shared fairly among users or hosts (see Places).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>

#include "operators/web/site.h"
#include "text/endpoint.h"

namespace hlb::web {

// Used by hlbd's loop alone.
class WebServer {
 public:
  struct Limits {
    std::chrono::milliseconds request{10'000};   // from its first byte, or from the connection on
    std::chrono::milliseconds response{10'000};  // until the client has taken it
    std::chrono::milliseconds idle{120'000};     // between two requests
    std::size_t connections = 32;
  };

  WebServer(boost::asio::any_io_executor executor, Site site, Limits limits);
  WebServer(boost::asio::any_io_executor executor, Site site);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Stops serving where it did, and serves there; or returns what stands in the way, and serves
  // nowhere.
  std::error_code serve_at(const Endpoint& endpoint);
  // The socket is open to all users. It replaces a socket at that path, but nothing else; and is
  // put back within a second should somebody remove it.
  std::error_code serve_at(const std::string& socket);

  // Stops listening, and ends the connections.
  void close();

 private:
  class Server;

  template <typename Place>
  std::error_code start(const Place& place);

  boost::asio::any_io_executor executor_;
  Site site_;
  Limits limits_;
  std::unique_ptr<Server> server_;
};

}  // namespace hlb::web
