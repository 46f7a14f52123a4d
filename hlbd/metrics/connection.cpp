#include "metrics/connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <string>
#include <utility>

namespace hlb::metrics {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kPath = "/metrics";
constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";

http::response<http::string_body> plain(http::status status, std::string text) {
  http::response<http::string_body> response(status, 11);
  response.set(http::field::content_type, kPlain);
  response.body() = std::move(text);
  return response;
}

bool is_http_error(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::end_of_stream).category();
}

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

}  // namespace

Connection::Connection(Socket socket, const Endpoint::Expose& expose,
                       const Endpoint::Limits& limits)
    : stream_(std::move(socket)), expose_(expose), limits_(limits) {}

asio::awaitable<void> Connection::serve() {
  // Not in one condition: g++ 12 miscompiles co_await behind &&.
  for (bool more = true; more && !ending_; answered_ = true) {
    more = co_await await_request();
    if (more) more = co_await answer_request();
  }
  boost::system::error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_both, ignored);
}

void Connection::end() {
  ending_ = true;
  stream_.cancel();
}

// Waits for the first bytes of a request; false when none will come.
asio::awaitable<bool> Connection::await_request() {
  if (received_.size() > 0) co_return true;
  stream_.expires_after(answered_ ? limits_.idle : limits_.request);
  const auto [error, count] =
      co_await stream_.async_read_some(received_.prepare(kLongestRequest), kTuple);
  received_.commit(count);
  co_return !error;
}

// False when it was the last one.
asio::awaitable<bool> Connection::answer_request() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLongestRequest);
  stream_.expires_after(limits_.request);
  const auto [error, count] = co_await http::async_read(stream_, received_, parser, kTuple);
  if (error == http::error::end_of_stream) co_return false;
  if (error && !is_http_error(error)) co_return false;
  if (error) {
    Response refusal = plain(http::status::bad_request, error.message() + "\n");
    refusal.keep_alive(false);
    co_return co_await send(std::move(refusal));
  }
  Response response = co_await respond(parser.get());
  response.version(parser.get().version());
  response.keep_alive(parser.keep_alive());
  co_return co_await send(std::move(response), parser.get().method() == http::verb::head);
}

asio::awaitable<Connection::Response> Connection::respond(const Request& request) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Response refusal = plain(http::status::method_not_allowed, "only GET and HEAD\n");
    refusal.set(http::field::allow, "GET, HEAD");
    co_return refusal;
  }
  if (without_query({request.target().data(), request.target().size()}) != kPath) {
    co_return plain(http::status::not_found, "the metrics of hlbd are at /metrics\n");
  }
  Response response(http::status::ok, request.version());
  response.set(http::field::content_type, kExposition);
  response.body() = co_await metrics();
  co_return response;
}

// In parts, between which the rest of hlbd has its turn.
asio::awaitable<std::string> Connection::metrics() {
  Exposition exposition = expose_();
  std::string text;
  while (exposition.add_part(text))
    co_await asio::post(stream_.get_executor(), asio::use_awaitable);
  co_return text;
}

// False when no further request is to be read. A HEAD is told how long the body would be.
asio::awaitable<bool> Connection::send(Response response, bool head_alone) {
  response.set(http::field::server, "hlbd");
  response.prepare_payload();
  stream_.expires_after(limits_.response);
  http::response_serializer<http::string_body> serializer(response);
  boost::system::error_code error;
  auto resume = asio::redirect_error(asio::use_awaitable, error);
  if (head_alone) {
    co_await http::async_write_header(stream_, serializer, resume);
  } else {
    co_await http::async_write(stream_, serializer, resume);
  }
  co_return !error && response.keep_alive();
}

}  // namespace hlb::metrics
