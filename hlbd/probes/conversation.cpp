#include "probes/conversation.h"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <optional>
#include <string>
#include <utility>

#include "probes/reason.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kMaxAnswer = 16384;
constexpr std::size_t kMaxExpectedShown = 40;  // of what is expected

std::string quoted(std::string_view text, std::size_t limit) {
  return '"' + text::printable(text, limit) + '"';
}

// The search for expected bytes in what is received.
class Expectation {
 public:
  // `received` is what is there already, and afterwards what is left.
  Expectation(std::string_view expected, std::string& received)
      : expected_(expected), received_(received), shown_(quoted(expected, kMaxExpectedShown)) {}

  std::span<char> space() {
    return std::span(chunk_).first(std::min(chunk_.size(), kMaxAnswer - received_.size()));
  }

  // Takes the `count` bytes written to space(). Returns the outcome as soon as there is one.
  std::optional<Outcome> take(std::size_t count) {
    received_.append(chunk_.data(), count);
    return judge();
  }

  // Returns the outcome, if what is there is enough for one.
  std::optional<Outcome> judge() {
    const std::size_t found = received_.find(expected_, looked_);
    if (found != std::string::npos) {
      received_.erase(0, found + expected_.size());
      return Outcome::pass("got " + shown_);
    }
    looked_ = received_.size() - std::min(received_.size(), expected_.size());
    if (received_.size() < kMaxAnswer) return std::nullopt;
    return Outcome::hard_failure("no " + shown_ + " in " + std::to_string(kMaxAnswer) + " bytes");
  }

  // The outcome when the backend closed the connection before there was one.
  Outcome closed() const {
    const std::string start = "expected " + shown_ + ", got ";
    if (received_.empty()) return Outcome::hard_failure(start + "nothing");
    return Outcome::hard_failure(start + quoted(received_, kMaxReason - start.size() - 2));
  }

  // The outcome when the stream broke otherwise, or fell silent.
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
  std::string& received_;
  std::string shown_;
  std::size_t looked_ = 0;  // up to there in vain
  std::array<char, 2048> chunk_;
};

// Stands apart from hold_conversation(), so that its buffer is held only while bytes are awaited.
asio::awaitable<Outcome> listen_for(Stream& stream, std::string_view expected,
                                    std::string& received) {
  Expectation expectation(expected, received);
  if (auto outcome = expectation.judge()) co_return std::move(*outcome);
  for (;;) {
    const auto [error, count] = co_await stream.read_some(expectation.space());
    if (error == asio::error::eof) co_return expectation.closed();
    if (error) co_return expectation.broken(stream, error);
    if (auto outcome = expectation.take(count)) co_return std::move(*outcome);
  }
}

}  // namespace

asio::awaitable<Outcome> hold_conversation(Stream& stream, std::span<const Step> steps) {
  std::string received;
  Outcome outcome = Outcome::pass("connected");
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::expect) {
      outcome = co_await listen_for(stream, step.bytes, received);
      if (outcome.result != Outcome::Result::passed) break;
    } else if (const auto error = co_await stream.write(step.bytes)) {
      co_return stream.failure(error, "data not taken in");
    } else {
      received.clear();
    }
  }
  co_return outcome;
}

}  // namespace hlb::probes
