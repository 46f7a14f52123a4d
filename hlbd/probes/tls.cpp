// The TLS check: a backend that shakes hands and has a certificate as expected passes.
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "probes/link.h"
#include "probes/methods.h"
#include "probes/tls_certificate.h"
#include "probes/tls_peer.h"
#include "probes/tls_stream.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

Outcome judge(const TlsCheck& check, WallClock::time_point end) {
  const auto now = WallClock::now();
  std::string text = "certificate " + lifetime(end, now);
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
    std::optional<Outcome> outcome = co_await link.connect(endpoint_of(target_));
    const auto latency = link.age();
    if (!outcome) outcome = co_await link.tls()->part();
    if (!outcome) outcome = judge(check_, link.tls()->certificate_end());
    outcome->latency = latency;
    co_return std::move(*outcome);
  }

 private:
  const Target& target_;
  const TlsCheck& check_;
  std::shared_ptr<TlsClient> client_;
};

}  // namespace

std::unique_ptr<Probe> tls_probe(const Target& target, std::shared_ptr<TlsClient> client) {
  return std::make_unique<TlsProbe>(target, std::move(client));
}

}  // namespace hlb::probes
