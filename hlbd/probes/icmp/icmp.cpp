// The ICMP check: a backend that answers an echo request passes.
#include "probes/icmp/pinger.h"
#include "probes/probes.h"

namespace hlb::probes {
namespace {

class IcmpProbe : public Probe {
 public:
  IcmpProbe(const Target& target, const std::shared_ptr<Pinger>& pinger)
      : target_(target), pinger_(pinger) {}

  boost::asio::awaitable<Outcome> attempt() override {
    const std::shared_ptr<Pinger> pinger = pinger_.lock();
    co_return co_await pinger->ping(target_);
  }

 private:
  const Target& target_;
  std::weak_ptr<Pinger> pinger_;  // held by attempts alone: it must not outlive the loop
};

}  // namespace

std::unique_ptr<Probe> icmp_probe(const Target& target, const std::shared_ptr<Pinger>& pinger) {
  return std::make_unique<IcmpProbe>(target, pinger);
}

}  // namespace hlb::probes
