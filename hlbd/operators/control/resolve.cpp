#include "operators/control/resolve.h"

#include <sys/socket.h>

#include <vector>

#include "libnss_hlb/choose.h"
#include "libnss_hlb/clock.h"
#include "publish/encode.h"

namespace hlb {
namespace {

using Kind = Refusal::Kind;

Asked asked(int family) {
  if (family == AF_INET) return Asked::ipv4;
  return family == AF_INET6 ? Asked::ipv6 : Asked::any;
}

tl::unexpected<Refusal> error(Kind kind, std::string_view name, std::string_view what) {
  constexpr std::size_t kMostQuoted = 256;  // bytes of a name that anybody may have sent
  return refuse(kind, std::string(name.substr(0, kMostQuoted)) + ": " + std::string(what));
}

}  // namespace

tl::expected<bus::Resolved, Refusal> resolve(const table::View& table, std::string_view name,
                                             int family) {
  const record::View record = table.find(Name(name));
  if (!record.valid()) return error(Kind::no_such_service, name, "no service has this name");
  if (record.undecided()) {
    return error(Kind::no_healthy_backend, name,
                 "its backends are being checked for the first time");
  }
  const Choice choice(record, asked(family));
  if (choice.availability() == Availability::no_address) {
    return error(Kind::no_healthy_backend, name, "it has no healthy backend of this family");
  }
  if (choice.availability() != Availability::answerable) {
    return error(Kind::no_healthy_backend, name, "none of its backends is healthy");
  }
  Random random(lookup_seed(read_clock(CLOCK_BOOTTIME)));
  std::vector<std::uint16_t> chosen(choice.most());
  chosen.resize(choice.choose(random, chosen));
  bus::Resolved resolved{std::string(record.name()), {}};
  for (const std::uint16_t index : chosen) {
    resolved.addresses.push_back(publish::address_of(record.backend(index)).to_string());
  }
  return resolved;
}

}  // namespace hlb
