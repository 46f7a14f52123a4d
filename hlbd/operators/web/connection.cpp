#include "operators/web/connection.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "operators/web/gzip.h"
#include "operators/web/negotiation.h"
#include "system/scope.h"

namespace hlb::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr char kPlain[] = "text/plain; charset=utf-8";

bool is_http_error(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::end_of_stream).category();
}

bool is_reading(http::verb method) {
  return method == http::verb::get || method == http::verb::head;
}

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

Wish wish_of(std::string_view target, std::string_view accept) {
  const std::string_view path = target.substr(0, target.find('?'));
  return {.path = path,
          .query = target.substr(std::min(path.size() + 1, target.size())),
          .open_metrics = prefers_open_metrics(accept)};
}

// Says that nothing here is for other pages, or to be kept.
template <typename Response>
void guard(Response& response, const std::string& policy) {
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy", policy.empty() ? "default-src 'none'" : policy);
  response.set("Referrer-Policy", "no-referrer");
  response.set("X-Content-Type-Options", "nosniff");
}

}  // namespace

WebConnection::WebConnection(Socket socket, const Site& site, SharedTexts& texts,
                             const WebServer::Limits& limits)
    : stream_(std::move(socket)), site_(site), texts_(texts), limits_(limits) {}

asio::awaitable<void> WebConnection::serve() {
  // Two conditions, as g++ 12 miscompiles co_await after &&.
  for (bool more = true; more && !ending_; answered_ = true) {
    more = co_await await_request();
    if (more) more = co_await answer_request();
  }
  boost::system::error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_both, ignored);
}

void WebConnection::end() {
  ending_ = true;
  stream_.close();
}

// Waits for the first bytes of a request. Returns false when none will come.
asio::awaitable<bool> WebConnection::await_request() {
  if (received_.size() > 0) co_return true;
  stream_.expires_after(answered_ ? limits_.idle : limits_.request);
  const auto [error, count] =
      co_await stream_.async_read_some(received_.prepare(kLongestRequest), kAsTuple);
  received_.commit(count);
  co_return !error;
}

// Returns false when it was the last one.
asio::awaitable<bool> WebConnection::answer_request() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLongestRequest);
  stream_.expires_after(limits_.request);
  const auto [error, count] = co_await http::async_read(stream_, received_, parser, kAsTuple);
  if (error == http::error::end_of_stream) co_return false;
  if (error && !is_http_error(error)) co_return false;
  // A method with a body is refused for the method, and its body isn't read.
  if (error == http::error::unexpected_body && !is_reading(parser.get().method())) {
    co_return co_await refuse_method(11);
  }
  if (error) {
    Response refusal(http::status::bad_request, 11);
    refusal.keep_alive(false);
    co_return co_await send(std::move(refusal), error.message() + "\n", false);
  }
  co_return co_await respond(parser.get());
}

// Returns false when it was the last one.
asio::awaitable<bool> WebConnection::respond(const Request& request) {
  Response response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  if (!is_reading(request.method())) co_return co_await refuse_method(request.version());
  auto content = site_(wish_of(view_of(request.target()), view_of(request[http::field::accept])));
  if (!content) {
    response.result(http::status::not_found);
    co_return co_await send(std::move(response), "nothing is here; /metrics is, and a page at /\n",
                            request.method() == http::verb::head);
  }
  co_return co_await respond(request, std::move(response), *std::move(content));
}

// Likewise, of what is there.
asio::awaitable<bool> WebConnection::respond(const Request& request, Response response,
                                             Content content) {
  guard(response, content.policy);
  response.set(http::field::content_type, content.type);
  response.set(http::field::vary, "Accept, Accept-Encoding");
  if (!content.available) response.result(http::status::service_unavailable);
  if (takes_gzip(view_of(request[http::field::accept_encoding]))) {
    response.set(http::field::content_encoding, "gzip");
    content.key += " gzip";
    content.make = [make = std::move(content.make)] { return gzipped(make()); };
  }
  const SharedTexts::Text text =
      co_await texts_.get(std::move(content.key), std::move(content.make));
  if (ending_) co_return false;
  co_return co_await send(std::move(response), *text, request.method() == http::verb::head);
}

// Ends the connection, as there may be a body that isn't read.
asio::awaitable<bool> WebConnection::refuse_method(unsigned version) {
  Response refusal(http::status::method_not_allowed, version);
  refusal.keep_alive(false);
  refusal.set(http::field::allow, "GET, HEAD");
  co_return co_await send(std::move(refusal), "only GET and HEAD\n", false);
}

// Returns false when it was the last one. The response to a HEAD says how long the body would be.
asio::awaitable<bool> WebConnection::send(Response response, std::string_view body,
                                          bool head_alone) {
  response.set(http::field::server, "hlbd");
  if (response.find(http::field::content_type) == response.end()) {
    response.set(http::field::content_type, kPlain);
  }
  response.body() = {body.data(), body.size()};
  response.prepare_payload();
  stream_.expires_after(limits_.response);
  http::response_serializer<Response::body_type> serializer(response);
  boost::system::error_code error;
  auto resume = asio::redirect_error(asio::use_awaitable, error);
  if (head_alone) {
    co_await http::async_write_header(stream_, serializer, resume);
  } else {
    co_await http::async_write(stream_, serializer, resume);
  }
  co_return !error && response.keep_alive();
}

}  // namespace hlb::web
