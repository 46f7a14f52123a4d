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

#include "operators/web/server.h"
#include "operators/web/shared_texts.h"
#include "operators/web/site.h"

namespace hlb::web {

// Used by hlbd's loop alone.
class WebConnection {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  // All but the socket must outlive it.
  WebConnection(Socket socket, const Site& site, SharedTexts& texts,
                const WebServer::Limits& limits);
  WebConnection(const WebConnection&) = delete;
  WebConnection& operator=(const WebConnection&) = delete;

  // Answers requests until the client hangs up, breaks the protocol or takes too long, or end().
  boost::asio::awaitable<void> serve();

  void end();

 private:
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  // A response whose body is shared with others.
  using Response = boost::beast::http::response<boost::beast::http::span_body<const char>>;

  static constexpr std::size_t kLongestRequest = 8192;

  boost::asio::awaitable<bool> await_request();
  boost::asio::awaitable<bool> answer_request();
  boost::asio::awaitable<bool> respond(const Request& request);
  boost::asio::awaitable<bool> respond(const Request& request, Response response, Content content);
  boost::asio::awaitable<bool> refuse_method(unsigned version);
  boost::asio::awaitable<bool> send(Response response, std::string_view body, bool head_alone);

  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  const Site& site_;
  SharedTexts& texts_;
  const WebServer::Limits& limits_;
  boost::beast::flat_static_buffer<kLongestRequest> received_;
  bool answered_ = false;  // one request at least
  bool ending_ = false;
};

}  // namespace hlb::web
