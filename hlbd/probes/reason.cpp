#include "probes/reason.h"

#include <cerrno>

#include "probes/way_socket.h"

namespace hlb::probes {

Outcome network_failure(const boost::system::error_code& error) {
  switch (error.value()) {
    case ECONNREFUSED:
      return Outcome::hard_failure("connection refused");
    case ECONNRESET:
    case EPIPE:
      return Outcome::hard_failure("connection reset");
    case EHOSTUNREACH:
      return Outcome::hard_failure("no route to host");
    case ENETUNREACH:
      return Outcome::hard_failure("network unreachable");
    case ETIMEDOUT:
      return Outcome::soft_failure("connection timed out");
    case ECANCELED:
      return Outcome::not_known("cancelled");
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
      return Outcome::not_known("no probe: " + error.message());
    default:
      return Outcome::hard_failure(error.message());
  }
}

// Measured, for IPv4 and IPv6, as connect() on a non-blocking socket gave it:
//  - our interface set down, our address taken away, our carrier lost where routes over such links
//    are ignored (net.*.ignore_routes_with_linkdown, or a network manager that takes them away), no
//    route at all: ENETUNREACH, at once;
//  - a route of type unreachable, prohibit or blackhole: EHOSTUNREACH, EACCES or EINVAL, at once;
//  - a router that says so by ICMP: ENETUNREACH or EHOSTUNREACH, but after EINPROGRESS;
//  - a neighbour that isn't there, or whose link or address is gone: EHOSTUNREACH after 3 s;
//  - our carrier lost, and the route kept: the same. It isn't told apart, since it needn't be our
//    trouble: a bridge to containers loses its carrier when the last of them stops.
Outcome local_failure(const boost::system::error_code& error) {
  if (error.category() == way_category()) return Outcome::not_known("no probe: " + error.message());
  switch (error.value()) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
    case EINVAL:
      return Outcome::unroutable("no route from this host: " + error.message());
    default:
      return network_failure(error);
  }
}

}  // namespace hlb::probes
