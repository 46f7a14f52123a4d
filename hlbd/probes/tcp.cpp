// The TCP check: a backend that takes the connection passes, or one that also says what is
// expected.
#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>
#include <variant>

#include "probes/connection.h"
#include "probes/methods.h"
#include "probes/reason.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxAnswer = 16384;
constexpr std::size_t kMaxExpectedShown = 40;  // of what is expected

std::string quoted(std::string_view text, std::size_t limit) {
  return '"' + printable(text, limit) + '"';
}

// What has been received of what is expected.
class Expectation {
 public:
  explicit Expectation(std::string_view expected)
      : expected_(expected), shown_(quoted(expected, kMaxExpectedShown)) {}

  std::span<char> space() {
    return std::span(chunk_).first(std::min(chunk_.size(), kMaxAnswer - received_.size()));
  }

  // Takes the `count` bytes written to space(). The verdict, as soon as there is one.
  std::optional<Outcome> take(std::size_t count) {
    const std::size_t seen = received_.size() - std::min(received_.size(), expected_.size());
    received_.append(chunk_.data(), count);
    if (received_.find(expected_, seen) != std::string::npos) return Outcome::pass("got " + shown_);
    if (received_.size() < kMaxAnswer) return std::nullopt;
    return Outcome::hard_failure("no " + shown_ + " in " + std::to_string(kMaxAnswer) + " bytes");
  }

  // The verdict when the backend closed the connection before there was one.
  Outcome closed() const {
    const std::string start = "expected " + shown_ + ", got ";
    if (received_.empty()) return Outcome::hard_failure(start + "nothing");
    return Outcome::hard_failure(start + quoted(received_, kMaxReason - start.size() - 2));
  }

  // The verdict when the stream broke otherwise, or fell silent.
  Outcome broken(const Stream& stream, const error_code& error) const {
    if (received_.empty()) return stream.failure(error, "no response in");
    Outcome outcome = stream.failure(error, "no " + shown_ + " in");
    if (outcome.result != Outcome::Result::failed || outcome.evidence == Outcome::Evidence::hard)
      return outcome;
    outcome.reason += ", but ";
    outcome.reason += quoted(received_, kMaxReason - outcome.reason.size() - 2);
    return outcome;
  }

 private:
  std::string_view expected_;
  std::string shown_;
  std::string received_;
  std::array<char, 2048> chunk_;
};

// Apart from converse(), so that its buffer is held only while something is awaited.
asio::awaitable<Outcome> listen_for(Stream& stream, std::string_view expected) {
  Expectation expectation(expected);
  for (;;) {
    const auto [error, count] = co_await stream.read_some(expectation.space());
    if (error == asio::error::eof) co_return expectation.closed();
    if (error) co_return expectation.broken(stream, error);
    if (auto verdict = expectation.take(count)) co_return std::move(*verdict);
  }
}

asio::awaitable<Outcome> converse(Stream& stream, const TcpCheck& check) {
  if (!check.send.empty()) {
    if (const auto error = co_await stream.write(check.send)) {
      co_return stream.failure(error, "data not taken in");
    }
  }
  if (check.expect.empty()) co_return Outcome::pass("connected");
  co_return co_await listen_for(stream, check.expect);
}

class TcpProbe : public Probe {
 public:
  explicit TcpProbe(const Target& target)
      : target_(target), check_(std::get<TcpCheck>(target.spec->method)) {}

  asio::awaitable<Outcome> attempt() override {
    Connection connection(co_await asio::this_coro::executor, target_.spec->timeout);
    Outcome outcome;
    if (const auto error = co_await connection.connect(endpoint_of(target_))) {
      outcome = connection.failure(error, "no connection in");
    } else if (check_.send.empty() && check_.expect.empty()) {
      outcome = Outcome::pass("connected");
    } else {
      if (check_.send.empty()) connection.let_it_speak();
      outcome = co_await converse(connection, check_);
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
