// The agent: the backend's own word on its state and its weight, in the protocol of HAProxy's
// agent-check.
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <string>
#include <utility>
#include <variant>

#include "probes/connection.h"
#include "probes/probes.h"
#include "probes/reason.h"
#include "probes/statement.h"
#include "text/printable.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxLineShown = 60;
constexpr std::size_t kMaxWordShown = 20;  // of a word that means nothing

// Takes what a line says as far as it is understood.
Outcome judge(std::string_view line) {
  const Statement said = read_statement(line);
  std::string reason = "says \"" + text::printable(line, kMaxLineShown) + '"';
  const bool understood = said.not_understood.empty();
  if (!understood) {
    reason +=
        ", of which \"" + text::printable(said.not_understood, kMaxWordShown) + "\" means nothing";
  }
  Outcome outcome;
  if (!said.up) {
    outcome = Outcome::abstain(std::move(reason));
  } else if (!*said.up) {
    outcome = Outcome::hard_failure(std::move(reason));
  } else {
    outcome = understood ? Outcome::pass(std::move(reason)) : Outcome::warn(std::move(reason));
  }
  outcome.advice = said.advice;
  return outcome;
}

// Makes an abstention of a failure: an agent that can't be asked has said nothing, however often.
// hlbd's own trouble stays unknown.
Outcome no_word(Outcome failure) {
  failure.late = false;
  if (failure.result == Outcome::Result::unknown) return failure;
  return Outcome::abstain(std::move(failure.reason));
}

// Reads a line, up to its end or the connection's. An agent that didn't read what it was sent ends
// the connection with a reset, as Linux has it.
asio::awaitable<Outcome> listen(Stream& stream) {
  std::array<char, kMaxLine> received;
  std::size_t size = 0;
  while (size < received.size()) {
    const auto [error, count] = co_await stream.read_some(std::span(received).subspan(size));
    const std::string_view text(received.data(), size + count);
    const bool over = error == asio::error::eof || error == asio::error::connection_reset;
    if (over && size > 0) co_return judge(text);
    if (over) co_return Outcome::abstain("says nothing");
    if (error) co_return no_word(stream.failure(error, "no line in"));
    const std::size_t end = text.find_first_of("\r\n", size);
    if (end != std::string_view::npos) co_return judge(text.substr(0, end));
    size += count;
  }
  co_return Outcome::abstain("says no line within " + std::to_string(kMaxLine) + " bytes");
}

asio::awaitable<Outcome> ask(Connection& connection, const std::string& question) {
  if (question.empty()) {
    connection.let_it_speak();
  } else if (const auto error = co_await connection.write(question)) {
    co_return no_word(connection.failure(error, "data not taken in"));
  }
  co_return co_await listen(connection);
}

class AgentProbe : public Probe {
 public:
  explicit AgentProbe(const Target& target) : target_(target) {}

  asio::awaitable<Outcome> attempt() override {
    Connection connection(co_await asio::this_coro::executor, target_.spec->timeout);
    Outcome outcome;
    if (const auto error = co_await connection.connect(target_)) {
      outcome = no_word(connection.failure(error, "no connection in"));
    } else {
      outcome = co_await ask(connection, std::get<AgentCheck>(target_.spec->method).send);
    }
    outcome.latency = connection.age();
    co_return outcome;
  }

 private:
  const Target& target_;
};

}  // namespace

std::unique_ptr<Probe> agent_probe(const Target& target) {
  return std::make_unique<AgentProbe>(target);
}

}  // namespace hlb::probes
