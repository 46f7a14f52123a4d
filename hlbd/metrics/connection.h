// One client's connection to the endpoint: HTTP requests in, responses out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>

#include "metrics/endpoint.h"

namespace hlb::metrics {

// Used by hlbd's loop alone.
class Connection {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  // `expose` and `limits` must outlive it.
  Connection(Socket socket, const Endpoint::Expose& expose, const Endpoint::Limits& limits);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Answers requests until the client hangs up, breaks the protocol or takes too long, or end().
  boost::asio::awaitable<void> serve();

  void end();

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  static constexpr std::size_t kLongestRequest = 8192;

  boost::asio::awaitable<bool> await_request();
  boost::asio::awaitable<bool> answer_request();
  boost::asio::awaitable<Response> respond(const Request& request);
  boost::asio::awaitable<std::string> metrics();
  boost::asio::awaitable<bool> send(Response response, bool head_alone = false);

  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  const Endpoint::Expose& expose_;
  const Endpoint::Limits& limits_;
  boost::beast::flat_static_buffer<kLongestRequest> received_;
  bool answered_ = false;  // a request, at least
  bool ending_ = false;
};

}  // namespace hlb::metrics
