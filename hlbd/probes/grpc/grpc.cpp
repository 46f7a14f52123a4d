// The gRPC check: a backend that says of itself, or of one of its services, that it is serving
// passes.
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>
#include <variant>

#include "probes/grpc/call.h"
#include "probes/link.h"
#include "probes/probes.h"
#include "probes/tls/peer.h"

namespace hlb::probes {
namespace {

namespace asio = boost::asio;

asio::awaitable<Outcome> converse(Stream& stream, const GrpcCheck& check) {
  GrpcCall call(check);
  std::array<char, 2048> space;
  for (;;) {
    const std::string output = call.output();
    if (!output.empty()) {
      if (const auto error = co_await stream.write(output)) {
        co_return stream.failure(error, "request not taken in");
      }
    }
    const auto [error, count] = co_await stream.read_some(space);
    if (error == asio::error::eof) co_return call.closed();
    if (error) co_return stream.failure(error, call.silence());
    if (auto outcome = call.take({space.data(), count})) co_return std::move(*outcome);
  }
}

class GrpcProbe : public Probe {
 public:
  GrpcProbe(const Target& target, std::unique_ptr<TlsPeer> tls)
      : target_(target), check_(std::get<GrpcCheck>(target.spec->method)), tls_(std::move(tls)) {}

  asio::awaitable<Outcome> attempt() override {
    Link link(co_await asio::this_coro::executor, tls_.get());
    link.start(target_.spec->timeout);
    Outcome outcome;
    if (auto failure = co_await link.connect(target_)) {
      outcome = std::move(*failure);
    } else {
      outcome = co_await converse(link.stream(), check_);
    }
    link.note_in(outcome);
    co_return outcome;
  }

 private:
  const Target& target_;
  const GrpcCheck& check_;
  std::unique_ptr<TlsPeer> tls_;  // nullptr for plain TCP
};

}  // namespace

std::unique_ptr<Probe> grpc_probe(const Target& target, std::unique_ptr<TlsPeer> tls) {
  return std::make_unique<GrpcProbe>(target, std::move(tls));
}

}  // namespace hlb::probes
