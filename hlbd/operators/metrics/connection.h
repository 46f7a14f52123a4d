// One client's connection to the endpoint: HTTP requests in, responses out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/span_body.hpp>
#include <cstddef>
#include <string_view>

#include "operators/metrics/server.h"
#include "operators/metrics/shared_text.h"

namespace hlb::metrics {

// Used by hlbd's loop alone.
class ScrapeConnection {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  // `text` and `limits` must outlive it.
  ScrapeConnection(Socket socket, SharedText& text, const MetricsServer::Limits& limits);
  ScrapeConnection(const ScrapeConnection&) = delete;
  ScrapeConnection& operator=(const ScrapeConnection&) = delete;

  // Answers requests until the client hangs up, breaks the protocol or takes too long, or end().
  boost::asio::awaitable<void> serve();

  void end();

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  // Its body is somebody else's.
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  static constexpr std::size_t kLongestRequest = 8192;

  boost::asio::awaitable<bool> await_request();
  boost::asio::awaitable<bool> answer_request();
  boost::asio::awaitable<bool> respond(const Request& request);
  boost::asio::awaitable<bool> send(Response response, std::string_view body, bool head_alone);

  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  SharedText& text_;
  const MetricsServer::Limits& limits_;
  boost::beast::flat_static_buffer<kLongestRequest> received_;
  bool answered_ = false;  // a request, at least
  bool ending_ = false;
};

}  // namespace hlb::metrics
