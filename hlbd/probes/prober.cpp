#include "probes/prober.h"

#include <utility>
#include <variant>

#include "probes/probes.h"

namespace hlb::probes {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 16 can't do without

// The probe of a backend in a static list, which nobody checks.
class NoneProbe : public Probe {
 public:
  boost::asio::awaitable<Outcome> attempt() override { co_return *known(); }
  std::optional<Outcome> known() const override { return Outcome::pass("not checked"); }
};

}  // namespace

Prober::Prober(boost::asio::any_io_executor executor, OnFileChange on_file_change,
               programs::HelperSettings programs, OnKeptEnded on_kept_ended)
    : executor_(std::move(executor)),
      workers_(executor_),
      tls_clients_(workers_),
      program_settings_(std::move(programs)),
      files_(std::make_shared<WatchedFiles>(executor_, workers_, std::move(on_file_change))),
      kept_watch_(executor_, std::move(on_kept_ended)) {}

Prober::~Prober() {
  files_->end();
}

const std::shared_ptr<programs::Runner>& Prober::program_runner() {
  if (program_runner_ == nullptr) {
    program_runner_ = std::make_shared<programs::Runner>(executor_, program_settings_);
  }
  return program_runner_;
}

const std::shared_ptr<const std::string>& Prober::request_of(const HttpCheck& check,
                                                             std::uint16_t port) {
  std::string request = http_request(check, port);
  if (request_ == nullptr || *request_ != request) {
    request_ = std::make_shared<const std::string>(std::move(request));
  }
  return request_;
}

std::unique_ptr<TlsPeer> Prober::tls_peer(const std::optional<TlsSpec>& spec,
                                          std::string_view protocol) {
  if (!spec) return nullptr;
  return std::make_unique<TlsPeer>(tls_clients_.get(*spec), *spec, protocol);
}

const std::shared_ptr<Pinger>& Prober::pinger() {
  if (pinger_ == nullptr) pinger_ = std::make_shared<Pinger>(executor_);
  return pinger_;
}

std::unique_ptr<Probe> Prober::make(const Target& target) {
  const std::chrono::milliseconds max_latency = target.spec->max_latency;
  auto probe = make_plain(target);
  return max_latency.count() == 0 ? std::move(probe) : measured(std::move(probe), max_latency);
}

std::unique_ptr<Probe> Prober::make_plain(const Target& target) {
  using Made = std::unique_ptr<Probe>;
  return std::visit(
      Overloaded{
          [&](const TcpCheck&) -> Made { return tcp_probe(target); },
          [&](const HttpCheck& check) -> Made {
            return http_probe(target, request_of(check, target.port),
                              patterns_.get(check.expect_body), tls_peer(check.tls, "http/1.1"),
                              &kept_watch_);
          },
          [&](const TlsCheck& check) -> Made {
            return tls_probe(target, tls_clients_.get(check.tls));
          },
          [&](const GrpcCheck& check) -> Made {
            return grpc_probe(target, tls_peer(check.tls, "h2"));
          },
          [&](const IcmpCheck&) -> Made { return icmp_probe(target, pinger()); },
          [&](const ExecCheck&) -> Made { return exec_probe(target, program_runner()); },
          [&](const FileCheck& check) -> Made {
            return file_probe(target, files_->get(check.path));
          },
          [&](const AgentCheck&) -> Made { return agent_probe(target); },
          [&](const NoneCheck&) -> Made { return std::make_unique<NoneProbe>(); },
          [&](const auto&) -> Made { return nullptr; },
      },
      target.spec->method);
}

}  // namespace hlb::probes
