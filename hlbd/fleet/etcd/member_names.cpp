#include "fleet/etcd/member_names.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "fleet/etcd/bell.h"
#include "system/deliver.h"
#include "system/socket_address.h"
#include "text/address.h"
#include "text/duration.h"

namespace hlb::fleet::etcd {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxAddresses = 8;  // of a name
constexpr std::size_t kMaxWaiting = 4;    // lookups

struct NameLookup {
  std::vector<Address> addresses;
  std::string fault;  // where there are none
};

std::string words_of(int failure, int error) {
  const bool system = failure == EAI_SYSTEM;
  return "name not resolved: " +
         (system ? std::generic_category().message(error) : std::string(gai_strerror(failure)));
}

// A worker's job.
NameLookup look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failure != 0) return {{}, words_of(failure, errno)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  NameLookup lookup;
  for (; found != nullptr && lookup.addresses.size() < kMaxAddresses; found = found->ai_next) {
    if (const auto address = address_in(found->ai_addr)) lookup.addresses.push_back(*address);
  }
  if (lookup.addresses.empty()) lookup.fault = "name not resolved: it has no addresses";
  return lookup;
}

std::vector<Endpoint> with_port(const std::vector<Address>& addresses, std::uint16_t port) {
  std::vector<Endpoint> endpoints;
  endpoints.reserve(addresses.size());
  for (const Address& address : addresses)
    endpoints.push_back({address, port});
  return endpoints;
}

}  // namespace

struct MemberNames::Known {
  void take(const std::string& host, const NameLookup& lookup) {
    fault = lookup.fault;
    if (!lookup.addresses.empty()) addresses[host] = lookup.addresses;
  }

  std::map<std::string, std::vector<Address>> addresses;
  std::string fault;  // of the last lookup
};

MemberNames::MemberNames(const asio::any_io_executor& loop)
    : loop_(loop), known_(std::make_shared<Known>()), worker_(kMaxWaiting, deliver_to(loop)) {}

asio::awaitable<MemberNames::Found> MemberNames::find(MemberEndpoint member,
                                                      std::chrono::milliseconds limit) {
  if (const auto address = Address::parse(member.host)) {
    co_return std::vector<Endpoint>{{*address, member.port}};
  }
  const auto looked = std::make_shared<Bell>(loop_);
  const bool posted =
      worker_.post([looked, known = known_, host = member.host]() -> Worker::Completion {
        return [looked, known, host, lookup = look_up(host)] {
          known->take(host, lookup);
          looked->ring();
        };
      });
  bool in_time = false;
  if (posted) in_time = co_await looked->wait(limit);
  const auto known = known_->addresses.find(member.host);
  if (known != known_->addresses.end()) co_return with_port(known->second, member.port);
  co_return tl::make_unexpected(in_time ? known_->fault
                                        : "name not resolved in " + text::to_string(limit));
}

}  // namespace hlb::fleet::etcd
