// A dnsmasq that hlbctl starts itself, to ask it.
#pragma once

#include <sys/types.h>

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "text/endpoint.h"

namespace hlb::ctl {

// Runs for as long as this lives, at a port of the loopback interface, and serves nobody else.
class OwnDnsmasq {
 public:
  // Starts one with these lines as its whole configuration, and waits until it answers. The error
  // says why there is none.
  static tl::expected<OwnDnsmasq, std::string> start(const std::vector<std::string>& lines);

  OwnDnsmasq(OwnDnsmasq&& other) noexcept;
  OwnDnsmasq& operator=(OwnDnsmasq&& other) noexcept;
  ~OwnDnsmasq();

  const Endpoint& endpoint() const { return endpoint_; }

 private:
  OwnDnsmasq(pid_t process, const Endpoint& endpoint) : process_(process), endpoint_(endpoint) {}

  pid_t process_;  // 0: none
  Endpoint endpoint_;
};

}  // namespace hlb::ctl
