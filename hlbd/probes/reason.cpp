#include "probes/reason.h"

#include <cerrno>
#include <cstring>
#include <system_error>

#include "probes/way_socket.h"
#include "text/printable.h"

namespace hlb::probes {

using programs::Ending;

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
    case ECONNABORTED:  // by somebody on this host, as hlb-connections does: SOCK_DESTROY
      return Outcome::not_known("no probe: its connection was ended on this host");
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

// Errors of connect() on a non-blocking socket, as measured for IPv4 and IPv6:
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

std::string in_words(const Ending& ending) {
  if (ending.how == Ending::How::exited) return "exit code " + std::to_string(ending.value);
  const char* name = sigabbrev_np(ending.value);
  return name != nullptr ? "killed by SIG" + std::string(name)
                         : "killed by signal " + std::to_string(ending.value);
}

std::string start_failure(const Ending& ending, const std::string& program,
                          const std::string& user) {
  const bool by_user = ending.step == Ending::Step::user;
  if (by_user && ending.value == 0) return text::printable("no such user: " + user, kMaxReason);
  const std::string what = by_user ? "can't become " : "can't run ";
  const std::string why = ": " + std::generic_category().message(ending.value);
  const std::size_t room = kMaxReason - what.size() - why.size();
  return what + text::printable(by_user ? user : program, room) + why;
}

bool is_passing(const Ending& ending) {
  const int error = ending.value;
  if (ending.step == Ending::Step::prepare) return true;
  // A passing error of NSS means that it couldn't be asked; which one, differs between its sources.
  if (ending.step == Ending::Step::user) return error != 0 && error != EPERM && error != EINVAL;
  return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE ||
         error == ETXTBSY;
}

std::string first_line(std::string_view output) {
  std::string_view line = output.substr(0, output.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return text::printable(line, kMaxReason);
}

}  // namespace hlb::probes
