// The TCP check: a backend that takes the connection passes, or one that also says what is
// expected.
#include <boost/asio/this_coro.hpp>
#include <variant>

#include "probes/connection.h"
#include "probes/conversation.h"
#include "probes/probes.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

class TcpProbe : public Probe {
 public:
  explicit TcpProbe(const Target& target)
      : target_(target), check_(std::get<TcpCheck>(target.spec->method)) {}

  asio::awaitable<Outcome> attempt() override {
    Connection connection(co_await asio::this_coro::executor, target_.spec->timeout);
    Outcome outcome = Outcome::pass("connected");
    if (const auto error = co_await connection.connect(target_)) {
      outcome = connection.failure(error, "no connection in");
    } else if (!check_.steps.empty()) {
      if (check_.steps.front().kind == Step::Kind::expect) connection.let_it_speak();
      outcome = co_await hold_conversation(connection, check_.steps);
    }
    outcome.latency = connection.age();
    co_return outcome;
  }

 private:
  const Target& target_;
  const TcpCheck& check_;
};

}  // namespace

std::unique_ptr<Probe> tcp_probe(const Target& target) {
  return std::make_unique<TcpProbe>(target);
}

}  // namespace hlb::probes
