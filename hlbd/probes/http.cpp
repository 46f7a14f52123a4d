// The HTTP check: a backend that answers with a status of 200 … 399 passes.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <variant>

#include "probes/connection.h"
#include "probes/methods.h"
#include "probes/response_head.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

// Apart from converse(), so that the 8 KiB of a head are held only while one is awaited.
asio::awaitable<Outcome> read_head(Connection& connection) {
  ResponseHead head;
  for (;;) {
    const auto [error, count] = co_await connection.read_some(head.space());
    if (error == asio::error::eof) co_return head.closed();
    if (error) {
      co_return connection.failure(
          error, head.begun() ? "response head incomplete after" : "no response in");
    }
    if (auto verdict = head.take(count)) co_return std::move(*verdict);
  }
}

asio::awaitable<Outcome> converse(Connection& connection, asio::ip::tcp::endpoint backend,
                                  std::string_view request) {
  if (const auto error = co_await connection.connect(backend)) {
    co_return connection.failure(error, "no connection in");
  }
  if (const auto error = co_await connection.write(request)) {
    co_return connection.failure(error, "request not taken in");
  }
  co_return co_await read_head(connection);
}

// An IPv6 literal is bracketed; a host that names a port keeps it.
std::string host_header(const std::string& host, std::uint16_t port) {
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool bracketed = host.starts_with('[');
  const bool has_port = bracketed ? !host.ends_with(']') : colons == 1;
  if (has_port) return host;
  const std::string bare = colons > 1 && !bracketed ? "[" + host + "]" : host;
  return port == 80 ? bare : bare + ":" + std::to_string(port);
}

class HttpProbe : public Probe {
 public:
  explicit HttpProbe(const Target& target)
      : target_(target),
        request_(http_request(std::get<HttpCheck>(target.spec->method), target.port)) {}

  asio::awaitable<Outcome> attempt() override {
    Connection connection(co_await asio::this_coro::executor, target_.spec->timeout);
    Outcome outcome = co_await converse(connection, endpoint_of(target_), request_);
    outcome.latency = connection.age();
    co_return outcome;
  }

 private:
  const Target& target_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Probe> http_probe(const Target& target) {
  return std::make_unique<HttpProbe>(target);
}

std::string http_request(const HttpCheck& check, std::uint16_t port) {
  return "GET " + check.path + " HTTP/1.1\r\nHost: " + host_header(check.host, port) +
         "\r\nUser-Agent: hlbd\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

}  // namespace hlb::probes
