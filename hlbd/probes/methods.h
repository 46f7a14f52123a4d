// The probes, by the method of their check. Every target must outlive its probe and hold the method
// that the name tells.
#pragma once

#include <memory>
#include <string>

#include "probes/probe.h"
#include "probes/target.h"

namespace hlb::probes {

// Connects, and closes with RST, so that neither side is left with TIME_WAIT.
std::unique_ptr<Probe> tcp_probe(const Target& target);

// HTTP/1.1. Redirects are not followed. Closes as tcp_probe().
std::unique_ptr<Probe> http_probe(const Target& target);

// The request of an http_probe(), serialised once. The Host header names the port unless it is 80,
// or the check's host names one itself. `path` and `host` must hold neither spaces nor control
// characters.
std::string http_request(const HttpCheck& check, std::uint16_t port);

}  // namespace hlb::probes
