// The TCP check: a backend that takes the connection passes.
#include <boost/asio/this_coro.hpp>

#include "probes/connection.h"
#include "probes/methods.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

class TcpProbe : public Probe {
 public:
  explicit TcpProbe(const Target& target) : target_(target) {}

  asio::awaitable<Outcome> attempt() override {
    Connection connection(co_await asio::this_coro::executor, target_.spec->timeout);
    const auto error = co_await connection.connect(endpoint_of(target_));
    Outcome outcome =
        error ? connection.failure(error, "no connection in") : Outcome::pass("connected");
    outcome.latency = connection.age();
    co_return outcome;
  }

 private:
  const Target& target_;
};

}  // namespace

std::unique_ptr<Probe> tcp_probe(const Target& target) {
  return std::make_unique<TcpProbe>(target);
}

}  // namespace hlb::probes
