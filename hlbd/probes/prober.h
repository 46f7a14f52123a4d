// Makes the probes of all checks, and owns what they share.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>

#include "probes/pattern.h"
#include "probes/probe.h"
#include "probes/target.h"

namespace hlb::probes {

// Used by hlbd's loop alone. Outlives its probes.
class Prober {
 public:
  explicit Prober(boost::asio::any_io_executor executor);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // `target` must outlive the probe.
  std::unique_ptr<Probe> make(const Target& target);

 private:
  boost::asio::any_io_executor executor_;
  Patterns patterns_;
};

}  // namespace hlb::probes
