// The TLS check: a backend that shakes hands and has a certificate as expected passes, or one that
// also says what is expected.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "probes/conversation.h"
#include "probes/link.h"
#include "probes/probes.h"
#include "probes/tls/peer.h"
#include "probes/tls/stream.h"
#include "tls/certificate.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

Outcome judge(const TlsCheck& check, tls::WallClock::time_point end) {
  const auto now = tls::WallClock::now();
  std::string text = "certificate " + tls::lifetime(end, now);
  if (end - now >= check.min_validity) return Outcome::pass(std::move(text));
  if (check.min_validity.count() > 0) text += ", sooner than min_validity";
  return check.fail_early ? Outcome::hard_failure(std::move(text)) : Outcome::warn(std::move(text));
}

class TlsProbe : public Probe {
 public:
  TlsProbe(const Target& target, std::shared_ptr<TlsClient> client)
      : target_(target),
        check_(std::get<TlsCheck>(target.spec->method)),
        client_(std::move(client)) {}

  asio::awaitable<Outcome> attempt() override {
    TlsPeer peer(client_, check_.tls);
    Link link(co_await asio::this_coro::executor, &peer);
    link.start(target_.spec->timeout);
    std::optional<Outcome> outcome = co_await link.connect(target_);
    if (!outcome) outcome = co_await talk(link);
    const auto latency = link.age();
    // A backend that has answered agrees with our certificate; others are asked.
    if (!outcome && !listens()) outcome = co_await link.tls()->part();
    if (!outcome) outcome = judge(check_, link.tls()->certificate_end());
    link.note_in(*outcome);
    outcome->latency = latency;
    co_return std::move(*outcome);
  }

 private:
  // Holds the check's conversation; nullopt when all is said as expected.
  asio::awaitable<std::optional<Outcome>> talk(Link& link) {
    if (check_.steps.empty()) co_return std::nullopt;
    Outcome outcome = co_await hold_conversation(link.stream(), check_.steps);
    if (outcome.result == Outcome::Result::passed) co_return std::nullopt;
    co_return outcome;
  }

  bool listens() const {
    return std::ranges::find(check_.steps, Step::Kind::expect, &Step::kind) != check_.steps.end();
  }

  const Target& target_;
  const TlsCheck& check_;
  std::shared_ptr<TlsClient> client_;
};

}  // namespace

std::unique_ptr<Probe> tls_probe(const Target& target, std::shared_ptr<TlsClient> client) {
  return std::make_unique<TlsProbe>(target, std::move(client));
}

}  // namespace hlb::probes
