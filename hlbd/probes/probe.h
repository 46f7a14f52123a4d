// One attempt to find out whether a backend works. A probe reports an outcome and nothing else:
// what it means for the backend is decided in health/.
//
// Every probe ends within its time-out and never throws for what the backend or the network does:
//  - the backend's own no is a hard failure, its silence a soft one;
//  - own trouble (no descriptor, memory or local port left; hlbd itself so late that the time-out
//    proves nothing) is unknown.
// `reason` is at most 120 printable ASCII characters, whatever the backend sent; `latency` is
// filled in on every outcome. Cancelling the awaiting coroutine ends the probe at once.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "health/outcome.h"
#include "health/service.h"

namespace hlb::probes {

// Connects, and closes with RST, so that neither side is left with TIME_WAIT.
boost::asio::awaitable<Outcome> tcp(boost::asio::ip::tcp::endpoint backend,
                                    std::chrono::milliseconds timeout);

// Sends `request`, whole and ready, which must outlive the probe, and judges the head of the
// response: HTTP/1.x with a status of 200 … 399 passes. Redirects are not followed, the body is not
// read. Closes as tcp().
boost::asio::awaitable<Outcome> http(boost::asio::ip::tcp::endpoint backend,
                                     std::string_view request, std::chrono::milliseconds timeout);

// The request http() sends for this check, serialised once per check. The Host header names the
// port unless it is 80, or the check's host names one itself. `path` and `host` must hold neither
// spaces nor control characters.
std::string http_request(const CheckSpec& check, std::uint16_t port);

}  // namespace hlb::probes
