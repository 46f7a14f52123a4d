#include "operators/metrics/connection.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "system/scope.h"

namespace hlb::metrics {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::string_view kPath = "/metrics";
constexpr char kPlain[] = "text/plain; charset=utf-8";
constexpr char kExposition[] = "text/plain; version=0.0.4; charset=utf-8";

bool is_http_error(const boost::system::error_code& error) {
  return error.category() == http::make_error_code(http::error::end_of_stream).category();
}

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

}  // namespace

ScrapeConnection::ScrapeConnection(Socket socket, SharedText& text,
                                   const MetricsServer::Limits& limits)
    : stream_(std::move(socket)), text_(text), limits_(limits) {}

asio::awaitable<void> ScrapeConnection::serve() {
  // Two conditions, as g++ 12 miscompiles co_await after &&.
  for (bool more = true; more && !ending_; answered_ = true) {
    more = co_await await_request();
    if (more) more = co_await answer_request();
  }
  boost::system::error_code ignored;
  stream_.socket().shutdown(Socket::shutdown_both, ignored);
}

void ScrapeConnection::end() {
  ending_ = true;
  stream_.close();
}

// Waits for the first bytes of a request. Returns false when none will come.
asio::awaitable<bool> ScrapeConnection::await_request() {
  if (received_.size() > 0) co_return true;
  stream_.expires_after(answered_ ? limits_.idle : limits_.request);
  const auto [error, count] =
      co_await stream_.async_read_some(received_.prepare(kLongestRequest), kAsTuple);
  received_.commit(count);
  co_return !error;
}

// Returns false when it was the last one.
asio::awaitable<bool> ScrapeConnection::answer_request() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kLongestRequest);
  stream_.expires_after(limits_.request);
  const auto [error, count] = co_await http::async_read(stream_, received_, parser, kAsTuple);
  if (error == http::error::end_of_stream) co_return false;
  if (error && !is_http_error(error)) co_return false;
  if (error) {
    Response refusal(http::status::bad_request, 11);
    refusal.keep_alive(false);
    co_return co_await send(std::move(refusal), error.message() + "\n", false);
  }
  co_return co_await respond(parser.get());
}

// Returns false when it was the last one.
asio::awaitable<bool> ScrapeConnection::respond(const Request& request) {
  Response response(http::status::ok, request.version());
  response.keep_alive(request.keep_alive());
  const bool head = request.method() == http::verb::head;
  if (request.method() != http::verb::get && !head) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET, HEAD");
    co_return co_await send(std::move(response), "only GET and HEAD\n", false);
  }
  if (without_query({request.target().data(), request.target().size()}) != kPath) {
    response.result(http::status::not_found);
    co_return co_await send(std::move(response), "the metrics of hlbd are at /metrics\n", head);
  }
  response.set(http::field::content_type, kExposition);
  const SharedText::Text text = co_await text_.get();
  if (ending_) co_return false;
  co_return co_await send(std::move(response), *text, head);
}

// Likewise. The response to a HEAD says how long the body would be.
asio::awaitable<bool> ScrapeConnection::send(Response response, std::string_view body,
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

}  // namespace hlb::metrics
