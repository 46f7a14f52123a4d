// Measures, while another probe is at it, how late hlbd itself is.
#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "probes/deadlines.h"
#include "probes/probes.h"

namespace hlb::probes {
namespace {

using std::chrono::milliseconds;

class MeasuredProbe : public Probe {
 public:
  MeasuredProbe(std::unique_ptr<Probe> probe, milliseconds max_latency)
      : probe_(std::move(probe)),
        step_(std::clamp(max_latency / 8, milliseconds(5), milliseconds(100))) {}

  boost::asio::awaitable<Outcome> attempt() override {
    // The meter goes on by itself. NOLINTNEXTLINE(misc-const-correctness)
    LagMeter meter(co_await boost::asio::this_coro::executor, step_);
    Outcome outcome = co_await probe_->attempt();
    outcome.lag = std::min(meter.most(), outcome.latency);
    co_return outcome;
  }

 private:
  std::unique_ptr<Probe> probe_;
  milliseconds step_;
};

}  // namespace

std::unique_ptr<Probe> measured(std::unique_ptr<Probe> probe, milliseconds max_latency) {
  return std::make_unique<MeasuredProbe>(std::move(probe), max_latency);
}

}  // namespace hlb::probes
