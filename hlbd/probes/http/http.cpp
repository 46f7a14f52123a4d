// The HTTP check: a backend that answers with a status, and a body, as expected passes.
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "probes/http/response_body.h"
#include "probes/http/response_head.h"
#include "probes/kept_watch.h"
#include "probes/link.h"
#include "probes/pattern.h"
#include "probes/probes.h"
#include "probes/reason.h"
#include "probes/tls/peer.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr unsigned kRequestTimeout = 408;  // some servers' word when they close an idle connection

struct Reply {
  Outcome outcome;
  bool stale = false;     // it tells of the connection, not of the backend
  bool reusable = false;  // the connection can take another request
};

// A request and its reply, over a stream that is connected.
class Exchange {
 public:
  // All arguments must outlive it. `pattern` is nullptr if any body passes. `kept`: the stream has
  // been used before, and may have been closed since.
  Exchange(Stream& stream, const HttpCheck& check, const Pattern* pattern, bool kept)
      : stream_(stream), check_(check), pattern_(pattern), kept_(kept) {}

  // Lives in the coroutine's own frame.
  static asio::awaitable<Reply> run(Exchange exchange, std::string_view request) {
    if (const auto error = co_await exchange.stream_.write(request)) {
      co_return exchange.broken(error, "request not taken in", true);
    }
    if (exchange.wants_whole()) co_return co_await exchange.read_whole();
    co_return co_await exchange.read_status();
  }

 private:
  bool wants_whole() const { return pattern_ != nullptr || check_.reuse; }

  // Takes a kept stream for stale that breaks by itself, not by our timeout or shutdown.
  Reply broken(const error_code& error, std::string_view silence, bool before_any_reply) const {
    const Outcome outcome = stream_.failure(error, silence);
    const bool by_itself =
        outcome.result == Outcome::Result::failed && outcome.evidence == Outcome::Evidence::hard;
    return {outcome, kept_ && before_any_reply && by_itself, false};
  }

  // Stands apart from run(), as read_whole() does, so that a head is held only while it is awaited.
  asio::awaitable<Reply> read_status() {
    ResponseHead head(check_);
    co_return co_await read_head(head);
  }

  asio::awaitable<Reply> read_head(ResponseHead& head) {
    for (;;) {
      const auto [error, count] = co_await stream_.read_some(head.space());
      if (error == asio::error::eof) co_return Reply{head.closed(), kept_ && !head.begun(), false};
      if (error) {
        co_return broken(error, head.begun() ? "response head incomplete after" : "no response in",
                         !head.begun());
      }
      if (auto outcome = head.take(count)) co_return judged(head, std::move(*outcome));
    }
  }

  // Takes for stale what is no response, or none to our request: it was left over from before.
  Reply judged(const ResponseHead& head, Outcome outcome) const {
    const bool left_over = head.status() == 0 || head.status() == kRequestTimeout;
    return {std::move(outcome), kept_ && left_over, false};
  }

  // Leaves the body of a reply alone that fails by its status, and gives up the connection. A reply
  // that drains passes by its status alone.
  asio::awaitable<Reply> read_whole() {
    ResponseHead head(check_);
    Reply reply = co_await read_head(head);
    if (reply.stale || reply.outcome.result != Outcome::Result::passed) co_return reply;
    if (reply.outcome.advice.drained.value_or(false)) pattern_ = nullptr;
    const Framing framing = head.framing();
    may_reuse_ = check_.reuse && framing.leaves_open;
    ResponseBody body(framing, pattern_ != nullptr, head.rest());
    error_code error;
    if (goes_on(body)) error = co_await read_more(body);
    reply.reusable = may_reuse_ && body.leaves_it_open();
    if (pattern_ != nullptr && !is_found_in(body)) {
      reply.outcome = without_pattern(head.status_line(), body, error);
    }
    co_return reply;
  }

  // Whether more of the body is wanted: to find what is expected, or to reuse the connection.
  bool goes_on(const ResponseBody& body) {
    if (body.state() != ResponseBody::State::incomplete) return false;
    return may_reuse_ || (pattern_ != nullptr && !is_settled_by(body.text()));
  }

  bool is_settled_by(std::string_view text) {
    if (settled_ || text.size() < pattern_->next_search(searched_)) return settled_;
    settled_ = pattern_->is_settled_by(text, searched_);
    searched_ = text.size();
    return settled_;
  }

  // Looks in what has come. If more had been promised that could undo a match.
  bool is_found_in(const ResponseBody& body) const {
    if (settled_) return true;
    return body.lacks_some() ? pattern_->is_settled_by(body.text()) : pattern_->is_in(body.text());
  }

  asio::awaitable<error_code> read_more(ResponseBody& body) {
    std::array<char, 4096> space;
    while (goes_on(body)) {
      const auto [error, count] = co_await stream_.read_some(space);
      if (error == asio::error::eof) {
        body.closed();
      } else if (error) {
        co_return error;
      } else {
        body.take({space.data(), count});
      }
    }
    co_return error_code();
  }

  Outcome without_pattern(std::string status_line, const ResponseBody& body,
                          const error_code& error) const {
    if (error) return stream_.failure(error, "response body incomplete after");
    if (body.state() == ResponseBody::State::malformed) {
      return Outcome::hard_failure(std::move(status_line) + ", but its body is broken off");
    }
    return Outcome::hard_failure(std::move(status_line) + ", but the body " + pattern_->absence());
  }

  Stream& stream_;
  const HttpCheck& check_;
  const Pattern* pattern_;
  bool kept_;
  bool may_reuse_ = false;    // the connection, by the head
  bool settled_ = false;      // the pattern, by what has come of the body
  std::size_t searched_ = 0;  // bytes of the body
};

class HttpProbe : public Probe, private KeptWatch::Keeper {
 public:
  HttpProbe(const Target& target, std::shared_ptr<const std::string> request,
            std::shared_ptr<const Pattern> pattern, std::unique_ptr<TlsPeer> tls,
            KeptWatch* kept_watch)
      : target_(target),
        check_(std::get<HttpCheck>(target.spec->method)),
        request_(std::move(request)),
        pattern_(std::move(pattern)),
        tls_(std::move(tls)),
        kept_watch_(kept_watch) {}

  asio::awaitable<Outcome> attempt() override {
    return check_.reuse ? attempt_on_kept() : attempt_anew();
  }

 private:
  asio::awaitable<Outcome> attempt_anew() {
    Link link(co_await asio::this_coro::executor, tls_.get());
    link.start(target_.spec->timeout);
    Reply reply = co_await ask_anew(link);
    link.note_in(reply.outcome);
    co_return std::move(reply.outcome);
  }

  asio::awaitable<Outcome> attempt_on_kept() {
    auto link = std::exchange(kept_, nullptr);
    if (!link) link = std::make_unique<Link>(co_await asio::this_coro::executor, tls_.get());
    link->start(target_.spec->timeout);
    Reply reply;
    reply.stale = true;
    if (link->is_open()) reply = co_await ask(link->stream(), true);
    const bool anew = reply.stale;
    if (anew) reply = co_await ask_anew(*link);
    link->note_in(reply.outcome);
    link->rest();
    if (reply.reusable) {
      if (anew && kept_watch_ != nullptr) kept_watch_->add(link->descriptor(), *this);
      kept_ = std::move(link);
    }
    co_return std::move(reply.outcome);
  }

  const Target* connection_ended() override {
    return std::exchange(kept_, nullptr) != nullptr ? &target_ : nullptr;
  }

  asio::awaitable<Reply> ask_anew(Link& link) {
    if (auto failure = co_await link.connect(target_)) {
      co_return Reply{std::move(*failure), false, false};
    }
    co_return co_await ask(link.stream(), false);
  }

  asio::awaitable<Reply> ask(Stream& stream, bool kept) {
    return Exchange::run({stream, check_, pattern_.get(), kept}, *request_);
  }

  const Target& target_;
  const HttpCheck& check_;
  std::shared_ptr<const std::string> request_;
  std::shared_ptr<const Pattern> pattern_;
  std::unique_ptr<TlsPeer> tls_;  // nullptr for http; outlives kept_
  std::unique_ptr<Link> kept_;    // nullptr: none was left open by the last attempt
  KeptWatch* kept_watch_;
};

}  // namespace

std::unique_ptr<Probe> http_probe(const Target& target, std::shared_ptr<const std::string> request,
                                  std::shared_ptr<const Pattern> pattern,
                                  std::unique_ptr<TlsPeer> tls, KeptWatch* kept_watch) {
  return std::make_unique<HttpProbe>(target, std::move(request), std::move(pattern), std::move(tls),
                                     kept_watch);
}

}  // namespace hlb::probes
