// The TCP check: a backend that takes the connection passes.
#include <boost/asio/this_coro.hpp>

#include "probes/connection.h"
#include "probes/probe.h"

namespace hlb::probes {

namespace asio = boost::asio;

asio::awaitable<Outcome> tcp(asio::ip::tcp::endpoint backend, std::chrono::milliseconds timeout) {
  Connection connection(co_await asio::this_coro::executor, timeout);
  const auto error = co_await connection.connect(backend);
  Outcome outcome =
      error ? connection.failure(error, "no connection in") : Outcome::pass("connected");
  outcome.latency = connection.age();
  co_return outcome;
}

}  // namespace hlb::probes
